import { type Command, InvalidArgumentError, Option } from "commander";
import type { Flag } from "./run/flags.ts";

export interface JsonOption {
  readonly json?: boolean;
}

/** What every command that calls the daemon takes. */
export interface ClientOptions extends JsonOption {
  readonly host?: string;
  readonly namespace: string;
}

export function jsonOption(command: Command, text = "print JSON; errors too, on standard error"): Command {
  return command.option("--json", text);
}

export function clientOptions(command: Command, jsonText?: string): Command {
  command.addOption(new Option("-H, --host <URL>", "the daemon: unix:///PATH or https://HOST:PORT").env("WARREN_HOST"));
  command.addOption(
    new Option("-n, --namespace <NAMESPACE>", "the namespace").env("WARREN_NAMESPACE").default("default"),
  );
  return jsonOption(command, jsonText);
}

/** Adds options of a table. Their values are taken as they are typed. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const { flags: words, help, repeats } of flags) {
    const option = new Option(words, help);
    if (repeats) option.argParser(collect((text) => text));
    command.addOption(option);
  }
  return command;
}

/** Adds examples to a command's help: what to type and what it does. */
export function examples(command: Command, lines: readonly (readonly [typed: string, does: string])[]): Command {
  const width = Math.max(...lines.map(([typed]) => typed.length));
  const text = lines.map(([typed, does]) => `  ${typed.padEnd(width)}  ${does}`.trimEnd()).join("\n");
  return command.addHelpText("after", `\nExamples:\n${text}`);
}

/** An option's value that must be a whole number. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Collects an option that may be given several times. */
export function collect<T>(parse: (text: string) => T): (text: string, previous: T[] | undefined) => T[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
