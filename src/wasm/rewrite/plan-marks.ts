import type { ModuleInfo } from "../module-info.ts";
import type { Appended } from "./appended.ts";
import type { CodeScan } from "./code-scan.ts";
import {
  cardsPrefix,
  dirtyExport,
  memoryPrefix,
  type RewrittenCards,
  reservedModule,
  restoreExport,
  saveExport,
} from "./contract.ts";
import { MarkCode } from "./mark-code.ts";
import { MarkPlan, scanMarks } from "./mark-plan.ts";
import { cardPages, type MarkTuning, markTuningDefault } from "./mark-tuning.ts";
import { savedGlobals } from "./saved-globals.ts";

export interface ExportItem {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

export interface PlannedMarks {
  readonly plan: MarkPlan;
  readonly cards: readonly RewrittenCards[];
  /** Entries of the global section. */
  readonly globals: { readonly count: number; readonly bytes: Uint8Array };
  readonly exports: readonly ExportItem[];
}

/**
 * What makes a module's instances fit to be used again. Its events are put among those of the scan; undefined when no marks
 * are asked for.
 *
 * @param firstCards the index of the memory that the first memory's cards are in
 */
export function planMarks(
  info: ModuleInfo,
  scan: CodeScan,
  firstCards: number,
  appended: Appended,
  marks: boolean | MarkTuning,
): PlannedMarks | undefined {
  if (marks === false) return undefined;
  const tuning = marks === true ? markTuningDefault : marks;
  const cards = cardsOf(info, tuning);
  const marked = scanMarks(
    info,
    scan,
    cards.map(({ is64 }) => is64),
    tuning,
  );
  const { dirties } = marked;
  const saved = savedGlobals(info, tuning.without === "global");
  const dirty = info.globalCount + saved.count;
  const memories = cards.map(({ index, is64 }) => ({ index, is64, cards: firstCards + index }));
  const code = new MarkCode(memories, dirty, appended, tuning);
  const nothing = appended.type([], []);
  const exports = [
    { name: saveExport, kind: 0, index: appended.function(nothing, saved.save, saveExport) },
    { name: restoreExport, kind: 0, index: appended.function(nothing, saved.restore, restoreExport) },
    ...(dirties ? [{ name: dirtyExport, kind: 3, index: dirty }] : []),
  ];
  const dirtyItem = dirties ? [0x7f, 1, 0x41, 0, 0x0b] : [];
  return {
    plan: new MarkPlan(code, info.bytes, marked),
    cards,
    globals: { count: saved.count + (dirties ? 1 : 0), bytes: Buffer.concat([saved.items, Buffer.from(dirtyItem)]) },
    exports,
  };
}

function cardsOf(info: ModuleInfo, tuning: MarkTuning): RewrittenCards[] {
  const imported = info.imports.flatMap(({ module, name, ...item }) =>
    item.kind === "memory" ? [{ memory: { module, name }, is64: item.memory.is64, min: item.memory.min }] : [],
  );
  const own = info.memories.map(({ is64, min }, i) => ({
    memory: { module: reservedModule, name: `${memoryPrefix}${i}` },
    is64,
    min,
  }));
  return [...imported, ...own].map(({ memory, is64, min }, index) => ({
    name: `${cardsPrefix}${index}`,
    index,
    is64,
    memory,
    pagesMin: cardPages(min, is64, tuning),
  }));
}
