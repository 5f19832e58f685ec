import { assert } from "../../base/assert.ts";
import { dirtyExport, restoreExport, saveExport } from "../../wasm/rewrite/contract.ts";
import type { MarkedMemory } from "./marked-memory.ts";
import type { ResetImage } from "./reset-image.ts";
import { resetImports } from "./reset-module.ts";

/** Cards that a reset puts back at the most: 16 MiB, which takes some milliseconds. Beyond, a new instance is as good. */
const cardsMaxDefault = 4_096;

export interface ResetPointOptions {
  readonly cardsMax?: number;
}

/**
 * The state after initialisation that an instance (a component's: all of them together) goes back to after each request.
 *
 * Nothing of the guest may be running or suspended when {@link reset} is called, and an instance that trapped is to be thrown
 * away: its memory would be right, but what its host holds for it is in the middle of something.
 */
export class ResetPoint {
  readonly #reset: (cardsMax: number) => number;
  readonly #cardsMax: number;
  #fit: boolean = true;
  #cards = 0;

  /**
   * The instance is initialised and has served nothing, `image` is its own or one that matches it, and memories and instances stand in the
   * order that the image was taken with. `instances` are the exports of modules that were rewritten with marks.
   */
  constructor(
    image: ResetImage,
    memories: readonly MarkedMemory[],
    instances: readonly WebAssembly.Exports[],
    { cardsMax = cardsMaxDefault }: ResetPointOptions = {},
  ) {
    assert(memories.length === image.memories.length, "an image of another program");
    const imports: WebAssembly.ModuleImports = {};
    for (const [i, { memory, cardMemory }] of memories.entries()) {
      imports[`mem${i}`] = memory;
      imports[`cards${i}`] = cardMemory;
      imports[`image${i}`] = image.memories[i]!;
    }
    let dirty = 0;
    for (const [i, exports] of instances.entries()) {
      imports[`save${i}`] = exports[saveExport]!;
      imports[`restore${i}`] = exports[restoreExport]!;
      const global = exports[dirtyExport];
      if (global !== undefined) imports[`dirty${dirty++}`] = global;
    }
    const { exports } = new WebAssembly.Instance(image.module, { [resetImports]: imports });
    this.#reset = exports.reset as (cardsMax: number) => number;
    this.#cardsMax = cardsMax;
    (exports.save as () => void)();
  }

  /** Cards that the last reset put back. */
  get cards(): number {
    return this.#cards;
  }

  /**
   * Puts everything back. False: the instance must not be used again, because it changed what cannot be put back (a table, a
   * segment that it dropped, an object of its garbage collector's) or wrote more than is worth it.
   */
  reset(): boolean {
    if (!this.#fit) return false;
    const cards = this.#reset(this.#cardsMax);
    if (cards < 0) this.#fit = false;
    else this.#cards = cards;
    return this.#fit;
  }
}
