// Whatever an instance did, after its reset nothing of it is left: memory byte for byte, what it has grown by, size, globals. With cards
// of 32 bytes, where a mark that is missing cannot hide behind its neighbours', and as they are. When a kind of mark is left
// out, it is noticed. WARREN_FUZZ_MS sets for how long, WARREN_FUZZ_SEED where it starts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../base/testdata/random.ts";
import { functionType } from "../../wasm/module-info.ts";
import { type MarkKind, type MarkTuning, markTuningDefault } from "../../wasm/rewrite/mark-tuning.ts";
import { value } from "../../wasm/rewrite/testdata/differential.ts";
import { generatedImports, generatedModule } from "../../wasm/rewrite/testdata/generated-module.ts";
import { storeModule } from "../../wasm/rewrite/testdata/store-module.ts";
import { prepare, type Resettable, resettable } from "./testdata/resettable.ts";

const ms = Number(process.env.WARREN_FUZZ_MS ?? 1_500);
const firstSeed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const tiny: MarkTuning = { cardShift: 5, overhang: 16, frameBytesMax: 700, loopBytesMax: 3_000 };
const callsEach = 24;

interface Sums {
  modules: number;
  calls: number;
  traps: number;
  resets: number;
  unfit: number;
}

/** What the host writes it marks. */
function hostWrite(instance: () => Resettable["memories"]): WebAssembly.Imports {
  return {
    host: {
      write: (address: number, length: number) => {
        const [memory] = instance();
        const bytes = new Uint8Array(memory!.memory.buffer);
        const from = address >>> 0;
        const to = Math.min(bytes.length, from + length);
        bytes.fill(0xee, from, to);
        memory!.markRange(from, to - from);
      },
    },
  };
}

/** Empty: no residue. */
function runModule(seed: number, tuning: MarkTuning, sums: Sums): string {
  const random = seeded(seed);
  const { bytes } = storeModule(random);
  const prepared = prepare(bytes, tuning);
  let instance = resettable(prepared, hostWrite);
  sums.modules++;
  for (let call = 0; call < callsEach; call++) {
    // Some requests make several calls.
    for (let i = random(3); i >= 0; i--) {
      const name = `f${random(5)}`;
      sums.calls++;
      try {
        (instance.exports[name] as (a: number, b: number, c: bigint) => number)(
          random(0xffff_ffff) | 0,
          random(0xffff_ffff) | 0,
          BigInt(random(0xffff_ffff)),
        );
      } catch (error) {
        assert.ok(error instanceof WebAssembly.RuntimeError || error instanceof WebAssembly.Exception, String(error));
        sums.traps++;
      }
    }
    if (!instance.point.reset()) {
      sums.unfit++;
      instance = resettable(prepared, hostWrite);
      continue;
    }
    sums.resets++;
    const residue = instance.residue();
    if (residue !== "") return `call ${call}: ${residue}`;
  }
  return "";
}

for (const [name, tuning] of Object.entries({ "32 bytes": tiny, "4 KiB": markTuningDefault })) {
  test(`nothing is left after a reset, with cards of ${name}`, (t) => {
    const sums = { modules: 0, calls: 0, traps: 0, resets: 0, unfit: 0 };
    const began = performance.now();
    for (let seed = firstSeed; performance.now() - began < ms / 2; seed++)
      assert.equal(runModule(seed, tuning, sums), "", `seed ${seed}`);
    t.diagnostic(JSON.stringify(sums));
    assert.ok(sums.resets > sums.modules && sums.traps > 0);
  });
}

test("nothing is left of what modules of binaryen's generator do", (t) => {
  const sums = { modules: 0, calls: 0, traps: 0, resets: 0, unfit: 0 };
  const began = performance.now();
  for (let seed = firstSeed; sums.modules === 0 || performance.now() - began < ms / 2; seed++) {
    const bytes = generatedModule(seed);
    if (bytes === undefined) continue;
    sums.modules++;
    const prepared = prepare(bytes, tiny);
    const random = seeded(seed);
    const make = () => startedOr(() => resettable(prepared, () => generatedImports(bytes, () => {})));
    let instance = make();
    for (let round = 0; round < 3; round++)
      for (const { name, kind, index } of prepared.info.exports) {
        if (instance === undefined || kind !== "func") continue;
        const { params } = functionType(prepared.info, index)!;
        sums.calls++;
        try {
          (instance.exports[name] as (...values: unknown[]) => unknown)(...params.map((type) => value(type, random)));
        } catch {
          sums.traps++;
        }
        const isFit = instance.point.reset();
        if (isFit) assert.equal(instance.residue(), "", `seed ${seed}, ${name}`);
        sums[isFit ? "resets" : "unfit"]++;
        if (!isFit) instance = make();
      }
  }
  t.diagnostic(JSON.stringify(sums));
});

/** Some modules trap while they start. */
function startedOr(make: () => Resettable): Resettable | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

const kinds: readonly MarkKind[] = ["store", "vector", "lane", "bulk", "frame", "offset", "global", "size", "loop"];

test("a kind of mark that is missing is noticed", (t) => {
  for (const without of kinds) {
    const sums = { modules: 0, calls: 0, traps: 0, resets: 0, unfit: 0 };
    let found = "";
    for (let seed = firstSeed; found === "" && sums.modules < 200; seed++)
      found = runModule(seed, { ...tiny, without }, sums);
    t.diagnostic(`without ${without}: after ${sums.modules} modules: ${found}`);
    assert.notEqual(found, "", without);
  }
});
