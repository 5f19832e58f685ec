import { WarrenError } from "../base/errors.ts";
import { type LebFault, LebReader } from "../base/leb128.ts";
import { hex } from "../wasm/offset.ts";
import { type ComponentCaps, checkComponentCap } from "./caps.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the pieces that all sections of a component are made of, and says where and what when one is wrong. */
export class ComponentReader extends LebReader {
  readonly caps: ComponentCaps;
  /** The section being read, for errors: `the import section`. Undefined between sections. */
  part: string | undefined;
  /** Levels of components and types around what is being read. */
  depth = 0;
  readonly #totals: Partial<Record<keyof ComponentCaps, number>> = {};
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array, caps: ComponentCaps) {
    super(bytes);
    this.caps = caps;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws `component.malformed`. `text` goes on from "at 0x12 in the type section: ". */
  malformed(at: number, text: string): never {
    const place = this.part === undefined ? "" : ` in ${this.part}`;
    throw new WarrenError("component.malformed", `the component is malformed at ${hex(at)}${place}: ${text}`, {
      at,
      hint: "Build the component again; if it was copied or downloaded, compare its checksum.",
    });
  }

  /** Throws `component.async` for what only WASI 0.3 has. */
  async(at: number, what: string): never {
    throw new WarrenError(
      "component.async",
      `the component uses ${what} (at ${hex(at)}), which belongs to WASI 0.3: it is not supported yet`,
      { at, hint: "Build it for WASI 0.2." },
    );
  }

  /** Throws `component.unsupported` for what no release of WASI 0.2 uses. */
  unsupported(at: number, what: string): never {
    throw new WarrenError(
      "component.unsupported",
      `the component uses ${what} (at ${hex(at)}), which is not part of WASI 0.2`,
      { at, hint: "Build it for WASI 0.2, without proposals of the component model that are still experimental." },
    );
  }

  /** Throws for bytes that should have followed. Only between sections is it the file that is too short. */
  missing(at: number, text: string): never {
    if (this.part !== undefined || this.end < this.bytes.length) {
      this.malformed(at, `${text}, but it ends at ${hex(this.end)}`);
    }
    throw new WarrenError("component.truncated", `the component ends at ${hex(this.end)}: ${text}`, {
      at,
      hint: "The file was cut off: copy, download or build it again.",
    });
  }

  protected override lebFault(fault: LebFault, at: number): never {
    if (fault === "truncated") this.missing(at, "expected a LEB128 number");
    this.malformed(at, "expected a LEB128 number, found one with too many bytes or bits");
  }

  u8(expected: string): number {
    if (this.at >= this.end) this.missing(this.at, `expected ${expected}`);
    return this.bytes[this.at++]!;
  }

  /** A byte that can only have one value. */
  fixed(value: number, what: string): void {
    const at = this.at;
    const found = this.u8(what);
    if (found !== value) this.malformed(at, `expected ${hex(value)}, ${what}, found ${hex(found)}`);
  }

  /** Steps over `length` bytes. */
  skip(length: number, what: string): void {
    if (length > this.end - this.at) {
      this.missing(this.at, `expected ${length} bytes of ${what} from ${hex(this.at)} on`);
    }
    this.at += length;
  }

  /** Counts `more` of something that has a cap over the whole file. */
  add(cap: keyof ComponentCaps, more: number, at: number): void {
    const total = (this.#totals[cap] ?? 0) + more;
    this.#totals[cap] = total;
    checkComponentCap(this.caps, cap, total, at);
  }

  /** Reads a vector. Its items count for `cap`, and each of them takes at least one byte. */
  vector<T>(cap: keyof ComponentCaps, item: () => T): T[] {
    const at = this.at;
    const count = this.u32();
    this.add(cap, count, at);
    if (count > this.end - this.at) {
      this.malformed(at, `a count of ${count} items, but only ${this.end - this.at} bytes are left`);
    }
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item());
    return items;
  }

  /** What may be left out: 0x00, or 0x01 and the item. */
  optional<T>(what: string, item: () => T): T | undefined {
    const at = this.at;
    const there = this.u8(what);
    if (there > 1) this.malformed(at, `expected 0x00 or 0x01 before ${what}, found ${hex(there)}`);
    return there === 0 ? undefined : item();
  }

  name(what: string): string {
    const at = this.at;
    const length = this.u32();
    checkComponentCap(this.caps, "nameBytes", length, at);
    this.add("namesBytes", length, at);
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

  /** Reads what is one level deeper. */
  nested<T>(at: number, read: () => T): T {
    checkComponentCap(this.caps, "nesting", ++this.depth, at);
    const result = read();
    this.depth--;
    return result;
  }
}
