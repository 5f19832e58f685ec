import type { FunctionType, ValueType } from "../../types.ts";
import { camelCase } from "../names.ts";

// Lifting as CanonicalABI.md has it, line by line and without a thought for speed: the generated code is compared with this. Names are
// those of the standard's definitions.

/** The guest must be ended here. */
export class Trap extends Error {}

const trapIf = (condition: boolean, reason: string): void => {
  if (condition) throw new Trap(reason);
};

interface Case {
  readonly name: string;
  readonly type: ValueType | undefined;
}

/** A type as one of the few that the standard reduces all to. */
function despecialize(
  type: ValueType,
): { readonly record: readonly Case[] } | { readonly variant: readonly Case[] } | undefined {
  switch (type.kind) {
    case "record":
      return { record: type.fields };
    case "tuple":
      return { record: type.items.map((item, index) => ({ name: String(index), type: item })) };
    case "variant":
      return { variant: type.cases };
    case "enum":
      return { variant: type.names.map((name) => ({ name, type: undefined })) };
    case "option":
      return {
        variant: [
          { name: "none", type: undefined },
          { name: "some", type: type.some },
        ],
      };
    case "result":
      return {
        variant: [
          { name: "ok", type: type.ok },
          { name: "err", type: type.error },
        ],
      };
    default:
      return undefined;
  }
}

const alignTo = (pointer: number, align: number): number => Math.ceil(pointer / align) * align;
const bytesOf: Readonly<Record<string, number>> = {
  bool: 1,
  u8: 1,
  s8: 1,
  u16: 2,
  s16: 2,
  u32: 4,
  s32: 4,
  u64: 8,
  s64: 8,
  f32: 4,
  f64: 8,
  char: 4,
  own: 4,
  borrow: 4,
};
const flagBytes = (count: number): number => (count <= 8 ? 1 : count <= 16 ? 2 : 4);
const discriminantBytes = (count: number): number => Math.max(1, [0, 1, 2, 4][Math.ceil(Math.log2(count) / 8)]!);
const payloadAlignment = (cases: readonly Case[]): number =>
  Math.max(1, ...cases.map(({ type }) => (type === undefined ? 1 : alignment(type))));

function alignment(type: ValueType): number {
  const parts = despecialize(type);
  if (parts !== undefined && "record" in parts)
    return Math.max(1, ...parts.record.map((field) => alignment(field.type!)));
  if (parts !== undefined) return Math.max(discriminantBytes(parts.variant.length), payloadAlignment(parts.variant));
  if (type.kind === "flags") return flagBytes(type.names.length);
  return type.kind === "string" || type.kind === "list" ? 4 : bytesOf[type.kind]!;
}

function elementSize(type: ValueType): number {
  const parts = despecialize(type);
  if (parts !== undefined && "record" in parts) {
    let size = 0;
    for (const field of parts.record) size = alignTo(size, alignment(field.type!)) + elementSize(field.type!);
    return alignTo(size, alignment(type));
  }
  if (parts !== undefined) {
    const payload = Math.max(0, ...parts.variant.map((one) => (one.type === undefined ? 0 : elementSize(one.type))));
    return alignTo(
      alignTo(discriminantBytes(parts.variant.length), payloadAlignment(parts.variant)) + payload,
      alignment(type),
    );
  }
  if (type.kind === "flags") return flagBytes(type.names.length);
  return type.kind === "string" || type.kind === "list" ? 8 : bytesOf[type.kind]!;
}

type Flat = "i32" | "i64" | "f32" | "f64";
type CoreValue = number | bigint;

function flattenType(type: ValueType): Flat[] {
  const parts = despecialize(type);
  if (parts !== undefined && "record" in parts) return parts.record.flatMap((field) => flattenType(field.type!));
  if (parts !== undefined) {
    const flat: Flat[] = [];
    for (const one of parts.variant)
      for (const [index, want] of (one.type === undefined ? [] : flattenType(one.type)).entries())
        flat[index] = flat[index] === undefined ? want : join(flat[index], want);
    return ["i32", ...flat];
  }
  switch (type.kind) {
    case "string":
    case "list":
      return ["i32", "i32"];
    case "s64":
    case "u64":
      return ["i64"];
    case "f32":
    case "f64":
      return [type.kind];
    default:
      return ["i32"];
  }
}

function join(a: Flat, b: Flat): Flat {
  if (a === b) return a;
  if ((a === "i32" && b === "f32") || (a === "f32" && b === "i32")) return "i32";
  return "i64";
}

/** The core parameters of a function that a guest calls, without the place for its result. */
export function coreParameters({ parameters }: FunctionType): readonly Flat[] {
  const flat = parameters.flatMap(({ type }) => flattenType(type));
  return flat.length > 16 ? ["i32"] : flat;
}

/** A memory, and in what strings are. */
export interface LiftContext {
  readonly memory: DataView;
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
}

/** What a guest's call gives to the host. */
export function liftArguments(cx: LiftContext, { parameters }: FunctionType, values: readonly CoreValue[]): unknown[] {
  const types = parameters.map(({ type }) => type);
  const flat = types.flatMap(flattenType);
  if (flat.length > 16) {
    const tuple: ValueType = { kind: "tuple", items: types };
    const pointer = Number(values[0]) >>> 0;
    checkArea(cx, pointer, elementSize(tuple), alignment(tuple));
    return load(cx, pointer, tuple) as unknown[];
  }
  const iterator = new CoreValues(values.map((value, index) => [flat[index]!, value]));
  return types.map((type) => liftFlat(cx, iterator, type));
}

class CoreValues {
  readonly #values: (readonly [Flat, CoreValue])[];

  constructor(values: (readonly [Flat, CoreValue])[]) {
    this.#values = values;
  }

  /** The next, whose type is `want` in its case, whatever it is in the variants around it. */
  next(want: Flat): CoreValue {
    const [have, value] = this.#values.shift()!;
    if (have === want) return value;
    const bits = typeof value === "bigint" ? BigInt.asUintN(64, value) : BigInt(value >>> 0);
    if (want === "i32") return Number(BigInt.asUintN(32, bits));
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, bits, true);
    return want === "f32" ? view.getFloat32(0, true) : view.getFloat64(0, true);
  }

  /** As many as these, of which one case has fewer. */
  take(count: number): CoreValues {
    return new CoreValues(this.#values.splice(0, count));
  }
}

function checkArea(cx: LiftContext, pointer: number, bytes: number, align: number): void {
  trapIf(pointer !== alignTo(pointer, align), "alignment");
  trapIf(pointer + bytes > cx.memory.byteLength, "bounds");
}

function liftFlat(cx: LiftContext, values: CoreValues, type: ValueType): unknown {
  const parts = despecialize(type);
  if (parts !== undefined && "record" in parts)
    return recordOf(
      type,
      parts.record.map((field) => liftFlat(cx, values, field.type!)),
    );
  if (parts !== undefined) {
    const all = values.take(flattenType(type).length);
    const tag = Number(all.next("i32")) >>> 0;
    trapIf(tag >= parts.variant.length, "case");
    const one = parts.variant[tag]!;
    return variantOf(type, one, one.type === undefined ? undefined : liftFlat(cx, all, one.type));
  }
  switch (type.kind) {
    case "string":
    case "list": {
      const pointer = Number(values.next("i32")) >>> 0;
      return sequence(cx, type, pointer, Number(values.next("i32")) >>> 0);
    }
    case "s64":
      return BigInt.asIntN(64, values.next("i64") as bigint);
    case "u64":
      return BigInt.asUintN(64, values.next("i64") as bigint);
    case "f32":
    case "f64":
      return values.next(type.kind);
    default:
      return fromInt(type, Number(values.next("i32")) >>> 0);
  }
}

function load(cx: LiftContext, pointer: number, type: ValueType): unknown {
  const parts = despecialize(type);
  if (parts !== undefined && "record" in parts) {
    let at = pointer;
    const fields = parts.record.map((field) => {
      at = alignTo(at, alignment(field.type!));
      const value = load(cx, at, field.type!);
      at += elementSize(field.type!);
      return value;
    });
    return recordOf(type, fields);
  }
  if (parts !== undefined) {
    const bytes = discriminantBytes(parts.variant.length);
    const tag = loadInt(cx, pointer, bytes);
    trapIf(tag >= parts.variant.length, "case");
    const one = parts.variant[tag]!;
    const at = alignTo(pointer + bytes, payloadAlignment(parts.variant));
    return variantOf(type, one, one.type === undefined ? undefined : load(cx, at, one.type));
  }
  switch (type.kind) {
    case "string":
    case "list":
      return sequence(cx, type, loadInt(cx, pointer, 4), loadInt(cx, pointer + 4, 4));
    case "s64":
      return cx.memory.getBigInt64(pointer, true);
    case "u64":
      return cx.memory.getBigUint64(pointer, true);
    case "f32":
      return cx.memory.getFloat32(pointer, true);
    case "f64":
      return cx.memory.getFloat64(pointer, true);
    default:
      return fromInt(type, loadInt(cx, pointer, elementSize(type)));
  }
}

function loadInt({ memory }: LiftContext, pointer: number, bytes: number): number {
  if (bytes === 1) return memory.getUint8(pointer);
  return bytes === 2 ? memory.getUint16(pointer, true) : memory.getUint32(pointer, true);
}

/** A value that is in one unsigned integer. */
function fromInt(type: ValueType, value: number): unknown {
  switch (type.kind) {
    case "bool":
      return value !== 0;
    case "char":
      trapIf(value >= 0x110000 || (value >= 0xd800 && value <= 0xdfff), "char");
      return String.fromCodePoint(value);
    case "flags":
      return value % 2 ** type.names.length;
    case "s8":
    case "s16":
    case "s32":
      return Number(BigInt.asIntN(Number(type.kind.slice(1)), BigInt(value)));
    default:
      return Number(BigInt.asUintN(Number(type.kind.slice(1)), BigInt(value)));
  }
}

const bytesMax = 2 ** 28 - 1;

function sequence(cx: LiftContext, type: ValueType, pointer: number, length: number): unknown {
  if (type.kind === "string") return loadString(cx, pointer, length);
  if (type.kind !== "list") throw new Error("no sequence");
  const size = elementSize(type.element);
  trapIf(length * size > bytesMax, "length");
  checkArea(cx, pointer, length * size, alignment(type.element));
  const elements = Array.from({ length }, (_, index) => load(cx, pointer + index * size, type.element));
  return type.element.kind === "u8" ? Uint8Array.from(elements as number[]) : elements;
}

function loadString(cx: LiftContext, pointer: number, tagged: number): string {
  const wide = cx.encoding === "utf16" || (cx.encoding === "latin1+utf16" && tagged >= 2 ** 31);
  const units = cx.encoding === "latin1+utf16" ? tagged % 2 ** 31 : tagged;
  const bytes = wide ? units * 2 : units;
  trapIf(bytes > bytesMax, "length");
  checkArea(cx, pointer, bytes, cx.encoding === "utf8" ? 1 : 2);
  const range = new Uint8Array(cx.memory.buffer, pointer, bytes);
  if (!wide && cx.encoding === "latin1+utf16") return Array.from(range, (byte) => String.fromCharCode(byte)).join("");
  try {
    return new TextDecoder(wide ? "utf-16le" : "utf-8", { fatal: true, ignoreBOM: true }).decode(range);
  } catch {
    throw new Trap("encoding");
  }
}

function recordOf(type: ValueType, values: readonly unknown[]): unknown {
  if (type.kind !== "record") return values;
  return Object.fromEntries(type.fields.map(({ name }, index) => [camelCase(name), values[index]]));
}

function variantOf(type: ValueType, one: Case, value: unknown): unknown {
  if (type.kind === "enum") return one.name;
  if (type.kind !== "option") return { tag: one.name, val: value };
  if (one.name === "none") return undefined;
  return type.some.kind === "option" ? { val: value } : value;
}
