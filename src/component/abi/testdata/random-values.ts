import { oneOf, type Pick } from "../../../base/testdata/random.ts";
import { primitiveKinds, type ValueType } from "../../types.ts";
import { camelCase } from "../names.ts";

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A type of any kind but handles, nested up to `depth`. */
export function randomType(random: Pick, depth: number): ValueType {
  const part = (): ValueType => randomType(random, depth - 1);
  const optional = (): ValueType | undefined => (random(3) === 0 ? undefined : part());
  if (depth <= 0 || random(4) === 0) return { kind: oneOf(random, primitiveKinds) };
  switch (random(9)) {
    case 0:
      return {
        kind: "record",
        fields: times(1 + random(6), (index) => ({
          name: oneOf(random, ["a", "some-field", "x1"]) + index,
          type: part(),
        })),
      };
    case 1:
      return { kind: "tuple", items: times(1 + random(5), part) };
    case 2:
      return {
        kind: "variant",
        cases: times(1 + random(5), (index) => ({ name: `case-${index}a`, type: optional() })),
      };
    case 3:
      return { kind: "enum", names: times(oneOf(random, [1, 2, 7, 256, 257]), (index) => `name-${index}b`) };
    case 4:
      return { kind: "flags", names: times(oneOf(random, [1, 5, 8, 9, 16, 17, 32]), (index) => `flag-${index}c`) };
    case 5:
      return { kind: "option", some: part() };
    case 6:
      return { kind: "result", ok: optional(), error: optional() };
    default:
      return { kind: "list", element: part() };
  }
}

const characters = [
  "a",
  "Z",
  " ",
  "\0",
  "~",
  "\x7f",
  "é",
  "ÿ",
  "Ā",
  "€",
  "\ufeff",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "𝄞",
  "\u{10ffff}",
];
const integer = (random: Pick, bits: number): bigint => {
  const all = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  const one = oneOf(random, [
    0n,
    1n,
    (1n << BigInt(bits)) - 1n,
    1n << BigInt(bits - 1),
    (1n << BigInt(bits - 1)) - 1n,
    all,
  ]);
  return BigInt.asUintN(bits, one);
};
const floats = [
  0,
  -0,
  1,
  -1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  2 ** -149,
  Math.PI,
];

/** A value of this type, as types.ts says. */
export function randomValue(type: ValueType, random: Pick): unknown {
  const of = (part: ValueType | undefined): unknown => (part === undefined ? undefined : randomValue(part, random));
  switch (type.kind) {
    case "bool":
      return random(2) === 0;
    case "s8":
    case "s16":
    case "s32":
      return Number(BigInt.asIntN(Number(type.kind.slice(1)), integer(random, Number(type.kind.slice(1)))));
    case "u8":
    case "u16":
    case "u32":
      return Number(integer(random, Number(type.kind.slice(1))));
    case "s64":
      return BigInt.asIntN(64, integer(random, 64));
    case "u64":
      return integer(random, 64);
    case "f32":
      return Math.fround(oneOf(random, floats));
    case "f64":
      return oneOf(random, floats);
    case "char":
      return oneOf(random, characters);
    case "string":
      return times(random(8) === 0 ? random(400) : random(30), () =>
        oneOf(random, characters.slice(0, oneOf(random, [5, 8, 16]))),
      ).join("");
    case "list": {
      const count = random(20) === 0 ? random(300) : random(5);
      const elements = times(count, () => of(type.element));
      return type.element.kind === "u8" ? Uint8Array.from(elements as number[]) : elements;
    }
    case "record":
      return Object.fromEntries(type.fields.map(({ name, type: field }) => [camelCase(name), of(field)]));
    case "tuple":
      return type.items.map(of);
    case "variant": {
      const { name, type: payload } = oneOf(random, type.cases);
      return { tag: name, val: of(payload) };
    }
    case "enum":
      return oneOf(random, type.names);
    case "flags":
      return Number(integer(random, 32)) % 2 ** type.names.length;
    case "option":
      if (random(3) === 0) return undefined;
      return type.some.kind === "option" ? { val: of(type.some) } : of(type.some);
    case "result":
      return random(2) === 0 ? { tag: "ok", val: of(type.ok) } : { tag: "err", val: of(type.error) };
    default:
      throw new Error(`no values of ${type.kind}`);
  }
}
