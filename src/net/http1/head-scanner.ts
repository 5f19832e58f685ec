import { WarrenError } from "../../base/errors.ts";
import { CR, LF, lineByte } from "./bytes.ts";

/**
 * Finds the end of a head (request, response) that arrives in pieces, and where its lines begin. Each byte is looked at
 * once, in order, so that how the bytes were split never changes the result. A line ends with CRLF and nothing else: RFC
 * 9112 §2.2 lets a recipient take a bare LF, which is what request smuggling lives on.
 */
export class HeadScanner {
  /** Where the lines begin, counted from the head's first byte; the entry after the last one is the empty line. */
  readonly lines: Uint32Array;
  lineCount = 0;

  readonly #bytesMax: number;
  #at = 0;
  #lineStart = 0;

  constructor(bytesMax: number, fieldsMax: number) {
    this.#bytesMax = bytesMax;
    this.lines = new Uint32Array(fieldsMax + 2);
  }

  /** Begins a new head. */
  reset(): void {
    this.lineCount = 0;
    this.#at = 0;
    this.#lineStart = 0;
  }

  /**
   * Goes on over a head that begins at `start`. The index after its empty line, or -1 when more bytes are needed. Throws
   * `head.malformed` (400), `head.too-large` (431) or `head.line-too-long` (414, the first line alone is over the limit).
   */
  scan(bytes: Uint8Array, start: number): number {
    const lines = this.lines;
    const limit = Math.min(bytes.length, start + this.#bytesMax);
    let lineStart = start + this.#lineStart;
    let at = start + this.#at;
    for (; at < limit; at++) {
      const byte = bytes[at]!;
      if (lineByte[byte] === 1) continue;
      if (byte !== CR) {
        throw new WarrenError(
          "head.malformed",
          byte === LF ? "a line ends without CR" : "a control character in the head",
          { at: at - start },
        );
      }
      if (at + 1 === limit) break;
      if (bytes[at + 1] !== LF) throw new WarrenError("head.malformed", "CR without LF", { at: at - start });
      if (this.lineCount === lines.length - 1 && at !== lineStart) {
        throw new WarrenError("head.too-large", `more than ${lines.length - 2} fields`, { status: 431 });
      }
      lines[this.lineCount] = lineStart - start;
      if (at === lineStart) return at + 2;
      this.lineCount++;
      at++;
      lineStart = at + 1;
    }
    if (limit - start === this.#bytesMax) {
      if (this.lineCount === 0)
        throw new WarrenError("head.line-too-long", "the first line is too long", { status: 414 });
      throw new WarrenError("head.too-large", `the head is over ${this.#bytesMax} bytes`, { status: 431 });
    }
    this.#at = at - start;
    this.#lineStart = lineStart - start;
    return -1;
  }
}
