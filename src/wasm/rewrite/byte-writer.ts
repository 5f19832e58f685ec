/** Bytes in a row that grows, for parts of a module. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room, so that so many single bytes may be written. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(Math.floor(this.bytes.length * 1.5), this.length + count + 4096));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.u8(low);
        return;
      }
      this.u8(low | 0x80);
    }
  }

  /** Bytes `from` to `to` of `source`. */
  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    this.reserve(count);
    const { bytes } = this;
    let { length } = this;
    // A call of set() costs more than a few bytes do.
    if (count < 32) for (let i = from; i < to; i++) bytes[length++] = source[i]!;
    else {
      bytes.set(source.subarray(from, to), length);
      length += count;
    }
    this.length = length;
  }

  append(source: ArrayLike<number>): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  name(text: string): void {
    const bytes = Buffer.from(text);
    this.u32(bytes.length);
    this.append(bytes);
  }

  /** Writes the number of bytes since `at`, where five were left free, and closes the gap. Returns where they begin now. */
  closeLength(at: number): number {
    const from = at + 5;
    const end = this.length;
    this.length = at;
    this.u32(end - from);
    const start = this.length;
    this.bytes.copyWithin(start, from, end);
    this.length = start + end - from;
    return start;
  }

  /** What was written; a view. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
