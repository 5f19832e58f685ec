import { assert } from "../../base/assert.ts";
import { WarrenError } from "../../base/errors.ts";
import { dirtyExport } from "../../wasm/rewrite/contract.ts";
import type { MarkTuning } from "../../wasm/rewrite/mark-tuning.ts";
import type { MarkedMemory } from "./marked-memory.ts";
import { resetMemoriesMax, resetModule } from "./reset-module.ts";

const pageBytes = 65_536;
/** What is all zeros in pieces of this size takes no memory in an image. */
const pieceBytes = 4_096;
const zeros = Buffer.alloc(pieceBytes);

/** Of one memory. */
interface MemoryImage {
  readonly memory: WebAssembly.Memory;
  /** The cards that initialisation marked. */
  readonly cards: readonly number[];
}

/**
 * What a program's memories hold once it is initialised. One image serves all instances of a program in a process whose initialisation
 * does the same, which it does where it learns nothing from its host: no clock, no random bytes, no environment that changes.
 * {@link matches} tells, since a page put back from another instance's image would not fit to its neighbours.
 */
export class ResetImage {
  readonly memories: readonly WebAssembly.Memory[];
  /** Makes the instances that reset; see `reset-module.ts`. */
  readonly module: WebAssembly.Module;
  readonly #images: readonly MemoryImage[];
  readonly #tuning: MarkTuning;

  /**
   * Of an instance (several of them, if it is a component's) that is initialised and has served nothing. Its memories are in the order in
   * which all others of the program will be given, and their cards tell what initialisation has written.
   *
   * Throws `reset.memories` for more than 32 memories.
   */
  constructor(memories: readonly MarkedMemory[], instances: readonly WebAssembly.Exports[]) {
    if (memories.length > resetMemoriesMax) {
      throw new WarrenError(
        "reset.memories",
        `the program has ${memories.length} memories; one whose instances are used again may have ${resetMemoriesMax}`,
        { hint: "Link its modules to share a memory." },
      );
    }
    const [first] = memories;
    this.#tuning = first?.tuning ?? { cardShift: 12, overhang: 0, frameBytesMax: 0, loopBytesMax: 0 };
    this.#images = memories.map(takeImage);
    this.memories = this.#images.map(({ memory }) => memory);
    const dirty = instances.filter((exports) => exports[dirtyExport] !== undefined).length;
    const wide = memories.map(({ is64 }) => is64);
    this.module = new WebAssembly.Module(
      resetModule({ wide, instances: instances.length, dirty, tuning: this.#tuning }),
    );
  }

  /**
   * Whether another instance of the same program holds the same after its own initialisation. Only what either of them marked is looked at:
   * the rest comes from the program's data segments.
   */
  matches(memories: readonly MarkedMemory[]): boolean {
    assert(memories.length === this.#images.length, "an image of another program");
    return this.#images.every((image, i) => this.#isSame(image, memories[i]!));
  }

  #isSame({ memory, cards }: MemoryImage, other: MarkedMemory): boolean {
    const mine = Buffer.from(memory.buffer);
    const theirs = Buffer.from(other.memory.buffer);
    if (mine.length !== theirs.length) return false;
    const { cardShift, overhang } = this.#tuning;
    for (const card of new Set([...cards, ...markedCards(other)])) {
      const from = Math.max(0, card * 2 ** cardShift - overhang);
      const to = Math.min(mine.length, (card + 1) * 2 ** cardShift + overhang);
      if (mine.compare(theirs, from, to, from, to) !== 0) return false;
    }
    return true;
  }
}

function takeImage(marked: MarkedMemory): MemoryImage {
  const bytes = Buffer.from(marked.memory.buffer);
  const pages = bytes.length / pageBytes;
  assert(pages === marked.pages, "an image is taken of a memory that was reset before");
  const memory = newMemory(pages, marked.is64);
  const image = Buffer.from(memory.buffer);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    if (bytes.compare(zeros, 0, pieceBytes, at, at + pieceBytes) !== 0) bytes.copy(image, at, at, at + pieceBytes);
  return { memory, cards: markedCards(marked) };
}

function markedCards({ cards, memory, tuning }: MarkedMemory): number[] {
  const count = memory.buffer.byteLength / 2 ** tuning.cardShift;
  const marked: number[] = [];
  for (let card = 0; card < count; card++) if (cards[card] !== 0) marked.push(card);
  return marked;
}

function newMemory(pages: number, is64: boolean): WebAssembly.Memory {
  // TypeScript's library does not know memories of 64 bits yet: their sizes are BigInts.
  const descriptor = is64
    ? { address: "i64", initial: BigInt(pages), maximum: BigInt(pages) }
    : { initial: pages, maximum: pages };
  return new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
}
