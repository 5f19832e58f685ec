import { i32, type ModuleInfo, type ValueType } from "../module-info.ts";
import { ByteWriter } from "./byte-writer.ts";
import { u32 } from "./check-code.ts";

/** Functions and types that are put behind the module's own, so that no index of those changes. */
export class Appended {
  readonly functions: { readonly type: number; readonly body: Uint8Array; readonly name: string }[] = [];
  readonly types: Uint8Array[] = [];
  readonly #firstFunction: number;
  readonly #firstType: number;
  readonly #typeNumbers = new Map<string, number>();

  constructor(info: ModuleInfo) {
    this.#firstFunction = info.functionTypes.length;
    this.#firstType = info.types.length;
  }

  /** The index of a function type. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}:${results.join()}`;
    let number = this.#typeNumbers.get(key);
    if (number === undefined) {
      number = this.#firstType + this.types.length;
      this.#typeNumbers.set(key, number);
      const writer = new ByteWriter(32);
      writer.u8(0x60);
      for (const list of [params, results]) {
        writer.u32(list.length);
        for (const type of list) writeValueType(writer, type);
      }
      this.types.push(writer.written());
    }
    return number;
  }

  /** Adds a function, its body without its size, and returns its index. */
  function(type: number, body: Uint8Array, name: string): number {
    this.functions.push({ type, body, name });
    return this.#firstFunction + this.functions.length - 1;
  }
}

export function writeValueType(writer: ByteWriter, type: ValueType): void {
  if (type < 0x100) {
    writer.u8(type);
    return;
  }
  writer.u8(Math.floor(type / 0x100_0000));
  const heap = type % 0x100_0000;
  if (heap >= 0x80_0000) writer.u8(heap - 0x80_0000);
  else writer.s32(heap);
}

/**
 * The body of the slow path: asks the tick in slot 0 of the table; 0 means to call the yield in slot 1, less than 0 to end
 * by a trap, which no catch_all of the guest can catch.
 */
export function slowPathBody(answerType: number, table: number): Uint8Array {
  const call = [0x11, ...u32(answerType), ...u32(table)];
  return Uint8Array.of(
    ...[1, 1, i32], // one local
    ...[0x41, 0, ...call, 0x22, 0], // tick
    ...[0x45, 0x04, 0x40, 0x41, 1, ...call, 0x21, 0, 0x0b], // 0: yield
    ...[0x20, 0, 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b], // < 0: unreachable
    0x0b,
  );
}
