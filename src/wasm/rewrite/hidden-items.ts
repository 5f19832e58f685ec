import type { ModuleInfo, ValueType } from "../module-info.ts";
import { referenceType } from "../module-info.ts";
import { type RewrittenItem, reservedPrefix } from "./contract.ts";
import { walkExpression } from "./expressions.ts";
import { readU32, skipLeb, skipValueType } from "./leb.ts";

/** Exports of globals take up to 650 bytes in each instance. Programs of ordinary toolchains have ten of them. */
const globalsMax = 1_000;

export interface HiddenItems {
  readonly tables: RewrittenItem[];
  readonly globals: RewrittenItem[];
  readonly globalsMissing: boolean;
}

/** The tables and mutable globals that a module defines, with the names that they are exported by. */
export function hiddenItems(info: ModuleInfo): HiddenItems {
  const importedTables = info.imports.filter(({ kind }) => kind === "table").length;
  const tables = info.tables.map(({ element }, i) => {
    const index = importedTables + i;
    return { name: `${reservedPrefix}table.${index}`, index, type: element };
  });
  const all = mutableGlobals(info);
  return { tables, globals: all.slice(0, globalsMax), globalsMissing: all.length > globalsMax };
}

/** All of them, as they are: {@link hiddenItems} leaves some out. */
export function mutableGlobals(info: ModuleInfo): RewrittenItem[] {
  const { bytes } = info;
  const section = info.sections.find(({ id }) => id === 6);
  if (section === undefined) return [];
  const found: RewrittenItem[] = [];
  let index = info.imports.filter(({ kind }) => kind === "global").length;
  let p = skipLeb(bytes, section.start);
  for (let count = readU32(bytes, section.start); count > 0; count--, index++) {
    const type = valueType(bytes, p);
    p = skipValueType(bytes, p);
    if (bytes[p] === 1) found.push({ name: `${reservedPrefix}global.${index}`, index, type });
    p = walkExpression(bytes, p + 1);
  }
  return found;
}

/** As `ModuleReader.valueType` reads it; the module was read before. */
function valueType(bytes: Uint8Array, at: number): ValueType {
  const byte = bytes[at]!;
  if (byte !== 0x63 && byte !== 0x64) return byte;
  const first = bytes[at + 1]!;
  // One byte with bit 6 set is negative: an abstract heap type.
  if (first < 0x80 && (first & 0x40) !== 0) return byte === 0x63 ? first : referenceType(byte, 0x80_0000 + first);
  return referenceType(byte, readU32(bytes, at + 1));
}
