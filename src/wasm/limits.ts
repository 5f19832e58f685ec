import { WarrenError } from "../base/errors.ts";
import type { Limits, TableInfo } from "./module-info.ts";
import { hex } from "./offset.ts";
import type { ModuleReader } from "./reader.ts";

/** Bytes of a page of memory. */
export const pageBytes = 65_536;

const pagesMax32 = 65_536;
/** WebAssembly 3.0, 3.2.15: 2^64 bytes. */
const pagesMax64 = 2 ** 48;
const entriesMax32 = 2 ** 32 - 1;
const entriesMax64 = 2 ** 64;

const is64Bit = 0x04;
const shared = 0x02;
const hasMax = 0x01;

export function readMemory(reader: ModuleReader): Limits {
  const start = reader.at;
  const flags = reader.u8("a memory's limits");
  // V8 takes neither custom page sizes (0x08) nor shared memories without a maximum.
  if (flags > 7 || (flags & 3) === shared) reader.malformed(start, `${hex(flags)} is not a flag of a memory`);
  if ((flags & shared) !== 0 && reader.caps.sharedMemories === 0) {
    throw new WarrenError(
      "module.shared-memory",
      `the module has a shared memory (at ${hex(start)}), but services have no threads`,
      {
        at: start,
        hint: "Build it without threads: for wasm32-wasip1 instead of wasm32-wasip1-threads, without -pthread or -matomics.",
      },
    );
  }
  const is64 = (flags & is64Bit) !== 0;
  return readLimits(reader, start, flags, is64 ? pagesMax64 : pagesMax32, "pages");
}

export function readTable(reader: ModuleReader): TableInfo {
  const element = reader.referenceType();
  const start = reader.at;
  const flags = reader.u8("a table's limits");
  if (flags > 7 || (flags & shared) !== 0) reader.malformed(start, `${hex(flags)} is not a flag of a table`);
  const is64 = (flags & is64Bit) !== 0;
  return { element, ...readLimits(reader, start, flags, is64 ? entriesMax64 : entriesMax32, "entries") };
}

function readLimits(reader: ModuleReader, start: number, flags: number, unitsMax: number, unit: string): Limits {
  const is64 = (flags & is64Bit) !== 0;
  const min = readUnits(reader, is64, unitsMax, unit);
  if ((flags & hasMax) === 0) return { min, max: undefined, is64, start, end: reader.at };
  const at = reader.at;
  const max = readUnits(reader, is64, unitsMax, unit);
  if (max < min) reader.malformed(at, `the maximum of ${max} ${unit} is less than the minimum of ${min}`);
  return { min, max, is64, start, end: reader.at };
}

function readUnits(reader: ModuleReader, is64: boolean, unitsMax: number, unit: string): number {
  const at = reader.at;
  const units = is64 ? reader.u64() : reader.u32();
  if (units > unitsMax) reader.malformed(at, `${units} ${unit} are more than WebAssembly allows (${unitsMax})`);
  return units;
}
