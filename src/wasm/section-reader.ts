import { type LebFault, LebReader } from "../base/leb128.ts";
import { hex } from "./offset.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the pieces that sections are made of, in modules and in components, and says where and what when one is wrong. */
export abstract class SectionReader extends LebReader {
  /** The section being read, for errors: `the import section`. Undefined between sections. */
  part: string | undefined;
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws for what is not as it must be. `text` goes on from "at 0x12 in the type section: ". */
  abstract malformed(at: number, text: string): never;

  /** Throws for bytes that should have followed. Only between sections is it the file that is too short. */
  abstract missing(at: number, text: string): never;

  /** Of {@link part}, for a sentence. */
  protected get place(): string {
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

  /** Refuses a count that the rest of the section cannot hold, each item taking at least a byte, before anything is made for it. */
  checkFits(count: number, at: number): void {
    if (count > this.end - this.at) {
      this.malformed(at, `a count of ${count} items, but only ${this.end - this.at} bytes are left`);
    }
  }

  name(what: string): string {
    const at = this.at;
    const length = this.u32();
    this.checkName(length, at);
    const from = this.at;
    this.skip(length, what);
    for (let i = from; i < this.at; i++) {
      if (this.bytes[i]! >= 0x80) return this.#utf8(from, what);
    }
    return this.#buffer.toString("latin1", from, this.at);
  }

  /** Throws when a name of so many bytes is too long, or one too many of them. */
  protected abstract checkName(length: number, at: number): void;

  #utf8(from: number, what: string): string {
    try {
      return utf8.decode(this.bytes.subarray(from, this.at));
    } catch {
      this.malformed(from, `${what} is not UTF-8`);
    }
  }
}
