import { WarrenError } from "../../base/errors.ts";
import type { Field } from "../target.ts";
import { CR, hexValue, LF, lineByte, SEMICOLON, tokenByte } from "./bytes.ts";
import { mayBeTrailer } from "./trailer.ts";

/** Bytes of chunk extensions in one body: nobody uses them, and a flood costs a reader time for no data. */
const extensionBytesMax = 4096;
const trailerBytesMax = 8192;
const sizeDigitsMax = 16;

type State = "size" | "extension" | "size-lf" | "data" | "data-cr" | "data-lf" | "trailer" | "trailer-lf" | "done";

/**
 * Follows a chunked body (RFC 9112 §7.1) and checks every byte of its framing, so that it can be passed on as it is. Knows
 * where the data lies for readers that want it without the framing.
 */
export class ChunkedBody {
  /** Of the last {@link step}: where its data lies. */
  dataFrom = 0;
  dataTo = 0;

  /** More data than that is none that is wanted: {@link tooLarge} says so. */
  bytesMax: number = Number.POSITIVE_INFINITY;
  tooLarge: () => Error = () => broken("the body is too long");
  #bytes = 0;

  /** The fields behind the last chunk; complete when {@link done}. */
  readonly trailers: Field[] = [];

  #state: State = "size";
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #line: number[] = [];

  get done(): boolean {
    return this.#state === "done";
  }

  /** Goes on to the body's end or to the end of the bytes: the index reached. Throws `body.chunk` (400). */
  skip(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.#state !== "done") at = this.step(bytes, at);
    return at;
  }

  /** As {@link skip}, but stops after each piece of data, `dataFrom` to `dataTo` (which may be empty). */
  step(bytes: Uint8Array, from: number): number {
    this.dataFrom = this.dataTo = from;
    let at = from;
    while (at < bytes.length) {
      if (this.#state === "data") {
        const to = Math.min(bytes.length, at + this.#size);
        this.#size -= to - at;
        if (this.#size === 0) this.#state = "data-cr";
        this.dataFrom = at;
        this.dataTo = to;
        return to;
      }
      this.#framing(bytes[at]!);
      at++;
      if (this.#state === "done") break;
    }
    return at;
  }

  #framing(byte: number): void {
    switch (this.#state) {
      case "size":
        this.#sizeByte(byte);
        return;
      case "extension":
        if (byte === CR) this.#state = "size-lf";
        else if (lineByte[byte] === 0) throw broken("a control character in a chunk extension");
        else if (++this.#extensionBytes > extensionBytesMax)
          throw broken(`chunk extensions of over ${extensionBytesMax} bytes`);
        return;
      case "size-lf":
        if (byte !== LF) throw broken("a chunk's size does not end with CRLF");
        this.#state = this.#size === 0 ? "trailer" : "data";
        this.#bytes += this.#size;
        // Before any of the chunk that goes over it.
        if (this.#bytes > this.bytesMax) throw this.tooLarge();
        this.#digits = 0;
        return;
      case "data-cr":
        if (byte !== CR) throw broken("a chunk is longer than its size");
        this.#state = "data-lf";
        return;
      case "data-lf":
        if (byte !== LF) throw broken("a chunk does not end with CRLF");
        this.#state = "size";
        return;
      case "trailer":
        if (byte === CR) this.#state = "trailer-lf";
        else if (lineByte[byte] === 0) throw broken("a control character in a trailer");
        else if (++this.#trailerBytes > trailerBytesMax) throw broken(`trailers of over ${trailerBytesMax} bytes`);
        else this.#line.push(byte);
        return;
      case "trailer-lf":
        if (byte !== LF) throw broken("a trailer does not end with CRLF");
        this.#trailerLine();
        return;
      default:
        throw new Error("the body is at its end");
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexValue[byte]!;
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      if (++this.#digits > sizeDigitsMax || this.#size > Number.MAX_SAFE_INTEGER)
        throw broken("a chunk's size is too large");
      return;
    }
    if (this.#digits === 0) throw broken("a chunk has no size");
    if (byte === CR) this.#state = "size-lf";
    else if (byte === SEMICOLON) this.#state = "extension";
    else throw broken("a chunk's size is not hexadecimal");
  }

  #trailerLine(): void {
    if (this.#line.length === 0) {
      this.#state = "done";
      return;
    }
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    let at = 0;
    while (tokenByte[line[at]!] === 1) at++;
    if (at === 0 || line[at] !== 0x3a) throw broken("a trailer's name is not valid");
    if (!mayBeTrailer(line, 0, at)) throw broken("a trailer that may not be one");
    const text = Buffer.from(line).toString("latin1");
    this.trailers.push([text.slice(0, at).toLowerCase(), text.slice(at + 1).replace(/^[ \t]+|[ \t]+$/g, "")]);
    this.#state = "trailer";
  }
}

function broken(message: string): WarrenError {
  return new WarrenError("body.chunk", message);
}

/** The line before a chunk of data of that many bytes. */
export function chunkLine(bytes: number): Buffer {
  return Buffer.from(`${bytes.toString(16)}\r\n`, "latin1");
}

export const chunkEnd: Buffer = Buffer.from("\r\n");
/** Ends a chunked body without trailers. */
export const lastChunk: Buffer = Buffer.from("0\r\n\r\n");

/** Ends a chunked body with these fields, which are checked already. */
export function lastChunkWith(trailers: readonly Field[]): Buffer {
  return Buffer.from(`0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`, "latin1");
}
