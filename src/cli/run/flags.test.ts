import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { addFlags, jsonOption } from "../options.ts";
import { jsonFlag, readFlags, runFlags } from "./flags.ts";

const known = [...runFlags, jsonFlag];

/** What commander makes of the same command line. */
function commanders(args: readonly string[]): { flags: unknown; words: unknown } | undefined {
  let read: { flags: unknown; words: unknown } | undefined;
  const root = new Command()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  const run = root.command("run").argument("<PROGRAM>").argument("[ARGS...]").passThroughOptions();
  addFlags(jsonOption(run), runFlags).action((program: string, rest: string[], flags: unknown) => {
    read = { flags, words: [program, ...rest] };
  });
  try {
    root.parse(["run", ...args], { from: "user" });
  } catch {
    return undefined;
  }
  return read;
}

test("readFlags() reads what commander reads", () => {
  for (const line of [
    "x.wasm",
    "x.wasm --ro . -e A=b",
    "--ro . --ro b:/b --rw=c x.wasm --ro d",
    "-e A=b --env C --env=D=e=f x.wasm",
    "-i -v --json --explain x.wasm a b",
    "--memory 1MiB --memory=2MiB --cpu 1 --time 5s x.wasm",
    "--env-file=a --env-file b --grants g x.wasm",
    "-- x.wasm --ro",
    "--ro -- x.wasm",
    "--ro a -- -x.wasm --ro",
  ]) {
    const args = line.split(" ");
    const read = readFlags(args, known);
    assert.ok(read !== undefined, line);
    assert.deepEqual({ ...read }, { ...commanders(args) }, line);
  }
});

test("readFlags() leaves what it does not know to commander", () => {
  for (const line of [
    "",
    "--",
    "--help",
    "-h",
    "--ro",
    "--unknown x",
    "-eA=b x.wasm",
    "-iv x.wasm",
    "--explain=yes x.wasm",
    "--env",
  ]) {
    assert.equal(readFlags(line === "" ? [] : line.split(" "), known), undefined, line);
  }
});
