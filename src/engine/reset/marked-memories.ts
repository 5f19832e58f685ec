import { assert } from "../../base/assert.ts";
import { type RewrittenCards, reservedModule } from "../../wasm/rewrite/contract.ts";
import { MarkedMemory, type MarkedMemoryOptions } from "./marked-memory.ts";

/** The memories of one program's instances that share some: an adapter imports that of the main module. */
export class MarkedMemories {
  readonly #options: MarkedMemoryOptions;
  readonly #known = new Map<WebAssembly.Memory, MarkedMemory>();

  constructor(options: Omit<MarkedMemoryOptions, "is64"> = {}) {
    this.#options = options;
  }

  /** In the order in which they were first met. */
  get all(): readonly MarkedMemory[] {
    return [...this.#known.values()];
  }

  /** Of a memory that is among these. */
  cardsOf(memory: WebAssembly.Memory): Uint8Array | undefined {
    return this.#known.get(memory)?.cards;
  }

  of(memory: WebAssembly.Memory, is64 = false): MarkedMemory {
    let marked = this.#known.get(memory);
    if (marked === undefined) {
      marked = new MarkedMemory(memory, { ...this.#options, is64 });
      this.#known.set(memory, marked);
    }
    return marked;
  }

  /**
   * Adds what a module that was rewritten with marks imports for them. `imports` has everything else by now, the memories that the module
   * defined (`warren.mem0`) as well.
   */
  addTo(imports: Record<string, WebAssembly.ModuleImports>, cards: readonly RewrittenCards[]): void {
    for (const { name, memory: from, is64 } of cards) {
      const memory = imports[from.module]?.[from.name];
      assert(memory instanceof WebAssembly.Memory, "the memory that is to be marked is not among the imports");
      imports[reservedModule]![name] = this.of(memory, is64).cardMemory;
    }
  }
}
