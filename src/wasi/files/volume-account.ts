import { volumeOpensAt, volumeWord, volumeWords } from "../../base/volume-page.ts";

/**
 * How much of a volume is used, counted together with the other processes that write to it. Sums are exact as long as no two
 * processes change the length of one file at the same moment; where it cannot be known whether a file is in use elsewhere, it
 * counts on. See docs/decisions/0010-volumes.md.
 */
export class VolumeAccount {
  readonly #words: BigInt64Array;
  readonly #opens: Uint32Array;
  /** By word, what this process has open of it. */
  readonly #own = new Map<number, number>();

  /** A page that others may have too: base/shared-page.ts. */
  constructor(page: ArrayBuffer) {
    this.#words = new BigInt64Array(page, 0, volumeWords);
    this.#opens = new Uint32Array(page, volumeOpensAt);
  }

  /** Takes so many bytes more; false when they are not left. What is negative is given back. */
  charge(bytes: number): boolean {
    if (bytes === 0) return true;
    const before = Atomics.add(this.#words, volumeWord.changed, BigInt(bytes));
    if (bytes < 0) return true;
    const limit = Atomics.load(this.#words, volumeWord.limit);
    if (limit < 0n || before + this.#counted + BigInt(bytes) <= limit) return true;
    Atomics.sub(this.#words, volumeWord.changed, BigInt(bytes));
    return false;
  }

  /** What is left; infinite when there is no limit. */
  get roomBytes(): number {
    const limit = Atomics.load(this.#words, volumeWord.limit);
    if (limit < 0n) return Number.POSITIVE_INFINITY;
    return Math.max(0, Number(limit - Atomics.load(this.#words, volumeWord.changed) - this.#counted));
  }

  /** A descriptor to the file is about to be opened. */
  opening(inode: bigint): void {
    const word = this.#wordOf(inode);
    Atomics.add(this.#opens, word, 1);
    this.#own.set(word, (this.#own.get(word) ?? 0) + 1);
  }

  /** It was closed, or could not be opened. True when nobody has the file open any more. */
  closed(inode: bigint): boolean {
    const word = this.#wordOf(inode);
    const own = (this.#own.get(word) ?? 1) - 1;
    if (own === 0) this.#own.delete(word);
    else this.#own.set(word, own);
    return Atomics.sub(this.#opens, word, 1) === 1;
  }

  /** Whether anybody may have the file open: another file that falls to the same word may be meant. */
  isOpen(inode: bigint): boolean {
    return Atomics.load(this.#opens, this.#wordOf(inode)) > 0;
  }

  /** The same of other processes. */
  isOpenElsewhere(inode: bigint): boolean {
    const word = this.#wordOf(inode);
    return Atomics.load(this.#opens, word) > (this.#own.get(word) ?? 0);
  }

  get #counted(): bigint {
    return Atomics.load(this.#words, volumeWord.counted);
  }

  #wordOf(inode: bigint): number {
    return Number(inode % BigInt(this.#opens.length));
  }
}
