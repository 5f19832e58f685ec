/** Types of frames (RFC 9113 §6). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; which they are depends on the type. */
export const frameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8 } as const;

/** One frame as {@link FrameMeter} saw it begin. */
export interface Frame {
  type: number;
  flags: number;
  stream: number;
  /** Of the payload. */
  length: number;
  /** The payload's first four bytes as a number, or as many as there are: an error code, an increment, a padding. */
  word: number;
}

const headBytes = 9;
const wordBytes = 4;

/**
 * Follows the frames in one direction of a connection and calls back as each begins (RFC 9113 §4.1). It checks nothing: that is for
 * whoever understands the frames.
 */
export class FrameMeter {
  /** Bytes that come before the first frame. */
  #skip: number;
  /** Of the frame's payload, to come yet. */
  #left = 0;
  readonly #head = Buffer.alloc(headBytes + wordBytes);
  #have = 0;
  readonly #frame: Frame = { type: 0, flags: 0, stream: 0, length: 0, word: 0 };
  readonly #onFrame: (frame: Readonly<Frame>) => void;

  constructor(skip: number, onFrame: (frame: Readonly<Frame>) => void) {
    this.#skip = skip;
    this.#onFrame = onFrame;
  }

  /** The frame that comes has not told what it is. */
  get withinHead(): boolean {
    return this.#have > 0;
  }
  /** Of the last frame that was called back with, there is more to come. */
  get withinPayload(): boolean {
    return this.#left > 0;
  }

  push(bytes: Uint8Array): void {
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, length - at);
        this.#skip -= count;
        at += count;
      } else if (this.#left > 0) {
        const count = Math.min(this.#left, length - at);
        this.#left -= count;
        at += count;
      } else if (this.#have === 0 && length - at >= headBytes + wordBytes) {
        // The usual case: all that is looked at is there.
        at += this.#begin(bytes, at);
      } else {
        this.#head[this.#have++] = bytes[at++]!;
        if (this.#have < headBytes) continue;
        const payload = (this.#head[0]! << 16) | (this.#head[1]! << 8) | this.#head[2]!;
        if (this.#have < headBytes + Math.min(payload, wordBytes)) continue;
        this.#have = 0;
        this.#begin(this.#head, 0);
      }
    }
  }

  /** Reports the frame whose head lies at `at`: how many bytes of it were used up. */
  #begin(bytes: Uint8Array, at: number): number {
    const frame = this.#frame;
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const inWord = Math.min(length, wordBytes);
    frame.length = length;
    frame.type = bytes[at + 3]!;
    frame.flags = bytes[at + 4]!;
    // The highest bit is reserved.
    frame.stream = number(bytes, at + 5, wordBytes) & 0x7fffffff;
    frame.word = number(bytes, at + headBytes, inWord);
    this.#left = length - inWord;
    this.#onFrame(frame);
    return headBytes + inWord;
  }
}

function number(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index++) value = value * 256 + bytes[at + index]!;
  return value;
}
