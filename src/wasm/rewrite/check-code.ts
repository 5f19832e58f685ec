import type { ByteWriter } from "./byte-writer.ts";

/** Writes checks: `i32.const 0 ; i32.load $epoch ; if ; call $slow ; end`. No stack is touched, so one may stand anywhere. */
export class CheckCode {
  readonly #before: readonly number[];
  readonly #after: readonly number[];

  /** @param epoch the index of the memory whose first word is raised @param slow the index of the slow path's function */
  constructor(epoch: number, slow: number) {
    // A plain load: an atomic one costs 6 % more, and V8 does not move loads out of loops that may store.
    this.#before = [0x41, 0x00, 0x28, 0x42, ...u32(epoch), 0x00];
    this.#after = [0x04, 0x40, 0x10, ...u32(slow), 0x0b];
  }

  /** Returns the offset of the branch, for its hint. */
  write(writer: ByteWriter): number {
    writer.append(this.#before);
    const branch = writer.length;
    writer.append(this.#after);
    return branch;
  }
}

/** A number as LEB128 of 32 bits. */
export function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}
