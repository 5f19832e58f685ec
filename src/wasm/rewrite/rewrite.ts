import { capsDefault } from "../caps.ts";
import { i32, type ModuleInfo } from "../module-info.ts";
import { Appended, slowPathBody } from "./appended.ts";
import { assemble, type SectionChange } from "./assemble.ts";
import { BranchHints } from "./branch-hints.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CallGraph, indirectKinds } from "./call-graph.ts";
import { planCalls } from "./call-plan.ts";
import { CheckCode } from "./check-code.ts";
import { CodeEmitter } from "./code-emitter.ts";
import {
  epochImport,
  memoryPrefix,
  preemptExport,
  type RewrittenCards,
  type RewrittenMemory,
  type RewrittenModule,
  reservedModule,
  slowPathName,
  startExport,
} from "./contract.ts";
import { hiddenItems } from "./hidden-items.ts";
import type { MarkTuning } from "./mark-tuning.ts";
import { nameSection } from "./name-section.ts";
import { type ExportItem, planMarks } from "./plan-marks.ts";
import { markReferences } from "./referenced-functions.ts";
import { checkReservedNames } from "./reserved-names.ts";
import { scanFunctions } from "./scan-functions.ts";
import { tableLimits } from "./table-limits.ts";

export interface RewriteOptions {
  /** How far tables may grow: growing by so many takes 60 ns each and cannot be interrupted. */
  readonly tableEntriesMax?: number;
  /** Its instances are to be used again after a reset, see `contract.ts`. Tests may have marks of another kind. */
  readonly marks?: boolean | MarkTuning;
}

/**
 * Makes a module interruptible: adds checks of the epoch so that no more than some hundred thousand instructions
 * pass without one, cuts bulk operations into pieces, and opens up what the host must see. See `contract.ts` for what the
 * result imports and exports. Nothing is renumbered: everything that is added comes last.
 *
 * `info` must be what `decodeModule` gave. Throws `module.reserved-name`, `module.malformed`, `module.cap-nesting`,
 * `module.cap-body-bytes`, and with marks `module.marks-atomics`. Whether the instructions are valid is left to V8, which looks at the result.
 */
export function rewriteModule(info: ModuleInfo, options: RewriteOptions = {}): RewrittenModule {
  checkReservedNames(info);
  const taken = new Uint8Array(info.functionTypes.length);
  markReferences(info, taken);
  const hubs = indirectKinds(info);
  const scan = scanFunctions(info, hubs, taken);
  const plan = planCalls(scan, new CallGraph(scan, info, hubs, taken));

  const memories = definedMemories(info);
  const importedMemories = info.imports.filter(({ kind }) => kind === "memory").length;
  const preemptTable = info.imports.filter(({ kind }) => kind === "table").length + info.tables.length;
  const appended = new Appended(info);
  const answer = appended.type([], [i32]);
  const slow = appended.function(appended.type([], []), slowPathBody(answer, preemptTable), slowPathName);
  const check = new CheckCode(importedMemories + memories.length, slow);
  const hints = new BranchHints();
  const marks = planMarks(info, scan, importedMemories + memories.length + 1, appended, options.marks ?? false);
  const emitter = new CodeEmitter(info, scan, plan, check, hints, appended, marks?.plan);
  emitter.write();

  const hidden = hiddenItems(info);
  const hasStart = info.start !== undefined;
  const changes = new Map<number, SectionChange>([
    [1, { items: { count: appended.types.length, bytes: Buffer.concat(appended.types) } }],
    [2, { items: importItems(info, memories, marks?.cards ?? []) }],
    [3, { items: functionItems(appended) }],
    // A table of two functions, no more and no less.
    [
      4,
      {
        ...tableLimits(info, options.tableEntriesMax ?? capsDefault.tableEntries),
        items: { count: 1, bytes: Uint8Array.of(0x70, 1, 2, 2) },
      },
    ],
    [5, { dropped: true }],
    [6, marks === undefined ? {} : { items: marks.globals }],
    [7, { items: exportItems(info, preemptTable, hidden, marks?.exports ?? []) }],
    [8, { dropped: true }],
    [10, { content: codeContent(info, appended, emitter.writer), customBefore: hintSections(hints) }],
  ]);
  return {
    bytes: assemble(info, changes, nameSection(info, appended.functions)),
    memories,
    hasStart,
    ...hidden,
    cards: marks?.cards ?? [],
  };
}

function definedMemories({ memories }: ModuleInfo): RewrittenMemory[] {
  return memories.map(({ min, max, is64 }, i) => ({ name: `${memoryPrefix}${i}`, min, max, is64 }));
}

function importItems(
  info: ModuleInfo,
  memories: readonly RewrittenMemory[],
  cards: readonly RewrittenCards[],
): { count: number; bytes: Uint8Array } {
  const writer = new ByteWriter(64);
  for (const [i, { name }] of memories.entries()) {
    writer.name(reservedModule);
    writer.name(name);
    writer.u8(2);
    // As they are declared: the host may give one that grows less.
    const { start, end } = info.memories[i]!;
    writer.copy(info.bytes, start, end);
  }
  writer.name(reservedModule);
  writer.name(epochImport);
  writer.append([2, 3, 1, 1]); // a shared memory of one page
  for (const { name, pagesMin } of cards) {
    writer.name(reservedModule);
    writer.name(name);
    writer.append([2, 0]);
    writer.u32(pagesMin);
  }
  return { count: memories.length + 1 + cards.length, bytes: writer.written() };
}

function functionItems({ functions }: Appended): { count: number; bytes: Uint8Array } {
  const writer = new ByteWriter(64);
  for (const { type } of functions) writer.u32(type);
  return { count: functions.length, bytes: writer.written() };
}

function exportItems(
  { start }: ModuleInfo,
  preemptTable: number,
  { tables, globals }: Pick<RewrittenModule, "tables" | "globals">,
  added: readonly ExportItem[],
): { count: number; bytes: Uint8Array } {
  const writer = new ByteWriter(256);
  const items = [
    { name: preemptExport, kind: 1, index: preemptTable },
    ...tables.map(({ name, index }) => ({ name, kind: 1, index })),
    ...globals.map(({ name, index }) => ({ name, kind: 3, index })),
    ...(start === undefined ? [] : [{ name: startExport, kind: 0, index: start }]),
    ...added,
  ];
  for (const { name, kind, index } of items) {
    writer.name(name);
    writer.u8(kind);
    writer.u32(index);
  }
  return { count: items.length, bytes: writer.written() };
}

function codeContent(info: ModuleInfo, appended: Appended, writer: ByteWriter): Uint8Array[] {
  const defined = info.functionTypes.length - info.importedFunctionCount;
  const head = new ByteWriter(8);
  head.u32(defined + appended.functions.length);
  return [head.written(), writer.written()];
}

function hintSections(hints: BranchHints): Uint8Array[][] {
  const content = hints.content();
  return content === undefined ? [] : [content];
}
