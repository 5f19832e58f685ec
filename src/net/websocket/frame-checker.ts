import { checkClose } from "./close-code.ts";
import { opcode } from "./opcode.ts";
import { Utf8Check } from "./utf8-check.ts";
import { Violation } from "./violation.ts";

/** RFC 6455 §5.5. */
const controlBytesMax = 125;
/** Header, mask and payload of the longest control frame, which is longer than any header. */
const heldBytesMax = 2 + 4 + controlBytesMax;

export interface FrameSink {
  /** Takes bytes that may go on. */
  pass(bytes: Uint8Array): void;
  /** A whole control frame; its payload without the mask. Whether it goes on. */
  control(code: number, payload: Uint8Array): boolean;
}

export interface FrameRules {
  /** Frames must be masked, as a client's, or must not be, as a server's (RFC 6455 §5.1). */
  readonly masked: boolean;
  /** Bytes of one message, all its frames together. */
  readonly messageBytesMax: number;
}

/**
 * Follows one direction of a WebSocket and hands on what is right of it (RFC 6455 §5), by reference: only a header or a
 * control frame that comes in pieces is put together. So nothing of a frame goes on whose header is wrong, nor any part of a
 * wrong control frame. No extension is spoken.
 */
export class FrameChecker {
  /** Payload of the data frame in hand that has not come. */
  remaining = 0;
  /** What went on ends where a frame ends. */
  atBoundary: boolean = true;
  /** A close frame has come: what follows it is nothing (RFC 6455 §1.4). */
  closed: boolean = false;

  readonly #rules: FrameRules;
  readonly #sink: FrameSink;
  #held: Uint8Array | undefined;
  #heldBytes = 0;
  /** The opcode of the message in hand, 0 between two. */
  #message = 0;
  #messageBytes = 0;
  #final: boolean = false;
  readonly #mask = new Uint8Array(4);
  #maskAt = 0;
  readonly #text = new Utf8Check();

  constructor(rules: FrameRules, sink: FrameSink) {
    this.#rules = rules;
    this.#sink = sink;
  }

  /** Takes what came next. Throws Violation, when all that is right before the wrong frame has gone on. */
  take(bytes: Uint8Array): void {
    let at = 0;
    // What has not gone on yet begins here; and the frame in hand, unless its header has gone on.
    let kept = 0;
    let frame = -1;
    try {
      while (at < bytes.length && !this.closed) {
        if (this.remaining > 0) {
          at = this.#payload(bytes, at);
          if (this.remaining === 0) frame = -1;
          continue;
        }
        if (this.#heldBytes === 0 && bytes.length - at >= together(bytes, at, bytes.length - at)) {
          frame = at;
          const to = this.#begin(bytes, at);
          if (to < 0) {
            this.#pass(bytes, kept, at);
            at -= to;
            kept = at;
          } else at = to;
          if (this.remaining === 0) frame = -1;
          continue;
        }
        this.#pass(bytes, kept, at);
        at = this.#hold(bytes, at);
        kept = at;
        frame = -1;
      }
    } catch (error) {
      this.#pass(bytes, kept, frame < 0 ? kept : frame);
      this.atBoundary = frame >= 0 || this.#heldBytes > 0;
      throw error;
    }
    this.#pass(bytes, kept, this.closed ? Math.max(kept, at) : bytes.length);
  }

  #pass(bytes: Uint8Array, from: number, to: number): void {
    if (to === from) return;
    this.atBoundary = this.remaining === 0;
    this.#sink.pass(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
  }

  /** Puts together what belongs together, and begins with it once it is whole. */
  #hold(bytes: Uint8Array, from: number): number {
    this.#held ??= new Uint8Array(heldBytesMax);
    const held = this.#held;
    let at = from;
    while (at < bytes.length) {
      held[this.#heldBytes++] = bytes[at++]!;
      if (this.#heldBytes < together(held, 0, this.#heldBytes)) continue;
      const to = this.#begin(held, 0);
      const whole = held.slice(0, this.#heldBytes);
      this.#heldBytes = 0;
      if (to > 0) this.#pass(whole, 0, whole.length);
      break;
    }
    return at;
  }

  /** Begins a frame whose header (of a control frame, all) is there: the index behind it, negated when it does not go on. */
  #begin(bytes: Uint8Array, at: number): number {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const code = first & 0x0f;
    const final = first >= 0x80;
    if ((first & 0x70) !== 0) throw new Violation(1002, "a reserved bit");
    if (second >= 0x80 !== this.#rules.masked)
      throw new Violation(1002, this.#rules.masked ? "a frame that is not masked" : "a frame that is masked");
    if ((code & 7) > 2) throw new Violation(1002, "a reserved opcode");
    const control = code >= 8;
    if (control && (!final || (second & 0x7f) > controlBytesMax))
      throw new Violation(1002, "a control frame in parts or of over 125 bytes");
    const { length, size } = lengthOf(bytes, at, second & 0x7f);
    let to = at + size;
    if (this.#rules.masked) {
      this.#mask.set(bytes.subarray(to, to + 4));
      this.#maskAt = 0;
      to += 4;
    }
    if (!control) {
      this.#beginData(code, final, length);
      return to;
    }
    const payload = this.#unmasked(bytes, to, to + length);
    if (code === opcode.close) {
      checkClose(payload);
      this.closed = true;
    }
    to += length;
    return this.#sink.control(code, payload) ? to : at - to;
  }

  #beginData(code: number, final: boolean, length: number): void {
    if (code === opcode.continuation) {
      if (this.#message === 0) throw new Violation(1002, "a continuation of nothing");
    } else {
      if (this.#message !== 0) throw new Violation(1002, "a message within a message");
      this.#message = code;
      this.#messageBytes = 0;
      this.#text.reset();
    }
    this.#messageBytes += length;
    if (this.#messageBytes > this.#rules.messageBytesMax)
      throw new Violation(1009, `a message of over ${this.#rules.messageBytesMax} bytes`);
    this.#final = final;
    this.remaining = length;
    if (length === 0) this.#endData();
  }

  #payload(bytes: Uint8Array, at: number): number {
    const to = Math.min(bytes.length, at + this.remaining);
    if (this.#message === opcode.text) {
      const mask = this.#rules.masked ? this.#mask : undefined;
      if (!this.#text.take(bytes, at, to, mask, this.#maskAt)) throw new Violation(1007, "text that is not UTF-8");
      this.#maskAt = (this.#maskAt + to - at) & 3;
    }
    this.remaining -= to - at;
    if (this.remaining === 0) this.#endData();
    return to;
  }

  #endData(): void {
    if (!this.#final) return;
    if (this.#message === opcode.text && !this.#text.whole)
      throw new Violation(1007, "text that ends within a character");
    this.#message = 0;
  }

  #unmasked(bytes: Uint8Array, from: number, to: number): Uint8Array {
    if (!this.#rules.masked) return bytes.subarray(from, to);
    // Not slice(), which shares the bytes where they are a Buffer.
    const payload = Uint8Array.from(bytes.subarray(from, to));
    for (let at = 0; at < payload.length; at++) payload[at] = payload[at]! ^ this.#mask[at & 3]!;
    return payload;
  }
}

/** How many bytes from `at` on belong together before anything is done with them, as far as `known` of them tell. */
function together(bytes: Uint8Array, at: number, known: number): number {
  if (known < 2) return 2;
  const length = bytes[at + 1]! & 0x7f;
  const head = 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (bytes[at + 1]! >= 0x80 ? 4 : 0);
  return (bytes[at]! & 0x08) === 0 || length > controlBytesMax ? head : head + length;
}

/** The payload's length, and the header's without the mask. RFC 6455 §5.2: in as few bytes as it takes. */
function lengthOf(bytes: Uint8Array, at: number, short: number): { length: number; size: number } {
  if (short < 126) return { length: short, size: 2 };
  let length = 0;
  const size = short === 126 ? 4 : 10;
  for (let index = at + 2; index < at + size; index++) length = length * 256 + bytes[index]!;
  if (length < (short === 126 ? 126 : 65_536)) throw new Violation(1002, "a length in more bytes than it takes");
  if (length >= 2 ** 63) throw new Violation(1002, "a length of 64 bits");
  return { length, size };
}
