import type { Command } from "commander";
import { addFlags, examples, jsonOption } from "../options.ts";
import { type RunFlags, runFlags } from "../run/flags.ts";
import type { GrantWords } from "../run/grants.ts";

export function define(command: Command): void {
  addFlags(jsonOption(command, "print errors as JSON, on standard error; with --explain, what is granted"), runFlags)
    .description(
      "Run a program to its end, without a daemon. It has its arguments, the three standard streams, clocks and randomness, and what is granted here: no directory, variable or network else.",
    )
    .usage("[OPTIONS] <PROGRAM> [ARGS...]")
    .argument("<PROGRAM>", "a .wasm file, or the name of an installed program")
    .argument("[ARGS...]", "its arguments")
    .passThroughOptions()
    .action(run)
    .addHelpText(
      "after",
      "\nThe exit code is the program's; 134 after a trap, 124 after --time. A signal that\nends the program, such as Ctrl-C, ends this command.",
    );
  examples(command, [
    ["warren run hello.wasm", ""],
    ["warren run --ro ./src rg.wasm TODO ./src", "reads ./src and nothing else"],
    ["warren run --rw .:/work --env PWD=/work build.wasm --fast", "the current directory as /work"],
    ["warren run --time 10s --memory 64MiB untrusted.wasm <in", "within limits"],
  ]);
}

async function run(program: string, args: string[], flags: RunFlags): Promise<void> {
  const { runCommand } = await import("../run/run-command.ts");
  await runCommand({ program, args, flags, more: await grantsOf(flags) });
}

/** Reading a file brings the schemas with it, which take their time to load. */
async function grantsOf({ grants = [] }: RunFlags): Promise<GrantWords[]> {
  if (grants.length === 0) return [];
  const { readGrants } = await import("../run/grants-file.ts");
  return grants.map(readGrants);
}
