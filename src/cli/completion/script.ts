import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What stands where a word is typed, as far as a shell can help with it. */
export type Completes = "service" | "file" | "directory" | "none" | readonly string[];

export interface CompletedOption {
  readonly flags: readonly string[];
  readonly summary: string;
  /** Undefined for a flag without a value. */
  readonly value: Completes | undefined;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly argument: Completes;
  readonly options: readonly CompletedOption[];
}

export function completionScript(shell: Shell, program: Command): string {
  const commands = program.commands.filter((command) => command.name() !== "help").map(describe);
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

function describe(command: Command): CompletedCommand {
  const first = command.registeredArguments[0];
  const own = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
      summary: option.description,
      value:
        option.required || option.optional
          ? (option.argChoices ?? completes(/<(.*)>/.exec(option.flags)?.[1] ?? ""))
          : undefined,
    }));
  return {
    name: command.name(),
    summary: command.summary() || (command.description().split(/[.:]/)[0] ?? ""),
    argument: first === undefined ? "none" : completes(first.name()),
    options: [...own, { flags: ["-h", "--help"], summary: "print help", value: undefined }],
  };
}

/** The names of arguments in help texts say what they take. */
function completes(name: string): Completes {
  if (name === "SHELL") return shells;
  if (name === "NAME" || name === "NAME...") return "service";
  if (/DIR\|FILE|^FILE|^PROGRAM|^PATH/.test(name)) return "file";
  return /^DIR/.test(name) ? "directory" : "none";
}
