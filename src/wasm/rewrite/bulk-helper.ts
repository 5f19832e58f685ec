import { i64, type ValueType } from "../module-info.ts";
import type { BulkOperation } from "./bulk-operations.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { CheckCode } from "./check-code.ts";

/** Pages of a memory of 4 GiB. */
const narrowPages = 65_536;

/**
 * The body of a function that does a bulk operation in pieces with a check before each. What the operation does in one go
 * it does as well: a range that is out of bounds traps before anything is written, and overlapping ranges are copied in
 * the direction that keeps the source.
 *
 * @param markFunction the function (address, length) → () that marks what is written: after it, or once it is sure that it fits
 */
export function bulkHelperBody(operation: BulkOperation, check: CheckCode, markFunction?: number): Uint8Array {
  return new BulkHelper(operation, check, markFunction).body();
}

class BulkHelper {
  readonly #operation: BulkOperation;
  readonly #check: CheckCode;
  readonly #writer = new ByteWriter(400);
  readonly #length: number;
  readonly #markFunction: number | undefined;

  constructor(operation: BulkOperation, check: CheckCode, markFunction: number | undefined) {
    this.#operation = operation;
    this.#check = check;
    this.#markFunction = markFunction;
    this.#length = operation.params.length - 1;
  }

  body(): Uint8Array {
    const { destination, source, inline, overlaps, piece } = this.#operation;
    const w = this.#writer;
    const n = this.#length;
    w.u8(0); // no locals
    // if (n <= inline) { the operation; return }
    this.#get(n);
    this.#constant(n, inline);
    this.#compare(n, "le");
    w.append([0x04, 0x40]);
    this.#all();
    this.#mark();
    w.append([0x0f, 0x0b]);
    this.#check.write(w);
    this.#probe();
    this.#mark();
    if (overlaps) {
      this.#get(destination);
      this.#get(source!);
      this.#compare(destination, "gt");
      w.append([0x04, 0x40]);
      this.#backwards();
      w.append([0x0f, 0x0b]);
    }
    // while (n > piece) { piece at the front; destination += piece; source += piece; n -= piece }
    this.#get(n);
    this.#constant(n, piece);
    this.#compare(n, "gt");
    w.append([0x04, 0x40, 0x03, 0x40]);
    this.#check.write(w);
    this.#operands((operand) => {
      if (operand === n) this.#constant(n, piece);
      else this.#get(operand);
    });
    for (const operand of source === undefined ? [destination] : [destination, source]) {
      this.#get(operand);
      this.#constant(operand, piece);
      this.#add(operand);
      w.append([0x21, operand]);
    }
    this.#shorten();
    this.#get(n);
    this.#constant(n, piece);
    this.#compare(n, "gt");
    w.append([0x0d, 0, 0x0b, 0x0b]);
    this.#check.write(w);
    this.#all();
    w.u8(0x0b);
    return w.written();
  }

  /**
   * Traps like the operation itself when a range does not fit: by the operation itself when its end is beyond all numbers,
   * otherwise by one of length zero at the end, which traps exactly when the whole would (WebAssembly 3.0, 4.6.8 and 4.6.9).
   * Where a range ends at 4 GiB, which as a number is 0, it fits exactly when its memory has as much.
   */
  #probe(): void {
    const { destination, source, narrowMemories } = this.#operation;
    const w = this.#writer;
    const n = this.#length;
    const ranges = source === undefined ? [destination] : [destination, source];
    for (const [i, operand] of ranges.entries()) {
      this.#endOf(operand);
      this.#get(operand);
      this.#compare(operand, "lt");
      const memory = narrowMemories[operand];
      if (memory !== undefined) {
        // … && (end | (memory.size ^ pages)) != 0
        this.#endOf(operand);
        w.u8(0x3f);
        w.u32(memory);
        this.#constant(operand, narrowPages);
        w.append([0x73, 0x72, 0x41, 0, 0x47, 0x71]);
      }
      if (i > 0) w.u8(0x72); // i32.or
    }
    w.append([0x04, 0x40]);
    this.#all();
    w.u8(0x0b);
    this.#operands((operand) => {
      if (operand === n) this.#constant(n, 0);
      else if (ranges.includes(operand)) this.#endOf(operand);
      else this.#get(operand);
    });
  }

  /** Before the pieces: a guest may be ended between two. */
  #mark(): void {
    if (this.#markFunction === undefined) return;
    const { destination } = this.#operation;
    const w = this.#writer;
    this.#get(destination);
    this.#get(this.#length);
    if (this.#type(destination) === i64 && this.#type(this.#length) !== i64) w.u8(0xad); // i64.extend_i32_u
    w.u8(0x10);
    w.u32(this.#markFunction);
  }

  /** while (n > piece) { n -= piece; piece at destination + n from source + n }; the rest */
  #backwards(): void {
    const { destination, source, piece } = this.#operation;
    const w = this.#writer;
    const n = this.#length;
    this.#get(n);
    this.#constant(n, piece);
    this.#compare(n, "gt");
    w.append([0x04, 0x40, 0x03, 0x40]);
    this.#check.write(w);
    this.#shorten();
    this.#operands((operand) => {
      if (operand === n) this.#constant(n, piece);
      else if (operand === destination || operand === source) this.#endOf(operand);
      else this.#get(operand);
    });
    this.#get(n);
    this.#constant(n, piece);
    this.#compare(n, "gt");
    w.append([0x0d, 0, 0x0b, 0x0b]);
    this.#check.write(w);
    this.#all();
  }

  #all(): void {
    this.#operands((operand) => this.#get(operand));
  }

  #operands(push: (operand: number) => void): void {
    const { code, params } = this.#operation;
    for (let i = 0; i < params.length; i++) push(i);
    this.#writer.append(code);
  }

  #type(operand: number): ValueType {
    return this.#operation.params[operand]!;
  }

  #get(operand: number): void {
    this.#writer.append([0x20, operand]);
  }

  #constant(operand: number, value: number): void {
    this.#writer.u8(this.#type(operand) === i64 ? 0x42 : 0x41);
    this.#writer.s32(value);
  }

  #add(operand: number): void {
    this.#writer.u8(this.#type(operand) === i64 ? 0x7c : 0x6a);
  }

  /** operand + n, as the operand's type. */
  #endOf(operand: number): void {
    this.#get(operand);
    this.#get(this.#length);
    if (this.#type(operand) === i64 && this.#type(this.#length) !== i64) this.#writer.u8(0xad); // i64.extend_i32_u
    this.#add(operand);
  }

  #shorten(): void {
    this.#get(this.#length);
    this.#constant(this.#length, this.#operation.piece);
    this.#writer.u8(this.#type(this.#length) === i64 ? 0x7d : 0x6b);
    this.#writer.append([0x21, this.#length]);
  }

  /** Unsigned, of two operands of the type of `operand`. */
  #compare(operand: number, how: "lt" | "gt" | "le"): void {
    const codes = this.#type(operand) === i64 ? { lt: 0x54, gt: 0x56, le: 0x58 } : { lt: 0x49, gt: 0x4b, le: 0x4d };
    this.#writer.u8(codes[how]);
  }
}
