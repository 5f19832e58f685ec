import type { Command } from "commander";
import { collect, examples, jsonOption } from "../options.ts";
import { type Grant, parseGrant, parseVariable } from "../run/grants.ts";

interface RunOptions {
  readonly ro?: Grant[];
  readonly rw?: Grant[];
  readonly env?: [string, string][];
  readonly memory?: string;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  jsonOption(command, "print errors as JSON, on standard error")
    .description(
      "Run a program to its end, without a daemon. It has its arguments, the three standard streams, clocks and randomness, and what is granted here: no directory, variable or network else.",
    )
    .usage("[OPTIONS] <PROGRAM> [ARGS...]")
    .argument("<PROGRAM>", "a .wasm file")
    .argument("[ARGS...]", "its arguments")
    .option(
      "--ro <DIR[:AS]>",
      "let it read a directory, under the same name or as AS",
      collect((text) => parseGrant(text, "ro")),
    )
    .option(
      "--rw <DIR[:AS]>",
      "let it read and write a directory",
      collect((text) => parseGrant(text, "rw")),
    )
    .option("-e, --env <K=V>", "give it a variable; K alone passes on the one here", collect(parseVariable))
    .option("--memory <SIZE>", "the most memory it may have, such as 64MiB")
    .option("-v, --verbose", "first print what it is granted, on standard error")
    .passThroughOptions()
    .action(run)
    .addHelpText("after", "\nThe exit code is the program's; 134 after a trap, 130 after Ctrl-C.");
  examples(command, [
    ["warren run hello.wasm", ""],
    ["warren run --ro ./src rg.wasm TODO ./src", "reads ./src and nothing else"],
    ["warren run --rw .:/work --env PWD=/work build.wasm --fast", "the current directory as /work"],
  ]);
}

async function run(program: string, args: string[], options: RunOptions): Promise<void> {
  const { runProgram } = await import("../run/run-program.ts");
  process.exitCode = await runProgram(program, {
    args,
    grants: [...(options.ro ?? []), ...(options.rw ?? [])],
    env: Object.fromEntries(options.env ?? []),
    memory: options.memory,
    verbose: options.verbose ?? false,
    json: options.json ?? false,
  });
}
