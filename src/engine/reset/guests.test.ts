// Programs of real toolchains answer after a reset as a new instance does, and nothing is left of what they did.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../base/testdata/random.ts";
import { markTuningDefault } from "../../wasm/rewrite/mark-tuning.ts";
import { guestPrograms } from "./testdata/guest-programs.ts";
import { markingHost } from "./testdata/marking-host.ts";
import { prepare, type Resettable, resettable } from "./testdata/resettable.ts";

const requests = Number(process.env.WARREN_FUZZ_RUNS ?? 60);

for (const program of guestPrograms) {
  test(`a guest in ${program.name} is as new after each request`, async (t) => {
    const missing = program.missing();
    if (missing !== undefined) {
      if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(missing);
      t.skip(missing);
      return;
    }
    const bytes = await program.build();
    for (const tuning of [markTuningDefault, { cardShift: 6, overhang: 16, frameBytesMax: 700, loopBytesMax: 2_000 }]) {
      const prepared = prepare(bytes, tuning);
      let output = "";
      const make = () =>
        resettable(
          prepared,
          (marked) => markingHost(prepared.info, marked, (text) => (output += text)),
          ({ _initialize }) => (_initialize as (() => void) | undefined)?.(),
        );
      const ask = ({ exports }: Resettable, n: number): string => {
        output = "";
        try {
          return `${(exports.handle as (n: number) => number)(n)} ${output}`;
        } catch (error) {
          assert.ok(error instanceof WebAssembly.RuntimeError, String(error));
          return "trap";
        }
      };
      const random = seeded(1);
      const instance = make();
      const sums = { traps: 0, cards: 0 };
      for (let request = 0; request < requests; request++) {
        const n = random(10_000);
        const expected = ask(make(), n);
        assert.equal(ask(instance, n), expected, `request ${request}: ${n}`);
        if (expected === "trap") sums.traps++;
        assert.equal(instance.point.reset(), true);
        assert.equal(instance.residue(), "", `request ${request}: ${n}`);
        sums.cards += instance.point.cards;
      }
      t.diagnostic(`cards of ${2 ** tuning.cardShift} bytes: ${JSON.stringify(sums)} in ${requests} requests`);
      assert.ok(sums.traps > 0 && sums.cards > requests);
    }
  });
}
