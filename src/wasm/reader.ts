import { WarrenError } from "../base/errors.ts";
import { checkCap, type ModuleCaps } from "./caps.ts";
import { abstractHeapType, referenceType, type ValueType } from "./module-info.ts";
import { hex } from "./offset.ts";
import { SectionReader } from "./section-reader.ts";

/** Reads a module's sections. */
export class ModuleReader extends SectionReader {
  readonly caps: ModuleCaps;
  /** Types that a type index may name at this point of the file. */
  typeCount = 0;
  #namesBytes = 0;

  constructor(bytes: Uint8Array, caps: ModuleCaps) {
    super(bytes);
    this.caps = caps;
  }

  /** Throws `module.malformed`. */
  override malformed(at: number, text: string): never {
    throw new WarrenError("module.malformed", `the module is malformed at ${hex(at)}${this.place}: ${text}`, {
      at,
      hint: "Compile the program again; if it was copied or downloaded, compare its checksum.",
    });
  }

  /** Throws `module.truncated`, or `module.malformed` within a section. */
  override missing(at: number, text: string): never {
    if (this.part !== undefined) this.malformed(at, `${text}, but it ends at ${hex(this.end)}`);
    throw new WarrenError("module.truncated", `the module ends at ${hex(this.end)}: ${text}`, {
      at,
      hint: "The file was cut off: copy, download or compile it again.",
    });
  }

  /** How many items follow, checked against a cap and against the bytes that are left (each item takes at least one). */
  count(cap: keyof ModuleCaps, already = 0): number {
    const at = this.at;
    const count = this.u32();
    checkCap(this.caps, cap, count + already, at);
    this.checkFits(count, at);
    return count;
  }

  /** An index into something of which there are `count`. */
  index(what: string, count: number): number {
    const at = this.at;
    const index = this.u32();
    if (index >= count) this.malformed(at, `${what} ${index} does not exist: there are ${count}`);
    return index;
  }

  protected override checkName(length: number, at: number): void {
    checkCap(this.caps, "nameBytes", length, at);
    this.#namesBytes += length;
    checkCap(this.caps, "namesBytes", this.#namesBytes, at);
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
