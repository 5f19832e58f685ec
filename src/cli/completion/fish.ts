import type { CompletedCommand, Completes } from "./script.ts";

export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = ["# fish completion of warren", "complete -c warren -f"];
  for (const { name, summary } of commands)
    lines.push(`complete -c warren -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
  lines.push(
    `complete -c warren -n '__fish_seen_subcommand_from help' -a ${quote(commands.map(({ name }) => name).join(" "))}`,
  );
  for (const { name, argument, options } of commands) {
    const here = `complete -c warren -n '__fish_seen_subcommand_from ${name}'`;
    if (argument !== "none") lines.push(`${here} ${takes(argument)}`);
    for (const { flags, summary, value } of options) {
      const named = flags
        .map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        .join(" ");
      const required = value === undefined ? "" : value === "none" ? " -x" : ` -r ${takes(value)}`;
      lines.push(`${here} ${named}${required} -d ${quote(summary)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function takes(what: Completes): string {
  if (typeof what === "object") return `-f -a ${quote(what.join(" "))}`;
  switch (what) {
    case "service":
      return "-f -a '(warren ls --quiet 2>/dev/null)'";
    case "file":
      return "-F";
    case "directory":
      return "-f -a '(__fish_complete_directories)'";
    case "none":
      return "-f";
  }
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
