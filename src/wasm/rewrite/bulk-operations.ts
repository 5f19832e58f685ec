import { i32, i64, type ModuleInfo, referenceType, type ValueType } from "../module-info.ts";
import { readU32, skipLeb } from "./leb.ts";
import { inlineBytes, inlineElements, inlineEntries, pieceBytes, pieceElements, pieceEntries } from "./tuning.ts";

/** A bulk operation as the pieces are made of: which operands it has, what they count and how much is too much. */
export interface BulkOperation {
  /** The instruction, all its bytes. */
  readonly code: Uint8Array;
  readonly name: string;
  /** Types of its operands. */
  readonly params: readonly ValueType[];
  /** Which operands are the destination's and the source's index; the length is the last one. */
  readonly destination: number;
  readonly source: number | undefined;
  /** The memory that is written. */
  readonly memory: number | undefined;
  /** The source may be the destination: pieces go from the end where it stands before it. */
  readonly overlaps: boolean;
  /** The memory that an operand is an address of, where that has 32 bits: 4 GiB end beyond all its numbers. */
  readonly narrowMemories: readonly (number | undefined)[];
  /** Up to so many are done in place. */
  readonly inline: number;
  readonly piece: number;
}

/**
 * Describes the operation whose second opcode is `second`, 0x100 and more for those of arrays (0xfb). Undefined when it
 * names what the module does not have: V8 says so when it compiles it.
 */
export function describeBulk(info: ModuleInfo, from: number, end: number, second: number): BulkOperation | undefined {
  const { bytes } = info;
  const code = bytes.subarray(from, end);
  const at = skipLeb(bytes, from + 1);
  const x = readU32(bytes, at);
  const y = readU32(bytes, skipLeb(bytes, at));
  return second >= 0x100 ? describeArray(info, code, second - 0x100, x, y) : describeMemory(info, code, second, x, y);
}

function describeMemory(
  info: ModuleInfo,
  code: Uint8Array,
  second: number,
  x: number,
  y: number,
): BulkOperation | undefined {
  const memories = allMemories(info);
  const tables = allTables(info);
  const isTable = second >= 12;
  const spaces = isTable ? tables : memories;
  // The target of an initialisation is the second index, the segment the first (WebAssembly 3.0, 5.4.5 and 5.4.7).
  const isInit = second === 8 || second === 12;
  const isFill = second === 11 || second === 17;
  const targetIndex = isInit ? y : x;
  const target = spaces[targetIndex];
  const origin = isInit || isFill ? target : spaces[y];
  if (target === undefined || origin === undefined) return undefined;
  const destination = target.is64 ? i64 : i32;
  const limits = isTable ? { inline: inlineEntries, piece: pieceEntries } : { inline: inlineBytes, piece: pieceBytes };
  const name = `${isTable ? "table" : "memory"}.${isInit ? "init" : isFill ? "fill" : "copy"}`;
  const narrow = (index: number) => (isTable || spaces[index]!.is64 ? undefined : index);
  const narrowMemories = isInit || isFill ? [narrow(targetIndex)] : [narrow(x), narrow(y)];
  const memory = isTable ? undefined : targetIndex;
  const shared = { code, name, destination: 0, memory, narrowMemories, ...limits };
  if (isFill) {
    const value = isTable ? tables[x]!.element : i32;
    return { ...shared, params: [destination, value, destination], source: undefined, overlaps: false };
  }
  if (isInit) return { ...shared, params: [destination, i32, i32], source: 1, overlaps: false };
  const source = origin.is64 ? i64 : i32;
  const length = target.is64 && origin.is64 ? i64 : i32;
  // Two imported ones may be the same one; but not of different address types.
  return { ...shared, params: [destination, source, length], source: 1, overlaps: destination === source };
}

function describeArray(
  { types }: ModuleInfo,
  code: Uint8Array,
  second: number,
  x: number,
  y: number,
): BulkOperation | undefined {
  const type = types[x];
  if (type?.kind !== "array") return undefined;
  const array = referenceType(0x63, x);
  const shared = {
    code,
    destination: 1,
    memory: undefined,
    narrowMemories: [],
    inline: inlineElements,
    piece: pieceElements,
  };
  switch (second) {
    case 16:
      return {
        ...shared,
        name: "array.fill",
        params: [array, i32, type.element, i32],
        source: undefined,
        overlaps: false,
      };
    case 17: {
      if (types[y]?.kind !== "array") return undefined;
      const params = [array, i32, referenceType(0x63, y), i32, i32];
      return { ...shared, name: "array.copy", params, source: 3, overlaps: true };
    }
    default: {
      const name = second === 18 ? "array.init_data" : "array.init_elem";
      return { ...shared, name, params: [array, i32, i32, i32], source: 2, overlaps: false };
    }
  }
}

function allMemories({ imports, memories }: ModuleInfo): { readonly is64: boolean }[] {
  return [...imports.flatMap((item) => (item.kind === "memory" ? [item.memory] : [])), ...memories];
}

function allTables({ imports, tables }: ModuleInfo): { readonly is64: boolean; readonly element: ValueType }[] {
  return [...imports.flatMap((item) => (item.kind === "table" ? [item.table] : [])), ...tables];
}
