import type { ModuleInfo } from "../../wasm/module-info.ts";
import type { RewrittenCards } from "../../wasm/rewrite/contract.ts";
import { cardsPrefix, reservedModule } from "../../wasm/rewrite/contract.ts";
import type { CoreProgram } from "../core-instance.ts";
import { interruptibleMemories } from "../module-program.ts";

/** A core module of a prepared component. */
export interface ComponentCore extends CoreProgram {
  /** Empty when it is not to be reset. */
  readonly cards: readonly RewrittenCards[];
}

/** What a prepared core module needs beside what its component gives it. */
export function coreOutline(info: ModuleInfo): Omit<ComponentCore, "module"> {
  return { interruptible: interruptibleMemories(info), cards: cardsOf(info) };
}

/** Cards come behind all memories, and name the one that they are of by its number. */
function cardsOf({ imports }: ModuleInfo): RewrittenCards[] {
  const memories = imports.flatMap((item) => (item.kind === "memory" ? [item] : []));
  return memories.flatMap(({ module, name, memory }) => {
    if (module !== reservedModule || !name.startsWith(cardsPrefix)) return [];
    const index = Number(name.slice(cardsPrefix.length));
    const of = memories[index]!;
    return [{ name, index, pagesMin: memory.min, is64: of.memory.is64, memory: { module: of.module, name: of.name } }];
  });
}
