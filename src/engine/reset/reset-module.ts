import { ByteWriter } from "../../wasm/rewrite/byte-writer.ts";
import { cardsStart, type MarkTuning } from "../../wasm/rewrite/mark-tuning.ts";

const [i32, i64] = [0x7f, 0x7e];
/** Cards that are put back in one go. */
const runCardsMax = 65_536;

/** Their indices are written as one byte, three for each. */
export const resetMemoriesMax = 32;

/** What a module that resets must know of what it resets. */
export interface ResetShape {
  /** For each memory whether its addresses have 64 bits. */
  readonly wide: readonly boolean[];
  /** Instances with functions to save and restore their globals. */
  readonly instances: number;
  /** How many of them have a global that says that they wrote what cannot be put back. */
  readonly dirty: number;
  readonly tuning: MarkTuning;
}

export const resetImports = "guest";

/**
 * A module that puts memories back. It imports, all from `guest`, `memN`, `cardsN` and `imageN` for each memory, `saveN` and `restoreN` for
 * each instance, `dirtyN`; and exports:
 *
 * - `save`: clears the cards and what is dirty, and has all globals saved.
 * - `reset`: takes how many cards there may be. Copies what is marked from the images, fills with zeros what lies beyond them, clears the
 *   cards, and has all globals restored. Answers how many cards there were, or -1 if there are more, or when something is dirty:
 *   what was written is then still there, in whole or in part.
 */
export function resetModule(shape: ResetShape): Uint8Array<ArrayBuffer> {
  return new ResetModule(shape).bytes();
}

class ResetModule {
  readonly #shape: ResetShape;
  readonly #writer = new ByteWriter(1024);

  constructor(shape: ResetShape) {
    this.#shape = shape;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const { instances } = this.#shape;
    const w = this.#writer;
    w.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    // 0: () → (), 1: (i32) → i32
    this.#section(1, () => w.append([2, 0x60, 0, 0, 0x60, 1, i32!, 1, i32!]));
    this.#section(2, () => this.#imports());
    this.#section(3, () => w.append([2, 0, 1]));
    this.#section(7, () => {
      w.u8(2);
      for (const [i, name] of ["save", "reset"].entries()) {
        w.name(name);
        w.u8(0);
        w.u32(instances * 2 + i);
      }
    });
    this.#section(10, () => {
      w.u8(2);
      this.#body(() => this.#save());
      this.#body(() => this.#reset());
    });
    return new Uint8Array(w.written());
  }

  #section(id: number, write: () => void): void {
    this.#writer.u8(id);
    this.#body(write);
  }

  #body(write: () => void): void {
    const w = this.#writer;
    const at = w.length;
    w.reserve(5);
    w.length += 5;
    write();
    w.closeLength(at);
  }

  #imports(): void {
    const { wide, instances, dirty } = this.#shape;
    const w = this.#writer;
    w.u32(wide.length * 3 + instances * 2 + dirty);
    const item = (name: string, description: readonly number[]) => {
      w.name(resetImports);
      w.name(name);
      w.append(description);
    };
    for (const [i, is64] of wide.entries()) {
      item(`mem${i}`, [2, is64 ? 4 : 0, 0]);
      item(`cards${i}`, [2, 0, 1]);
      item(`image${i}`, [2, is64 ? 4 : 0, 0]);
    }
    for (let i = 0; i < instances; i++) {
      item(`save${i}`, [0, 0]);
      item(`restore${i}`, [0, 0]);
    }
    for (let i = 0; i < dirty; i++) item(`dirty${i}`, [3, i32!, 1]);
  }

  #save(): void {
    const { wide, instances, dirty, tuning } = this.#shape;
    const w = this.#writer;
    w.u8(0);
    for (let m = 0; m < wide.length; m++) {
      // fill the cards of what there is of the memory
      this.#constant(cardsStart);
      this.#constant(0);
      this.#memorySize(m * 3);
      this.#constant(16 - tuning.cardShift);
      w.append([0x74, 0xfc, 11]);
      w.u32(m * 3 + 1);
    }
    for (let i = 0; i < dirty; i++) {
      w.append([0x41, 0, 0x24]);
      w.u32(i);
    }
    for (let i = 0; i < instances; i++) this.#call(i * 2);
    w.u8(0x0b);
  }

  #reset(): void {
    const { wide, instances, dirty } = this.#shape;
    const w = this.#writer;
    w.append([2, 4, i32!, 4, i64!]);
    for (let i = 0; i < dirty; i++) {
      w.u8(0x23);
      w.u32(i);
      w.append([0x04, 0x40, 0x41, 0x7f, 0x0f, 0x0b]);
    }
    for (let m = 0; m < wide.length; m++) this.#memory(m);
    for (let i = 0; i < instances; i++) this.#call(i * 2 + 1);
    w.append([0x20, count, 0x0b]);
  }

  #memory(m: number): void {
    const { cardShift, overhang } = this.#shape.tuning;
    const w = this.#writer;
    const [memory, cards, image] = [m * 3, m * 3 + 1, m * 3 + 2];
    // The whole of the memory, not what its guest sees: a store beyond that does not trap.
    this.#bytesOf(memory);
    w.append([0x21, memoryBytes]);
    this.#bytesOf(image);
    w.append([0x21, imageBytes]);
    this.#constant(cardsStart);
    w.append([0x21, at]);
    this.#memorySize(memory);
    this.#constant(16 - cardShift);
    w.u8(0x74);
    this.#constant(cardsStart);
    w.append([0x6a, 0x21, end]);
    if (this.#shape.wide[m] === false) this.#joinEnds(cards);
    w.append([0x02, 0x40, 0x03, 0x40]); // block $done, loop $scan
    w.append([0x20, at, 0x20, end, 0x4f, 0x0d, 1]); // at >= end: done
    // Eight at a time.
    w.append([0x20, at, 0x29, 0x43, cards, 0, 0x50, 0x04, 0x40]);
    w.append([0x20, at, 0x41, 8, 0x6a, 0x21, at, 0x0c, 1, 0x0b]);
    // The eight that `at` is in are not all zero, or it is at the next run of them.
    w.append([0x03, 0x40]); // loop $runs
    w.append([0x20, at, 0x2d, 0x40, cards, 0, 0x45, 0x04, 0x40]); // a card that is not marked:
    w.append([0x20, at, 0x41, 1, 0x6a, 0x22, at, 0x41, 7, 0x71, 0x0d, 1, 0x0c, 2, 0x0b]);
    this.#run(cards);
    // count > limit: -1
    w.append([0x20, at, 0x20, first, 0x6b, 0x20, count, 0x6a, 0x22, count, 0x20, limit, 0x4b]);
    w.append([0x04, 0x40, 0x41, 0x7f, 0x0f, 0x0b]);
    this.#range(cardShift, overhang);
    this.#putBack(memory, image);
    w.append([0x20, at, 0x41, 7, 0x71, 0x0d, 0, 0x0c, 1]); // in the middle of eight: $runs, else $scan
    w.append([0x0b, 0x0b, 0x0b]);
    // Its size is that of the image.
    w.append([0x41, 0]);
    this.#memorySize(image);
    w.append([0xad, 0x37, 0x43, cards, 0]);
  }

  /**
   * In a memory of 4 GiB the last page lies before the first for an address that is a sum of 32 bits, and may be meant by its mark: each is put
   * back with the other.
   */
  #joinEnds(cards: number): void {
    const w = this.#writer;
    const last = cardsStart + 2 ** (32 - this.#shape.tuning.cardShift) - 1;
    const ends = [cardsStart, last];
    w.append([0x20, memoryBytes, 0x42]);
    w.append([0x80, 0x80, 0x80, 0x80, 0x10, 0x51, 0x04, 0x40]); // memoryBytes == 2^32
    for (const at of ends) {
      this.#constant(at);
      w.append([0x2d, 0x40, cards, 0]);
    }
    w.append([0x72, 0x04, 0x40]);
    for (const at of ends) {
      this.#constant(at);
      w.append([0x41, 1, 0x3a, 0x40, cards, 0]);
    }
    w.append([0x0b, 0x0b]);
  }

  /** Steps over the marked cards from `at` on and clears them. */
  #run(cards: number): void {
    const w = this.#writer;
    w.append([0x20, at, 0x21, first, 0x03, 0x40, 0x20, at, 0x41, 0, 0x3a, 0x40, cards, 0]);
    w.append([0x20, at, 0x41, 1, 0x6a, 0x22, at, 0x2d, 0x40, cards, 0]);
    w.append([0x20, at, 0x20, first, 0x6b]);
    this.#constant(runCardsMax);
    w.append([0x49, 0x71, 0x0d, 0, 0x0b]);
  }

  /** from = max(0, first card's start - overhang), to = min(memoryBytes, last card's end + overhang) */
  #range(cardShift: number, overhang: number): void {
    const w = this.#writer;
    const start = (card: number) => {
      w.append([0x20, card]);
      this.#constant(cardsStart);
      w.append([0x6b, 0xad, 0x42, cardShift, 0x86]);
    };
    const amount = () => {
      w.u8(0x42);
      w.s32(overhang);
    };
    start(first);
    amount();
    w.append([0x7d, 0x22, from, 0x42, 0, 0x20, from, 0x42, 0, 0x55, 0x1b, 0x21, from]);
    start(at);
    amount();
    w.append([0x7c, 0x22, to, 0x20, memoryBytes, 0x20, to, 0x20, memoryBytes, 0x54, 0x1b, 0x21, to]);
  }

  /** if from < imageBytes: copy up to min(to, imageBytes), from = that; if from < to: fill with zeros */
  #putBack(memory: number, image: number): void {
    const w = this.#writer;
    const wide = this.#shape.wide[memory / 3]!;
    const number = wide ? [] : [0xa7];
    w.append([0x20, from, 0x20, imageBytes, 0x54, 0x04, 0x40]);
    w.append([0x20, from, ...number, 0x20, from, ...number]);
    w.append([0x20, to, 0x20, imageBytes, 0x20, to, 0x20, imageBytes, 0x54, 0x1b, 0x20, from, 0x7d, ...number]);
    w.append([0xfc, 10, memory, image, 0x20, imageBytes, 0x21, from, 0x0b]);
    w.append([0x20, from, 0x20, to, 0x54, 0x04, 0x40]);
    w.append([0x20, from, ...number, 0x41, 0, 0x20, to, 0x20, from, 0x7d, ...number, 0xfc, 11, memory, 0x0b]);
  }

  /** Pages, as i32. */
  #memorySize(memory: number): void {
    this.#writer.append([0x3f, memory]);
    if (this.#shape.wide[Math.floor(memory / 3)] === true) this.#writer.u8(0xa7);
  }

  /** As i64. */
  #bytesOf(memory: number): void {
    this.#memorySize(memory);
    this.#writer.append([0xad, 0x42, 16, 0x86]);
  }

  #call(index: number): void {
    this.#writer.u8(0x10);
    this.#writer.u32(index);
  }

  #constant(value: number): void {
    this.#writer.u8(0x41);
    this.#writer.s32(value);
  }
}

// The parameter and the local variables of `reset`.
const limit = 0;
const at = 1;
const end = 2;
const first = 3;
const count = 4;
const from = 5;
const to = 6;
const memoryBytes = 7;
const imageBytes = 8;
