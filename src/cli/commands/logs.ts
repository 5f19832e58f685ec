import type { Command } from "commander";
import type { LogLine } from "../../control/service.ts";
import { connect } from "../connect.ts";
import { type ClientOptions, clientOptions, examples, wholeNumber } from "../options.ts";
import { filterEscapes } from "../ui/escapes.ts";
import { dim, hasColour, yellow } from "../ui/style.ts";

interface LogOptions extends ClientOptions {
  readonly access?: boolean;
  readonly follow?: boolean;
  readonly since?: string;
  readonly tail?: number;
  readonly timestamps?: boolean;
}

export function define(command: Command): void {
  clientOptions(command, "print each line as a JSON object")
    .description("Print what a service wrote to its standard output and standard error, and what Warren did with it.")
    .argument("<NAME>", "name of a service")
    .option("--access", "the access log, which [access] of the manifest asks for, instead")
    .option("-f, --follow", "go on as new lines come, until Ctrl-C")
    .option("--since <TIME>", "from a time on: a span back (10m, 2h) or 2026-01-31T12:00:00Z")
    .option("--tail <LINES>", "only the newest lines", wholeNumber(0, 1_000_000))
    .option("-t, --timestamps", "print the time before each line")
    .action(logs)
    .addHelpText(
      "after",
      "\nOn a terminal, escape sequences that a program wrote are removed, except for colours. In a pipe, and with --json, lines are as they were written.",
    );
  examples(command, [
    ["warren logs shop", ""],
    ["warren logs -f --tail 20 shop", "the last 20 lines and what follows"],
    ["warren logs --access -f shop", "a line for each request"],
    ["warren logs --since 10m -t shop", "the last ten minutes, with times"],
  ]);
}

async function logs(name: string, options: LogOptions): Promise<void> {
  const { access, follow, since, tail } = options;
  const lines = connect(options).logs(options.namespace, name, {
    follow: follow ?? false,
    ...(access === undefined ? {} : { access }),
    ...(since === undefined ? {} : { since }),
    ...(tail === undefined ? {} : { tail }),
  });
  const terminal = process.stdout.isTTY === true;
  for await (const line of lines) {
    const text = options.json
      ? JSON.stringify(line)
      : logText(line, { timestamps: options.timestamps ?? false, terminal });
    // A reader that is slower than the log holds the log back, not this process's memory.
    if (!process.stdout.write(`${text}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}

export interface LogLayout {
  readonly timestamps: boolean;
  /** Whether a terminal reads it, which must be kept from a guest's escape sequences. */
  readonly terminal: boolean;
}

export function logText({ at, stream, text }: LogLine, { timestamps, terminal }: LogLayout): string {
  const shown = terminal ? filterEscapes(text.replace(/\r$/, ""), { colour: hasColour(process.stdout) }) : text;
  const time = timestamps ? `${dim(at, process.stdout)} ` : "";
  return `${time}${stream === "warren" ? yellow(`warren: ${shown}`, process.stdout) : shown}`;
}
