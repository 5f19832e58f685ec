import { WarrenError } from "../base/errors.ts";
import { encodeUnsigned } from "../base/leb128.ts";
import { capsDefault } from "./caps.ts";
import { pageBytes } from "./limits.ts";
import type { Limits, ModuleInfo } from "./module-info.ts";

const tableSection = 4;
const memorySection = 5;

interface Change {
  readonly limits: Limits;
  readonly max: number;
}

/**
 * Returns the module with declared maxima such that its memories together cannot grow beyond `bytesMax`, nor any of its
 * tables beyond `tableEntriesMax` (a table's entries cost 24 bytes each and V8 lets it grow to ten million): V8 itself then
 * refuses the growth, and the guest sees its `memory.grow` give -1. Where nothing has to change the result is
 * `bytes` itself. What the module imports is not limited here: whoever makes it does that.
 *
 * `info` must be what `decodeModule` gave for `bytes`. Several memories share what their minima leave over in equal parts. Throws `limits.memory` when the minima are more
 * than `bytesMax`.
 */
export function limitMemory(
  bytes: Uint8Array,
  info: ModuleInfo,
  bytesMax: number,
  tableEntriesMax: number = capsDefault.tableEntries,
): Uint8Array {
  const changes: Change[] = [];
  for (const limits of info.tables) {
    const max = Math.max(limits.min, tableEntriesMax);
    if (limits.max === undefined || limits.max > max) changes.push({ limits, max });
  }
  for (const [i, max] of memoryMaxima(info.memories, bytesMax).entries()) {
    const limits = info.memories[i]!;
    if (limits.max === undefined || limits.max > max) changes.push({ limits, max });
  }
  return changes.length === 0 ? bytes : rewriteLimits(bytes, info, changes);
}

/**
 * The most pages that each memory of a program may have. Throws `limits.memory` when the minima are more than `bytesMax`.
 */
function memoryMaxima(
  memories: readonly (Pick<Limits, "min" | "max"> & { readonly start?: number })[],
  bytesMax: number,
): number[] {
  const pagesMax = Math.floor(bytesMax / pageBytes);
  let min = 0;
  let growing = 0;
  for (const memory of memories) {
    min += memory.min;
    if (memory.max === undefined || memory.max > memory.min) growing++;
  }
  if (min > pagesMax) {
    throw new WarrenError(
      "limits.memory",
      `the program starts with ${megabytes(min * pageBytes)} of memory, but its limit is ${megabytes(bytesMax)}`,
      {
        ...(memories[0]?.start === undefined ? {} : { at: memories[0].start }),
        hint: `Set limits.memory to at least "${Math.ceil((min * pageBytes) / 2 ** 20)}MiB", or run with --memory.`,
      },
    );
  }
  const share = growing === 0 ? 0 : Math.floor((pagesMax - min) / growing);
  return memories.map((memory) => memory.min + share);
}

/** Copies the module, with the sections of tables and memories encoded again. */
function rewriteLimits(bytes: Uint8Array, { sections }: ModuleInfo, changes: readonly Change[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (const section of sections) {
    if (section.id !== tableSection && section.id !== memorySection) continue;
    const content: Uint8Array[] = [];
    let from = section.start;
    for (const { limits, max } of changes) {
      if (limits.start < section.start || limits.end > section.end) continue;
      content.push(bytes.subarray(from, limits.start), encodeLimits(limits, max));
      from = limits.end;
    }
    content.push(bytes.subarray(from, section.end));
    const length = content.reduce((sum, part) => sum + part.length, 0);
    parts.push(
      bytes.subarray(copied, section.headerStart),
      Uint8Array.of(section.id, ...encodeUnsigned(length)),
      ...content,
    );
    copied = section.end;
  }
  parts.push(bytes.subarray(copied));
  return Buffer.concat(parts);
}

/** Flags 0x01: has a maximum, 0x04: 64-bit (WebAssembly 3.0, 5.3.13). Shared memories do not get this far. */
function encodeLimits({ min, is64 }: Limits, max: number): Uint8Array {
  return Uint8Array.of(is64 ? 5 : 1, ...encodeUnsigned(min), ...encodeUnsigned(max));
}

function megabytes(bytes: number): string {
  return `${Math.round((bytes / 2 ** 20) * 100) / 100} MiB`;
}
