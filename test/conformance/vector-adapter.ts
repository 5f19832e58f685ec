// Calls functions whose parameters or results JavaScript cannot hold, by a module made for the call: it pushes constants and
// stores the results.
import { encodeUnsigned } from "../../src/base/leb128.ts";

interface Argument {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const valueTypes: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const stores: Readonly<Record<string, readonly number[]>> = {
  i32: [0x36, 2],
  i64: [0x37, 3],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [0xfd, 11, 4],
};

/** The results of V8's own type checks tell which result it has: those of the suite have at most one vector or two scalars. */
const resultLists: readonly (readonly string[])[] = [
  ["v128"],
  [],
  ["i32"],
  ["i64"],
  ["f32"],
  ["f64"],
  ["v128", "v128"],
  ["v128", "i32"],
  ["i32", "v128"],
];

/** The hexadecimal bytes of its results. Throws what the function throws, or a TypeError for what it cannot call. */
export function adapt(target: WebAssembly.ExportValue, args: readonly Argument[]): string {
  if (args.some(({ type }) => valueTypes[type] === undefined)) throw new TypeError("not a number");
  for (const results of resultLists) {
    let instance: WebAssembly.Instance;
    try {
      const module = new WebAssembly.Module(adapter(args, results) as BufferSource);
      instance = new WebAssembly.Instance(module, { m: { f: target as WebAssembly.ImportValue } });
    } catch (error) {
      // The signature of an import must be the very one.
      if (error instanceof WebAssembly.LinkError) continue;
      throw error;
    }
    (instance.exports.f as () => void)();
    return Buffer.from((instance.exports.m as WebAssembly.Memory).buffer, 0, 64).toString("hex");
  }
  throw new TypeError("no signature fits");
}

function adapter(args: readonly Argument[], results: readonly string[]): Uint8Array {
  const section = (id: number, ...content: readonly number[]) => [id, ...encodeUnsigned(content.length), ...content];
  const types = (list: readonly string[]) => [list.length, ...list.map((type) => valueTypes[type]!)];
  const params = args.map(({ type }) => type);
  // Local i is result i; the last one is on top of the stack.
  const last = results.length - 1;
  const body = [
    ...[results.length, ...results.flatMap((type) => [1, valueTypes[type]!])],
    ...args.flatMap(push),
    ...[0x10, 0],
    ...results.flatMap((_, i) => [0x21, last - i]),
    ...results.flatMap((type, i) => [0x41, i * 16, 0x20, i, ...stores[type]!, 0]),
    0x0b,
  ];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, 0x60, ...types(params), ...types(results), 0x60, 0, 0),
    ...section(2, 1, 1, 0x6d, 1, 0x66, 0, 0),
    ...section(3, 1, 1),
    ...section(5, 1, 0, 1),
    ...section(7, 2, 1, 0x66, 0, 1, 1, 0x6d, 2, 0),
    ...section(10, 1, ...encodeUnsigned(body.length), ...body),
  ]);
}

function push({ type, bytes }: Argument): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case "i32":
      return [0x41, ...signed(BigInt(view.getInt32(0, true)))];
    case "i64":
      return [0x42, ...signed(view.getBigInt64(0, true))];
    case "f32":
      return [0x43, ...bytes];
    case "f64":
      return [0x44, ...bytes];
    default:
      return [0xfd, 12, ...bytes];
  }
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const next = rest >> 7n;
    if ((next === 0n && (low & 0x40) === 0) || (next === -1n && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
