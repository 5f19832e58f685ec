// Damages real modules and compares with V8: what V8 accepts the decoder accepts, but for the caps, and it never throws
// anything but a WarrenError. WARREN_FUZZ_RUNS sets the mutations for each module, WARREN_FUZZ_SEED where they start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { seeded } from "../base/testdata/random.ts";
import { decodeModule } from "./decode.ts";
import { functionName } from "./function-name.ts";
import { module as assemble, oneBody, oneFunction, section, voidType } from "./testdata/build-module.ts";
import { compileAssemblyScript, compileC, compileGo, type Guest, packagedGuests } from "./testdata/guests.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 300);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

const interesting = [
  0, 1, 2, 3, 4, 7, 8, 0x0b, 0x40, 0x4e, 0x50, 0x5f, 0x60, 0x63, 0x64, 0x69, 0x70, 0x7f, 0x80, 0xfb, 0xff,
];

type Random = (max: number) => number;

/** Applies some changes where the structure is: near the starts and ends of sections. */
function mutate(bytes: Uint8Array, places: readonly number[], random: Random): Uint8Array {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const near = places[random(places.length)]! + random(64) - 8;
    const at = Math.min(Math.max(near, 0), result.length - 1);
    const value = random(2) === 0 ? interesting[random(interesting.length)]! : random(256);
    switch (random(8)) {
      case 0:
        result = result.subarray(0, at);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), Buffer.of(value), result.subarray(at)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(4))]);
        break;
      case 3:
        result[at] = result[at]! ^ (1 << random(8));
        break;
      default:
        result[at] = value;
    }
    if (result.length === 0) break;
  }
  return result;
}

function places(bytes: Uint8Array): number[] {
  const info = decodeModule(bytes);
  return [...info.sections, ...info.customSections].flatMap(({ headerStart, start, end }) => [headerStart, start, end]);
}

const outcomes = { accepted: 0, refused: 0, capped: 0 };

function checkAgainstV8(bytes: Uint8Array, label: string): void {
  try {
    const info = decodeModule(bytes);
    for (const index of [0, 1, info.functionTypes.length - 1]) functionName(info, index);
    outcomes.accepted++;
  } catch (error) {
    if (!(error instanceof WarrenError)) throw new Error(`${label}: ${String(error)}`, { cause: error });
    if (/^module\.(malformed|truncated|not-wasm)$/.test(error.code)) {
      outcomes.refused++;
      assert.equal(WebAssembly.validate(bytes as never), false, `${label}: V8 accepts it, we say: ${error.message}`);
    } else {
      outcomes.capped++;
    }
  }
}

function fuzz(guest: Guest, count: number): void {
  assert.ok(WebAssembly.validate(guest.bytes as never));
  const where = places(guest.bytes);
  for (let run = 0; run < count; run++) {
    const label = `${guest.name}, WARREN_FUZZ_SEED=${seed + run}`;
    checkAgainstV8(mutate(guest.bytes, where, seeded(seed + run)), label);
  }
}

/** A small module with one of nearly everything, so that most changes hit structure. */
const everything = assemble(
  section(
    1,
    [6],
    [0x60, 0, 0],
    [0x4e, 2, 0x50, 0, 0x5f, 2, 0x78, 1, 0x63, 2, 0, 0x4f, 1, 1, 0x5f, 2, 0x78, 1, 0x63, 2, 0],
    [0x5e, 0x77, 1],
    [0x60, 2, 0x7f, 0x64, 3, 1, 0x70],
    [0x60, 1, 0x7b, 0],
    [0x60, 3, 0x6f, 0x7e, 0x63, 0x69, 2, 0x7d, 0x7c],
  ),
  section(2, [5], [1, 97, 1, 98, 0, 0], [0, 0, 3, 0x7f, 0], [0, 0, 2, 1, 1, 2], [0, 0, 1, 0x70, 0, 1], [0, 0, 4, 0, 0]),
  section(3, [2, 0, 0]),
  section(4, [3], [0x70, 1, 2, 3], [0x40, 0, 0x6f, 0, 1, 0xd0, 0x6f, 0x0b], [0x63, 2, 5, 1, 9]),
  section(5, [2], [0, 1], [5, 1, 0x80, 1]),
  section(13, [1, 0, 0]),
  section(
    6,
    [5],
    [0x7f, 1, 0x23, 0, 0x41, 0xff, 0, 0x6a, 0x0b],
    [0x7e, 0, 0x42, 0x80, 0x7f, 0x0b],
    [0x7b, 0, 0xfd, 12, ...Array<number>(16).fill(7), 0x0b],
    [0x63, 2, 0, 0xfb, 1, 2, 0x0b],
    [0x6e, 1, 0x41, 3, 0xfb, 28, 0x0b],
  ),
  section(7, [3], [1, 97, 0, 1], [1, 98, 2, 1], [1, 99, 3, 2]),
  section(8, [1]),
  section(
    9,
    [5],
    [0, 0x41, 0, 0x0b, 1, 1],
    [1, 0, 2, 0, 1],
    [6, 1, 0x41, 0, 0x0b, 0x70, 1, 0xd2, 1, 0x0b],
    [3, 0, 1, 2],
    [7, 0x6f, 1, 0xd0, 0x6f, 0x0b],
  ),
  section(12, [3]),
  section(10, [2], [6, 2, 3, 0x7f, 1, 0x7e, 0x0b], [2, 0, 0x0b]),
  section(11, [3], [0, 0x41, 8, 0x0b, 2, 1, 2], [1, 1, 3], [2, 1, 0x41, 0, 0x0b, 0]),
  section(0, [4, 0x6e, 0x61, 0x6d, 0x65, 1, 6, 2, 0, 1, 97, 1, 0]),
);

test("decodeModule() agrees with V8 on damaged modules that hold nearly everything", () => {
  fuzz({ name: "everything", bytes: everything }, runs * 10);
  fuzz({ name: "little", bytes: assemble(voidType, oneFunction, oneBody) }, runs * 3);
});

for (const make of [compileAssemblyScript, compileC, compileGo]) {
  test(`decodeModule() agrees with V8 on damaged modules of ${make.name.slice("compile".length)}`, (context) => {
    const guest = make();
    if (guest === undefined) context.skip("its compiler is not installed");
    else fuzz(guest, guest.bytes.length > 500_000 ? Math.ceil(runs / 20) : runs);
  });
}

test("decodeModule() agrees with V8 on damaged modules of tens of megabytes", (context) => {
  const guests = packagedGuests();
  if (guests.length === 0) context.skip("the packages are not installed");
  for (const guest of guests) fuzz(guest, Math.ceil(runs / 50));
});

test("the damage leaves some modules valid and makes some invalid", () => {
  assert.ok(outcomes.accepted > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
});
