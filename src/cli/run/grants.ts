import { statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";

/** A directory of the host that a program may use. */
export interface Grant {
  /** Absolute path on the host. */
  readonly source: string;
  /** The name the program sees: as it was typed, since libraries match the paths they are given with it as text. */
  readonly target: string;
  readonly mode: "ro" | "rw";
}

/** `DIR` or `DIR:AS`, of `--ro` and `--rw`. */
export function parseGrant(text: string, mode: "ro" | "rw"): Grant {
  const colon = text.lastIndexOf(":");
  const typed = colon > 0 ? text.slice(0, colon) : text;
  const target = colon > 0 ? text.slice(colon + 1) : text;
  if (typed === "" || target === "") throw new InvalidArgumentError("It must be a directory, or DIR:AS.");
  const source = resolve(typed);
  if (statSync(source, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new InvalidArgumentError(`There is no directory ${source}.`);
  return { source, target, mode };
}

/** `K=V`, or `K` for the variable of that name here. */
export function parseVariable(text: string): [string, string] {
  const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be NAME=VALUE.");
  if (value !== undefined) return [name, value];
  const own = process.env[name];
  if (own === undefined) throw new InvalidArgumentError(`There is no variable ${name} here to pass on.`);
  return [name, own];
}

export interface Granted {
  readonly args: readonly string[];
  readonly grants: readonly Grant[];
  readonly env: Readonly<Record<string, string>>;
  readonly memory: string | undefined;
}

/** Everything a program is granted, a line each: what is not listed, it has not. */
export function grantsText({ args, grants, env, memory }: Granted): string {
  const lines = [
    `arguments: ${args.length === 0 ? "none" : args.map((arg) => JSON.stringify(arg)).join(" ")}`,
    ...(grants.length === 0
      ? ["directories: none"]
      : grants.map(({ source, target, mode }) => `directory: ${target} = ${source} (${mode})`)),
    ...(Object.keys(env).length === 0
      ? ["variables: none"]
      : Object.entries(env).map(([name, value]) => `variable: ${name}=${JSON.stringify(value)}`)),
    "network: none",
    `memory: ${memory === undefined ? "what the program declares" : `at most ${memory}`}`,
    "streams: standard input, output and error",
  ];
  return lines.join("\n");
}
