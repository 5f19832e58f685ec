import { isUtf8 } from "node:buffer";

/** From so many bytes on, asking V8 costs less than a look at each. */
const wholeBytesMin = 32;

/** Follows text that comes in pieces: UTF-8 as RFC 3629 §4 has it, without overlong forms and surrogates. */
export class Utf8Check {
  /** Bytes of the character in hand that have not come. */
  #need = 0;
  /** What the next of them may be. */
  #low = 0x80;
  #high = 0xbf;

  /** Nothing is in hand: the text may end here. */
  get whole(): boolean {
    return this.#need === 0;
  }

  reset(): void {
    this.#need = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  /** Takes bytes; false when they are not UTF-8. With a mask, byte n of it counted from `maskAt` is laid over each. */
  take(bytes: Uint8Array, from: number, to: number, mask: Uint8Array | undefined, maskAt: number): boolean {
    if (mask === undefined && this.#need === 0 && to - from >= wholeBytesMin && isUtf8(bytes.subarray(from, to)))
      return true;
    for (let at = from; at < to; at++) {
      const byte = mask === undefined ? bytes[at]! : bytes[at]! ^ mask[(maskAt + at - from) & 3]!;
      if (this.#need === 0) {
        if (byte >= 0x80 && !this.#begin(byte)) return false;
      } else {
        if (byte < this.#low || byte > this.#high) return false;
        this.#need--;
        this.#low = 0x80;
        this.#high = 0xbf;
      }
    }
    return true;
  }

  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#need = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#low = 0xa0;
    else if (byte === 0xed) this.#high = 0x9f;
    else if (byte === 0xf0) this.#low = 0x90;
    else if (byte === 0xf4) this.#high = 0x8f;
    return true;
  }
}
