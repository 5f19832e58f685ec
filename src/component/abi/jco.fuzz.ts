// Generated types and values go through the same component, by our code and by jco's: the host must see the same, and get the same back.
// WARREN_FUZZ_RUNS sets how many components, WARREN_FUZZ_SEED where it starts: 40 of them are 10,000 cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../base/testdata/random.ts";
import { decodeComponent } from "../decode.ts";
import { decodeModules, linkComponent } from "../link.ts";
import type { ValueType } from "../types.ts";
import { echoComponent, jcoInstance } from "./testdata/jco.ts";
import { fromJco, toJco } from "./testdata/jco-values.ts";
import { randomType, randomValue } from "./testdata/random-values.ts";
import { instantiate } from "./testdata/rig.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 1);
const firstSeed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const typesEach = 10;
const valuesEach = 25;

const owner = "test:oracle/echo";

test("values come through as they do with jco", async () => {
  let cases = 0;
  for (let run = 0; run < runs; run++) cases += await runComponent(firstSeed + run);
  if (runs > 1) console.log(`${cases} cases`);
});

async function runComponent(seed: number): Promise<number> {
  const random = seeded(seed);
  const types = Array.from({ length: typesEach }, () => randomType(random, 1 + random(4)));
  const encoding = random(3) === 0 ? "utf16" : "utf8";
  const component = await echoComponent(types, encoding);
  let seen: unknown;
  let type: ValueType = types[0]!;
  const theirs = await jcoInstance(component, {
    [owner]: Object.fromEntries(
      types.map((_, index) => [
        `f${index}`,
        (value: unknown) => {
          seen = structuredClone(fromJco(type, value));
          // jco throws what is an error.
          if (type.kind === "result" && (value as { tag: string }).tag === "err") throw (value as { val: unknown }).val;
          return type.kind === "result" ? (value as { val: unknown }).val : value;
        },
      ]),
    ),
  });
  const decoded = decodeComponent(component);
  const modules = decodeModules(decoded);
  const plan = linkComponent(decoded, modules);
  const { instance } = await instantiate(
    plan,
    plan.modules.map(({ start, end }) => component.subarray(start, end)),
    {
      functions: Object.fromEntries(
        types.map((_, index) => [
          `f${index}`,
          (value: unknown) => {
            seen = structuredClone(value);
            return seen;
          },
        ]),
      ),
    },
  );
  for (const [index, one] of types.entries()) {
    type = one;
    for (let count = 0; count < valuesEach; count++) {
      const value = withoutMarks(randomValue(type, random));
      const note = `seed ${seed}, ${encoding}, f${index}: ${JSON.stringify(type)}`;
      const answer = await instance.call(owner, `f${index}`, [value]);
      assert.deepEqual(seen, value, `what our host sees: ${note}`);
      assert.deepEqual(answer, value, `what we get back: ${note}`);
      const other = jcoCall(theirs[owner]![`f${index}`]!, type, value);
      assert.deepEqual(seen, value, `what jco's host sees: ${note}`);
      assert.deepEqual(other, value, `what jco gets back: ${note}`);
    }
  }
  return typesEach * valuesEach;
}

/** jco loses a byte order mark at the beginning of a string. */
function withoutMarks(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("\ufeff", "~");
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutMarks(part)]));
}

function jcoCall(call: (...args: readonly unknown[]) => unknown, type: ValueType, value: unknown): unknown {
  if (type.kind !== "result") return fromJco(type, call(toJco(type, value)));
  try {
    return fromJco(type, { tag: "ok", val: call(toJco(type, value)) });
  } catch (error) {
    if (error instanceof Error && !("payload" in error)) throw error;
    const payload = error instanceof Error ? (error as Error & { payload: unknown }).payload : error;
    return fromJco(type, { tag: "err", val: payload });
  }
}
