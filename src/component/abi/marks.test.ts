import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../base/testdata/random.ts";
import type { ValueType } from "../types.ts";
import { type Encoding, echoModule, echoPlan, identity } from "./testdata/echo-guest.ts";
import { core } from "./testdata/plan.ts";
import { randomType, randomValue } from "./testdata/random-values.ts";
import { instantiate } from "./testdata/rig.ts";

const cardBytes = 4096;
const pageBytes = 65_536;

/** The echo's own code writes nothing into its memory: all that changes there is the host's, and must be marked. */
async function marked(type: ValueType, encoding: Encoding, more: { readonly postReturn: boolean }) {
  const cards = new Uint8Array(16_384);
  const base = echoPlan(identity(type), encoding);
  const plan = {
    ...base,
    exports: base.exports.map((one) => ({
      ...one,
      function: {
        ...one.function,
        options: { ...one.function.options, postReturn: more.postReturn ? core("cabi_post_f") : undefined },
      },
    })),
  };
  const { instance, cores } = await instantiate(plan, [echoModule(identity(type), "host", "f", "f")], {
    functions: { f: (value) => structuredClone(value) },
    environment: { cards: () => cards },
  });
  const memory = cores[0]!.memory as WebAssembly.Memory;
  return { memory, cards, call: (value: unknown) => instance.call("", "f", [value]) };
}

test("all that is written into a guest's memory is marked, and not much else", async () => {
  const random = seeded(1);
  let written = 0;
  for (let count = 0; count < 120; count++) {
    const type = randomType(random, 1 + random(3));
    const encoding = (["utf8", "utf16", "latin1+utf16"] as const)[random(3)]!;
    const { memory, cards, call } = await marked(type, encoding, { postReturn: false });
    for (let times = 0; times < 4; times++) {
      const before = new Uint8Array(memory.buffer).slice();
      cards.fill(0);
      await call(randomValue(type, random));
      const after = new Uint8Array(memory.buffer);
      let last = 0;
      for (let card = 0; card * cardBytes < after.length; card++) {
        const from = card * cardBytes;
        const now = Buffer.from(after.subarray(from, from + cardBytes));
        const changed =
          from < before.length ? !now.equals(before.subarray(from, from + cardBytes)) : now.some((byte) => byte !== 0);
        if (changed) {
          written++;
          last = card;
          assert.equal(cards[card], 1, `card ${card}: ${JSON.stringify(type)}`);
        }
      }
      // It allocates from below: nothing that is beyond can be the host's. What is zero was not seen to be written.
      assert.ok(
        cards.lastIndexOf(1) <= last + 3 || last === 0,
        `${cards.lastIndexOf(1)} and ${last}: ${JSON.stringify(type)}`,
      );
    }
  }
  assert.ok(written > 100, String(written));
});

test("marks reach over growth, to the last byte and no further", async () => {
  const type: ValueType = { kind: "list", element: { kind: "u8" } };
  const { memory, cards, call } = await marked(type, "utf8", { postReturn: true });
  const bytes = new Uint8Array(3 * pageBytes).fill(1);
  await call(bytes);
  assert.ok(memory.buffer.byteLength > 6 * pageBytes);
  // The argument, the place of the result, the result.
  const end = 1024 + 2 * bytes.length + 8;
  assert.deepEqual([...cards.subarray(0, Math.ceil(end / cardBytes))], new Array(Math.ceil(end / cardBytes)).fill(1));
  assert.equal(cards.indexOf(1, Math.ceil(end / cardBytes)), -1);
});
