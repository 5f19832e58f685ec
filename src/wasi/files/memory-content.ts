/** Bytes are kept in pieces of so many; what was never written has none. */
const pieceBytes = 64 * 1024;
const pieceBytesMin = 256;

/** Takes or gives back memory: false when there is not so much left. A negative number gives back, and is always taken. */
export type Charge = (bytes: number) => boolean;

/**
 * What a file in memory holds. Holes cost nothing, small files little: the last piece is as long as it must be, in powers
 * of two.
 */
export class MemoryContent {
  readonly #charge: Charge;
  readonly #pieces = new Map<number, Uint8Array>();
  #size = 0;

  constructor(charge: Charge) {
    this.#charge = charge;
  }

  get size(): number {
    return this.#size;
  }

  /** Memory that it takes. */
  get bytes(): number {
    let bytes = 0;
    for (const piece of this.#pieces.values()) bytes += piece.length;
    return bytes;
  }

  /** Fills the target from a position on; the number of bytes, fewer at the end. */
  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.#size - position));
    for (let done = 0; done < count; ) {
      const at = position + done;
      const offset = at % pieceBytes;
      const part = Math.min(count - done, pieceBytes - offset);
      const piece = this.#pieces.get(Math.floor(at / pieceBytes));
      const into = target.subarray(done, done + part);
      const held = piece === undefined ? 0 : Math.max(0, Math.min(part, piece.length - offset));
      if (piece !== undefined && held > 0) into.set(piece.subarray(offset, offset + held));
      into.fill(0, held);
      done += part;
    }
    return count;
  }

  /** The number of bytes written: fewer when there is no room. */
  write(source: Uint8Array, position: number): number {
    let done = 0;
    while (done < source.length) {
      const at = position + done;
      const offset = at % pieceBytes;
      const part = Math.min(source.length - done, pieceBytes - offset);
      const piece = this.#piece(Math.floor(at / pieceBytes), offset + part);
      if (piece === undefined) break;
      piece.set(source.subarray(done, done + part), offset);
      done += part;
    }
    if (done > 0) this.#size = Math.max(this.#size, position + done);
    return done;
  }

  resize(size: number): void {
    if (size < this.#size) {
      const last = Math.floor(size / pieceBytes);
      for (const [index, piece] of this.#pieces) {
        if (index < last || (index === last && size % pieceBytes > 0)) continue;
        this.#pieces.delete(index);
        this.#charge(-piece.length);
      }
      // Whatever makes it longer again finds zeros there.
      this.#pieces.get(last)?.fill(0, size % pieceBytes);
    }
    this.#size = size;
  }

  /** Makes sure that writing there will find room; false when there is none. */
  reserve(position: number, length: number): boolean {
    const end = position + length;
    for (let at = position; at < end; at += pieceBytes - (at % pieceBytes)) {
      const index = Math.floor(at / pieceBytes);
      if (this.#piece(index, Math.min(pieceBytes, end - index * pieceBytes)) === undefined) return false;
    }
    this.#size = Math.max(this.#size, end);
    return true;
  }

  /** The piece with room for so many bytes at least. */
  #piece(index: number, bytes: number): Uint8Array | undefined {
    const piece = this.#pieces.get(index);
    if (piece !== undefined && piece.length >= bytes) return piece;
    let length = pieceBytesMin;
    while (length < bytes) length *= 2;
    if (!this.#charge(length - (piece?.length ?? 0))) return undefined;
    const longer = new Uint8Array(length);
    if (piece !== undefined) longer.set(piece);
    this.#pieces.set(index, longer);
    return longer;
  }
}
