import type { Command } from "commander";
import { examples, jsonOption, wholeNumber } from "../options.ts";

interface DemoOptions {
  readonly port?: number;
  readonly json?: boolean;
}

export function define(command: Command): void {
  jsonOption(command, "print the services and their answers as JSON, then end")
    .description(
      "Start a daemon of its own in a temporary directory, build the programs in examples/, deploy each, call each, and stay up until Ctrl-C. In a pipe it ends after the calls.",
    )
    .option(
      "--port <PORT>",
      "the HTTP port, and the number of the UDP one (default: 8080, or a free one)",
      wholeNumber(1, 65_535),
    )
    .action(demo)
    .addHelpText(
      "after",
      "\nA language whose toolchain is not installed is skipped, with what to install. Exit code 1 when a service failed.",
    );
  examples(command, [
    ["warren demo", ""],
    ["warren demo | cat", "call each once and end"],
  ]);
}

async function demo(options: DemoOptions): Promise<void> {
  const { runDemo } = await import("../demo/run-demo.ts");
  process.exitCode = await runDemo({ port: options.port, json: options.json ?? false });
}
