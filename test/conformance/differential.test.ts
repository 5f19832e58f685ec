// Modules that wasm-smith generates do the same rewritten as not. WARREN_FUZZ_RUNS sets how many, WARREN_FUZZ_SEED the first.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compare } from "../../src/wasm/rewrite/testdata/differential.ts";
import { specSuiteTool, suiteFolder } from "./spec-suite.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 300);
const first = Number(process.env.WARREN_FUZZ_SEED ?? 1);

test("generated modules do the same rewritten as not", async (t) => {
  const tool = process.env.WARREN_SPEC_SUITE_TOOL ?? specSuiteTool(t);
  if (tool === undefined) return;
  const folder = suiteFolder("smith");
  execFileSync(tool, ["smith", String(first), String(runs), folder]);
  const sums = { calls: 0, traps: 0, ticks: 0, yields: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const bytes = new Uint8Array(readFileSync(join(folder, `${seed}.wasm`)));
    const { difference, ...counts } = await compare(bytes, seed, () => ({}));
    assert.equal(difference, "", `seed ${seed}`);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
  }
  t.diagnostic(`${runs} modules: ${JSON.stringify(sums)}`);
  assert.ok(sums.ticks > 0 && sums.yields > 0);
});
