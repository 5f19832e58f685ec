// LEB128 integers as WebAssembly has them: at most ceil(bits / 7) bytes, and the unused bits of the last byte must be zero,
// or copies of the sign (WebAssembly 3.0, 5.2.2).

/** Why a number could not be read. */
export type LebFault = "truncated" | "overlong";

/** A position in bytes that reads LEB128. What a fault means is up to the subclass, which knows the format around it. */
export abstract class LebReader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at = 0;
  /** Offset that reading may not pass; never more than the bytes there are. */
  end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Throws. `at` is the offset of the number's first byte. */
  protected abstract lebFault(fault: LebFault, at: number): never;

  u32(): number {
    const { bytes, end } = this;
    const from = this.at;
    let at = from;
    if (at < end) {
      const first = bytes[at]!;
      if (first < 0x80) {
        this.at = at + 1;
        return first;
      }
    }
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= end) this.lebFault("truncated", from);
      const byte = bytes[at++]!;
      if (shift === 28) {
        if (byte > 0x0f) this.lebFault("overlong", from);
        this.at = at;
        return value + byte * 0x1000_0000;
      }
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
    }
  }

  /** An unsigned 64-bit number. Above 2^53 it is rounded, as every JavaScript number is. */
  u64(): number {
    const from = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.at >= this.end) this.lebFault("truncated", from);
      const byte = this.bytes[this.at++]!;
      if (shift === 63 && byte > 1) this.lebFault("overlong", from);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** A signed 33-bit number: a heap type (WebAssembly 3.0, 5.3.3). */
  s33(): number {
    const from = this.at;
    this.skipSigned(33);
    let value = 0;
    let scale = 1;
    for (let at = from; at < this.at; at++) {
      value += (this.bytes[at]! & 0x7f) * scale;
      scale *= 0x80;
    }
    return (this.bytes[this.at - 1]! & 0x40) === 0 ? value : value - scale;
  }

  /** Steps over a signed number and checks its form. */
  skipSigned(bits: 32 | 33 | 64): void {
    const from = this.at;
    const lastAt = from + Math.ceil(bits / 7) - 1;
    for (;;) {
      if (this.at >= this.end) this.lebFault("truncated", from);
      const byte = this.bytes[this.at++]!;
      if (this.at - 1 === lastAt) {
        // The sign bit and all above it must be equal, the continuation bit clear.
        const high = byte >> ((bits % 7) - 1);
        const ones = 0x7f >> ((bits % 7) - 1);
        if (high !== 0 && high !== ones) this.lebFault("overlong", from);
        return;
      }
      if (byte < 0x80) return;
    }
  }
}

/** The bytes of an unsigned number, up to 2^53. */
export function encodeUnsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
