// Changes bytes of components outside of their core modules and asks jco, whose validator is wasm-tools', what it thinks: both must take the same
// ones. WARREN_FUZZ_RUNS sets how many, WARREN_FUZZ_SEED where they start, WARREN_FUZZ_MS a time for the whole instead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { transpile } from "@bytecodealliance/jco";
import { WarrenError } from "../base/errors.ts";
import { type Pick, seeded } from "../base/testdata/random.ts";
import { decodeComponent } from "./decode.ts";
import { assemble, link } from "./testdata/assemble.ts";
import { accepted, refused } from "./testdata/rules.ts";
import { wacked, withShim } from "./testdata/samples.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 800);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const msMax = process.env.WARREN_FUZZ_MS === undefined ? undefined : Number(process.env.WARREN_FUZZ_MS);

/** What we refuse although it is valid: WASI 0.3, experiments, and what is too much. */
const oursToo = /^(?:component\.(?:async|unsupported|cap-.*|too-large)|module\..*)$/;
/** What jco refuses although it is valid: what it cannot do (or panics on), and core modules of later proposals. */
const theirsToo =
  /not implemented|feature is not active|wasm trap|unsupported section|multiple memories|requires? the .* (?:feature|proposal)/;

function mine(bytes: Uint8Array): string | undefined {
  try {
    link(decodeComponent(bytes));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof WarrenError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

async function theirs(bytes: Uint8Array): Promise<string | undefined> {
  try {
    await transpile(bytes, { name: "fuzz" });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Offsets outside of core modules, after the header. */
function places(bytes: Uint8Array): number[] {
  const inside = new Uint8Array(bytes.length);
  for (const { start, end } of decodeComponent(bytes).modules) inside.fill(1, start, end);
  return Array.from(bytes.keys()).filter((at) => at >= 8 && inside[at] === 0);
}

function mutate(bytes: Uint8Array, at: readonly number[], random: Pick): Uint8Array {
  const result = Uint8Array.from(bytes);
  for (let changes = 1 + random(2); changes > 0; changes--) {
    const place = at[random(at.length)]!;
    const step = random(4);
    result[place] = step === 0 ? random(256) : step === 1 ? result[place]! + 1 : random(16);
  }
  return result;
}

test("linkComponent() and wasm-tools take the same components", async () => {
  const texts = [...accepted.map(([, text]) => text), ...refused.map(([, , text]) => text), withShim, wacked];
  const bases: { readonly bytes: Uint8Array; readonly at: readonly number[] }[] = [];
  for (const bytes of await Promise.all(texts.map(assemble))) {
    try {
      const at = places(bytes);
      if (at.length > 0) bases.push({ bytes, at });
    } catch {
      // Of what is not even decoded there is nothing to change.
    }
  }
  const random = seeded(seed);
  const started = performance.now();
  let taken = 0;
  for (let run = 0; msMax === undefined ? run < runs : performance.now() - started < msMax; run++) {
    const base = bases[random(bases.length)]!;
    const bytes = mutate(base.bytes, base.at, random);
    const ours = mine(bytes);
    if (ours !== undefined && oursToo.test(ours.slice(0, ours.indexOf(":")))) continue;
    const other = await theirs(bytes);
    if (other !== undefined && theirsToo.test(other)) continue;
    if (ours === undefined) taken++;
    assert.equal(
      ours === undefined,
      other === undefined,
      `seed ${seed}, run ${run}: we say ${ours ?? "nothing"}, jco ${other ?? "nothing"}\n${Buffer.from(bytes).toString("base64")}`,
    );
  }
  assert.ok(taken > 0);
});
