/** How much of a file is read at a time. */
export const pieceBytes: number = 64 * 1024;
/** Kept for the next file: 2 MiB. */
const keptMax = 32;

/**
 * Memory for pieces of files, used again once it has gone out: a new buffer for each piece costs ten times what reading does, in
 * pages that the kernel makes and collections of garbage.
 */
export class PiecePool {
  readonly #free: Buffer[] = [];
  readonly #given = new WeakSet<Uint8Array>();

  /** So many bytes, of which whole pieces may be given back. */
  take(bytes: number): Buffer {
    if (bytes < pieceBytes) return Buffer.allocUnsafe(bytes);
    const piece = this.#free.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
    this.#given.add(piece);
    return piece;
  }

  /** Nobody reads this any more. Does nothing with what is not a whole piece of ours. */
  readonly giveBack = (piece: Uint8Array): void => {
    if (this.#given.delete(piece) && this.#free.length < keptMax) this.#free.push(piece as Buffer);
  };
}
