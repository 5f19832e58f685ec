import { assert } from "../../base/assert.ts";
import { cardPages, cardsStart, type MarkTuning, markTuningDefault } from "../../wasm/rewrite/mark-tuning.ts";

const pageBytes = 65_536;

export interface MarkedMemoryOptions {
  /** Addresses have 64 bits. */
  readonly is64?: boolean;
  /** How far it may grow, in pages of 64 KiB; needed where addresses have 64 bits. */
  readonly pagesMax?: number;
  readonly tuning?: MarkTuning;
}

/**
 * A guest's memory with its cards: one byte for each 4 KiB, other than 0 where something was written since the last reset. Every module
 * that has this memory must be given the same cards. They are larger than they look: what is never marked takes no memory.
 *
 * Whoever writes into the memory from outside marks what he writes, before the next reset: `cards[address >>> 12] = 1` for what lies within
 * 256 bytes of the address, else {@link markRange}. `cards` stays the same array when the memory grows.
 */
export class MarkedMemory {
  readonly memory: WebAssembly.Memory;
  readonly is64: boolean;
  /** What a rewritten module imports as `warren.cardsN`. */
  readonly cardMemory: WebAssembly.Memory;
  readonly cards: Uint8Array;
  readonly tuning: MarkTuning;
  readonly #header: Uint32Array;

  /** The memory is as large as its guest is to see it. */
  constructor(memory: WebAssembly.Memory, options: MarkedMemoryOptions = {}) {
    const { is64 = false, pagesMax = 65_536, tuning = markTuningDefault } = options;
    this.memory = memory;
    this.is64 = is64;
    this.tuning = tuning;
    const pages = memory.buffer.byteLength / pageBytes;
    assert(pages <= pagesMax, "a memory is larger than it may become");
    const initial = cardPages(pagesMax, is64, tuning);
    this.cardMemory = new WebAssembly.Memory({ initial, maximum: initial });
    const { buffer } = this.cardMemory;
    this.cards = new Uint8Array(buffer, cardsStart);
    this.#header = new Uint32Array(buffer, 0, 2);
    this.#header[0] = pages;
  }

  /** Pages of 64 KiB that the guest sees. The memory itself has as many as it ever grew to. */
  get pages(): number {
    return this.#header[0]!;
  }

  /** `length` bytes from `address` on are written, which lie in the memory. */
  markRange(address: number, length: number): void {
    if (length <= 0) return;
    const cardBytes = 2 ** this.tuning.cardShift;
    const first = Math.floor(address / cardBytes);
    const last = Math.floor((address + length - 1) / cardBytes);
    if (last - first < 16) for (let card = first; card <= last; card++) this.cards[card] = 1;
    else this.cards.fill(1, first, last + 1);
  }
}
