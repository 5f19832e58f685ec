import assert from "node:assert/strict";
import { it } from "node:test";
import { parse, stringify } from "smol-toml";
import { Value } from "typebox/value";
import { errorRecord, WarrenError } from "../base/errors.ts";
import { checkValue } from "./check.ts";
import { parseManifest } from "./manifest.ts";
import { mistakes } from "./manifest-mistakes.suite.ts";
import { manifestSchema } from "./manifest-schema.ts";

// WARREN_FUZZ_RUNS and WARREN_FUZZ_SEED make it longer or repeat a failure.
const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 3000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

/** mulberry32. */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pieces = [
  '"',
  "'",
  "[",
  "]",
  "[[",
  "{",
  "}",
  "=",
  ".",
  "\n",
  "\\",
  "#",
  '"""',
  "\0",
  "\u{1f600}",
  "1e999",
  "-0",
  "__proto__",
  "1979-05-27",
  "\ud800",
];

function mutate(text: string, random: (below: number) => number): string {
  let result = text;
  for (let count = random(4); count >= 0; count--) {
    const at = random(result.length + 1);
    const end = Math.min(result.length, at + random(8));
    const inserted =
      random(2) === 0
        ? (pieces[random(pieces.length)] ?? "")
        : result.slice(random(result.length + 1)).slice(0, random(20));
    result = result.slice(0, at) + inserted + result.slice(end);
  }
  return result;
}

it(`parseManifest() throws nothing but its own errors, and the checker agrees with TypeBox (seed ${seed}, ${runs} runs)`, () => {
  const random = randomFrom(seed);
  for (let run = 0; run < runs; run++) {
    const [start] = mistakes[random(mistakes.length)]!;
    const text = mutate(start, random);
    try {
      parseManifest(text, { file: "f" });
    } catch (error) {
      assert.ok(
        error instanceof WarrenError,
        `run ${run}: ${JSON.stringify(text)}: ${error instanceof Error ? error.stack : error}`,
      );
      assert.match(error.code, /^manifest\.[a-z-]+$/);
      assert.ok(errorRecord(error).message.length < 2000, text);
    }
    let value: unknown;
    try {
      value = parse(text);
    } catch {
      continue;
    }
    // Dates are objects to TypeBox; a manifest has none.
    if (/\d-\d|\d:\d/.test(stringify(value as object))) continue;
    const agreed = Value.Check(manifestSchema, value) === (checkValue(manifestSchema, value).length === 0);
    assert.ok(agreed, `run ${run}: ${JSON.stringify(text)}`);
  }
});
