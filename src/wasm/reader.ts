import { WarrenError } from "../base/errors.ts";
import { type LebFault, LebReader } from "../base/leb128.ts";
import { checkCap, type ModuleCaps } from "./caps.ts";
import { abstractHeapType, referenceType, type ValueType } from "./module-info.ts";
import { hex } from "./offset.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the pieces that all sections are made of, and says where and what when one is wrong. */
export class ModuleReader extends LebReader {
  readonly caps: ModuleCaps;
  /** The section being read, for errors: `the import section`. Undefined between sections. */
  part: string | undefined;
  /** Types that a type index may name at this point of the file. */
  typeCount = 0;
  #namesBytes = 0;
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array, caps: ModuleCaps) {
    super(bytes);
    this.caps = caps;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws `module.malformed`. `text` goes on from "at 0x12 in the type section: ". */
  malformed(at: number, text: string): never {
    throw new WarrenError("module.malformed", `the module is malformed at ${hex(at)}${this.#place()}: ${text}`, {
      at,
      hint: "Compile the program again; if it was copied or downloaded, compare its checksum.",
    });
  }

  /** Throws for bytes that should have followed. Only between sections is it the file that is too short. */
  missing(at: number, text: string): never {
    if (this.part !== undefined) this.malformed(at, `${text}, but it ends at ${hex(this.end)}`);
    throw new WarrenError("module.truncated", `the module ends at ${hex(this.end)}: ${text}`, {
      at,
      hint: "The file was cut off: copy, download or compile it again.",
    });
  }

  #place(): string {
    return this.part === undefined ? "" : ` in ${this.part}`;
  }

  protected override lebFault(fault: LebFault, at: number): never {
    if (fault === "truncated") this.missing(at, "expected a LEB128 number");
    this.malformed(at, "expected a LEB128 number, found one with too many bytes or bits");
  }

  u8(expected: string): number {
    if (this.at >= this.end) this.missing(this.at, `expected ${expected}`);
    return this.bytes[this.at++]!;
  }

  /** Steps over `length` bytes. */
  skip(length: number, what: string): void {
    if (length > this.end - this.at) {
      this.missing(this.at, `expected ${length} bytes of ${what} from ${hex(this.at)} on`);
    }
    this.at += length;
  }

  /** How many items follow, checked against a cap and against the bytes that are left (each item takes at least one). */
  count(cap: keyof ModuleCaps, already = 0): number {
    const at = this.at;
    const count = this.u32();
    checkCap(this.caps, cap, count + already, at);
    this.checkFits(count, at);
    return count;
  }

  /** Refuses a count that the rest of the section cannot hold, before anything is made for it. */
  checkFits(count: number, at: number): void {
    if (count > this.end - this.at) {
      this.malformed(at, `a count of ${count} items, but only ${this.end - this.at} bytes are left`);
    }
  }

  /** An index into something of which there are `count`. */
  index(what: string, count: number): number {
    const at = this.at;
    const index = this.u32();
    if (index >= count) this.malformed(at, `${what} ${index} does not exist: there are ${count}`);
    return index;
  }

  name(what: string): string {
    const at = this.at;
    const length = this.u32();
    checkCap(this.caps, "nameBytes", length, at);
    this.#namesBytes += length;
    checkCap(this.caps, "namesBytes", this.#namesBytes, at);
    const from = this.at;
    this.skip(length, what);
    for (let i = from; i < this.at; i++) {
      if (this.bytes[i]! >= 0x80) return this.#utf8(from, what);
    }
    return this.#buffer.toString("latin1", from, this.at);
  }

  #utf8(from: number, what: string): string {
    try {
      return utf8.decode(this.bytes.subarray(from, this.at));
    } catch {
      this.malformed(from, `${what} is not UTF-8`);
    }
  }

  valueType(): ValueType {
    const at = this.at;
    const byte = this.u8("a value type");
    if (isNumeric(byte) || isAbstractHeapType(byte)) return byte;
    if (byte !== 0x63 && byte !== 0x64) this.malformed(at, `expected a value type, found ${hex(byte)}`);
    const heap = this.heapType();
    // (ref null func) is funcref, and so on: one code for one type.
    return byte === 0x63 && heap >= 0x80_0000 ? heap - 0x80_0000 : referenceType(byte, heap);
  }

  referenceType(): ValueType {
    const at = this.at;
    const type = this.valueType();
    if (isNumeric(type)) this.malformed(at, `expected a reference type, found ${hex(type)}`);
    return type;
  }

  heapType(): number {
    const at = this.at;
    const heap = this.s33();
    if (heap >= 0) {
      if (heap >= this.typeCount) this.malformed(at, `type ${heap} does not exist: there are ${this.typeCount}`);
      return heap;
    }
    const byte = heap + 0x80;
    if (!isAbstractHeapType(byte)) this.malformed(at, `expected a heap type, found ${heap}`);
    return abstractHeapType(byte);
  }
}

/** i32, i64, f32, f64, v128. */
function isNumeric(type: number): boolean {
  return type >= 0x7b && type <= 0x7f;
}

/** From exn (0x69) to noexn (0x74). */
function isAbstractHeapType(byte: number): boolean {
  return byte >= 0x69 && byte <= 0x74;
}
