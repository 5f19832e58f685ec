import type { CompletedCommand, CompletedOption, Completes } from "./script.ts";

export function zshScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join("\n");
  const cases = commands.map(({ name, argument, options }) => {
    const specs = [
      ...options.map(optionSpec),
      ...(argument === "none" ? [] : [quote(`*:${label(argument)}:${action(argument)}`)]),
    ];
    return `    ${name}) _arguments -S ${specs.join(" ")} ;;`;
  });
  return `#compdef warren
# zsh completion of warren
_warren_services() {
  local -a services
  services=(\${(f)"$(warren ls --quiet 2>/dev/null)"})
  compadd -a services
}
_warren() {
  local -a commands
  commands=(
${names}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    help) _describe command commands ;;
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _warren ]]; then
  _warren "$@"
else
  compdef _warren warren
fi
`;
}

function optionSpec({ flags, summary, value }: CompletedOption): string {
  const text = `[${summary.replace(/[[\]:]/g, " ")}]${value === undefined ? "" : `:${label(value)}:${action(value)}`}`;
  const others = flags.length > 1 ? `(${flags.join(" ")})` : "";
  return flags.map((flag) => quote(`${others}${flag}${text}`)).join(" ");
}

function label(what: Completes): string {
  return typeof what === "string" && what !== "none" ? what : "value";
}

function action(what: Completes): string {
  if (typeof what === "object") return `(${what.join(" ")})`;
  switch (what) {
    case "service":
      return "_warren_services";
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "none":
      return " ";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
