// Guests that call with whatever core values there are, over whatever is in their memory: the host gets what the standard says, or the
// guest traps where the standard says so; no other error comes out. WARREN_FUZZ_RUNS sets how many guests,
// WARREN_FUZZ_SEED where it starts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { oneOf, type Pick, seeded } from "../../base/testdata/random.ts";
import type { FunctionType } from "../types.ts";
import type { Encoding } from "./testdata/echo-guest.ts";
import { exported, functionType, options, plan } from "./testdata/plan.ts";
import { randomType } from "./testdata/random-values.ts";
import { coreParameters, type LiftContext, liftArguments, Trap } from "./testdata/reference.ts";
import { prepare } from "./testdata/rig.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 20);
const firstSeed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const pages = 1;
const callsEach = 60;

test("hostile core values give what the standard says, or a trap", async () => {
  const sums = { calls: 0, traps: 0 };
  for (let run = 0; run < runs; run++) await runGuest(firstSeed + run, sums);
  assert.ok(sums.traps > sums.calls / 20 && sums.traps < sums.calls * 0.95, JSON.stringify(sums));
  if (process.env.WARREN_FUZZ_RUNS !== undefined) console.log(JSON.stringify(sums));
});

/** Words that are something: small numbers, pointers into the memory and to its end, lengths, halves of characters. */
const word = (random: Pick): number =>
  random(3) === 0
    ? random(2 ** 32) | 0
    : oneOf(random, [
        0,
        0,
        1,
        1,
        2,
        3,
        5,
        8,
        16,
        64,
        256,
        1024,
        65535,
        65536,
        65528,
        0xd800,
        0x10ffff,
        0x110000,
        -1,
        -8,
        2 ** 31 - 1,
        -(2 ** 31),
        2 ** 28,
        0x41424344,
      ]);

async function runGuest(seed: number, sums: { calls: number; traps: number }): Promise<void> {
  const random = seeded(seed);
  const type = functionType(
    Object.fromEntries(
      Array.from({ length: 1 + random(4) }, (_, index) => [`p${index}`, randomType(random, random(4))]),
    ),
  );
  const encoding = oneOf<Encoding>(random, ["utf8", "utf8", "utf16", "latin1+utf16"]);
  const guest = await guests(type, encoding);
  let made = await guest();
  for (let call = 0; call < callsEach; call++) {
    const { memory, run } = made;
    fill(memory, random);
    const values = coreParameters(type).map((flat) =>
      flat === "i64"
        ? (BigInt(word(random)) << 32n) | BigInt(word(random) >>> 0)
        : flat === "i32"
          ? word(random)
          : oneOf(random, [0, 1.5, Number.NaN, Math.fround(word(random))]),
    );
    const expected = attempt({ memory: new DataView(memory.buffer), encoding }, type, values);
    const note = `seed ${seed}, call ${call}, ${encoding}, ${values.join(" ")}: ${JSON.stringify(type)}`;
    sums.calls++;
    const error = await run(values).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (expected instanceof Trap) {
      sums.traps++;
      assert.ok(
        error instanceof WebAssembly.RuntimeError,
        `${String(error)} instead of a trap (${expected.message}): ${note}`,
      );
      assert.match(error.message, /^test:host\/host f(: p\d)?: /);
      made = await guest();
    } else if (error !== undefined) {
      // A limit of ours, that the standard has not.
      assert.match(String(error), /values take more than/, note);
      made = await guest();
    } else {
      assert.deepEqual(made.seen(), expected, note);
    }
  }
}

function attempt(cx: LiftContext, type: FunctionType, values: readonly (number | bigint)[]): unknown {
  try {
    return liftArguments(cx, type, values);
  } catch (error) {
    if (error instanceof Trap) return error;
    throw error;
  }
}

function fill(memory: WebAssembly.Memory, random: Pick): void {
  const words = new Int32Array(memory.buffer);
  words.fill(0);
  // Where random pointers lead most.
  for (const at of [0, 2, 4, 16, 64, 256, 16382]) {
    for (let index = at; index < Math.min(at + 12, words.length); index++) words[index] = word(random);
  }
}

/** Guests whose import is called with the core values as they are. */
async function guests(type: FunctionType, encoding: Encoding) {
  let seen: unknown;
  const parameters = coreParameters(type)
    .map((flat) => `(param ${flat})`)
    .join(" ");
  const given = { ...options(), encoding, realloc: undefined };
  const base = plan({
    functions: [{ name: "f", type }],
    exports: [exported("nothing", functionType({}), { options: given })],
  });
  const module = `(module (import "host" "f0" (func $f ${parameters})) (memory (export "memory") ${pages})
    (func (export "nothing"))
    (func (export "run") ${parameters} (call $f ${coreParameters(type)
      .map((_, index) => `(local.get ${index})`)
      .join(" ")})))`;
  const make = await prepare(
    { ...base, functions: base.functions.map((one) => ({ ...one, options: given })) } as typeof base,
    [module],
    {
      functions: {
        f: (...args: readonly unknown[]) => {
          seen = args.map(copy);
        },
      },
      options: { limits: { callBytesMax: 1 << 22 } },
    },
  );
  return async () => {
    const { cores } = await make();
    const [core] = cores as unknown as readonly [
      { memory: WebAssembly.Memory; run: (...values: readonly unknown[]) => void },
    ];
    return {
      memory: core.memory,
      seen: () => seen,
      run: async (values: readonly unknown[]) => core.run(...values),
    };
  };
}

/** Without views of the guest's memory. */
function copy(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copy(part)]));
}
