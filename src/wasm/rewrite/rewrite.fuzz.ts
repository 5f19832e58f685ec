// Modules of two generators do the same rewritten as not, with marks and without. WARREN_FUZZ_RUNS sets how many, WARREN_FUZZ_SEED
// the first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../base/testdata/random.ts";
import { compare } from "./testdata/differential.ts";
import { generatedImports, generatedModule } from "./testdata/generated-module.ts";
import { storeModule } from "./testdata/store-module.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 16);
const first = Number(process.env.WARREN_FUZZ_SEED ?? 1);

test("modules of binaryen's generator do the same rewritten as not", async (t) => {
  const sums = { calls: 0, traps: 0, ticks: 0, yields: 0 };
  let valid = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const bytes = generatedModule(seed);
    if (bytes === undefined) continue;
    valid++;
    for (const marks of [false, true]) {
      const made = await compare(bytes, seed, (log) => generatedImports(bytes, log), { marks });
      check(made, sums, `seed ${seed}${marks ? ", with marks" : ""}`);
    }
  }
  t.diagnostic(`${valid} modules: ${JSON.stringify(sums)}`);
  assert.ok(valid > runs / 4);
});

test("modules that write in every way do the same rewritten as not", async (t) => {
  const sums = { calls: 0, traps: 0, ticks: 0, yields: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const { bytes } = storeModule(seeded(seed));
    for (const marks of [false, true]) {
      const made = await compare(
        bytes,
        seed,
        (log) => ({ host: { write: (...values: number[]) => log(values.join()) } }),
        {
          marks,
        },
      );
      check(made, sums, `seed ${seed}${marks ? ", with marks" : ""}`);
    }
  }
  t.diagnostic(`${runs} modules: ${JSON.stringify(sums)}`);
  assert.ok(sums.traps > 0 && sums.traps < sums.calls);
});

type Sums = Record<"calls" | "traps" | "ticks" | "yields", number>;

function check({ difference, ...counts }: Sums & { readonly difference: string }, sums: Sums, label: string): void {
  assert.equal(difference, "", label);
  for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] += counts[key];
}
