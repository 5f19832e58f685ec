import { WarrenError } from "../base/errors.ts";
import { hex } from "../wasm/offset.ts";
import { SectionReader } from "../wasm/section-reader.ts";
import { type ComponentCaps, checkComponentCap } from "./caps.ts";

/** Reads a component's sections. */
export class ComponentReader extends SectionReader {
  readonly caps: ComponentCaps;
  /** Levels of components and types around what is being read. */
  depth = 0;
  readonly #totals: Partial<Record<keyof ComponentCaps, number>> = {};

  constructor(bytes: Uint8Array, caps: ComponentCaps) {
    super(bytes);
    this.caps = caps;
  }

  /** Throws `component.malformed`. */
  override malformed(at: number, text: string): never {
    throw new WarrenError("component.malformed", `the component is malformed at ${hex(at)}${this.place}: ${text}`, {
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

  /** Throws `component.truncated`, or `component.malformed` within a section. */
  override missing(at: number, text: string): never {
    if (this.part !== undefined || this.end < this.bytes.length) {
      this.malformed(at, `${text}, but it ends at ${hex(this.end)}`);
    }
    throw new WarrenError("component.truncated", `the component ends at ${hex(this.end)}: ${text}`, {
      at,
      hint: "The file was cut off: copy, download or build it again.",
    });
  }

  /** A byte that can only have one value. */
  fixed(value: number, what: string): void {
    const at = this.at;
    const found = this.u8(what);
    if (found !== value) this.malformed(at, `expected ${hex(value)}, ${what}, found ${hex(found)}`);
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
    this.checkFits(count, at);
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

  protected override checkName(length: number, at: number): void {
    checkComponentCap(this.caps, "nameBytes", length, at);
    this.add("namesBytes", length, at);
  }

  /** Reads what is one level deeper. */
  nested<T>(at: number, read: () => T): T {
    checkComponentCap(this.caps, "nesting", ++this.depth, at);
    const result = read();
    this.depth--;
    return result;
  }
}
