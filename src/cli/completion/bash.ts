import type { CompletedCommand, Completes } from "./script.ts";

export function bashScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, argument, options }) => {
    const flags = options.flatMap((option) => option.flags).join(" ");
    const values = options
      .filter((option) => option.value !== undefined)
      .map(({ flags, value }) => `        ${flags.join(" | ")}) ${reply(value ?? "none")}; return ;;`);
    const byOption = values.length === 0 ? [] : ['      case "$prev" in', ...values, "      esac"];
    return [
      `    ${name})`,
      ...byOption,
      `      if [[ "$cur" == -* ]]; then ${words(flags)}; else ${reply(argument)}; fi ;;`,
    ].join("\n");
  });
  return `# bash completion of warren
_warren() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    ${words([...commands.map(({ name }) => name), "help", "--help", "--version"].join(" "))}
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) ${words(commands.map(({ name }) => name).join(" "))} ;;
${cases.join("\n")}
  esac
}
complete -F _warren warren
`;
}

function words(list: string): string {
  return `mapfile -t COMPREPLY < <(compgen -W "${list}" -- "$cur")`;
}

function reply(what: Completes): string {
  if (typeof what === "object") return words(what.join(" "));
  switch (what) {
    case "service":
      return `mapfile -t COMPREPLY < <(compgen -W "$("\${COMP_WORDS[0]}" ls --quiet 2>/dev/null)" -- "$cur")`;
    case "file":
      return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")';
    case "directory":
      return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")';
    case "none":
      return ":";
  }
}
