import { encodeUnsigned } from "../base/leb128.ts";
import { functionType, type ModuleInfo } from "../wasm/module-info.ts";

const codeSection = 10;
const elementSection = 9;
const funcref = 0x70;

/**
 * Whether a module is nothing but a table that it exports and functions that each call the entry of their own index with their own
 * parameters.
 */
export function isShimModule(info: ModuleInfo): boolean {
  const [table, ...others] = info.tables;
  const count = info.functionTypes.length;
  if (table === undefined || others.length > 0 || table.element !== funcref || table.min < count) return false;
  if (info.imports.length > 0 || !isBare(info) || info.elementCount > 0 || info.start !== undefined) return false;
  // Every export is a function or the table: there is nothing else to export.
  return sectionIs(info, codeSection, () => {
    const bytes = [...encodeUnsigned(count)];
    for (let i = 0; i < count; i++) {
      const body = shimBody(i, functionType(info, i)?.params.length ?? 0, info.functionTypes[i]!);
      bytes.push(...encodeUnsigned(body.length), ...body);
    }
    return bytes;
  });
}

/** What a fixup does when it is instantiated. */
export interface Fixup {
  /** How many of the functions that it imports, from the first on, it puts into the table. */
  readonly slots: number;
  /** Whether it calls the function that it imports after these: `_initialize` of the module that the shim is for. */
  readonly starts: boolean;
}

/** What a module does that is nothing but an element segment which fills an imported table with imported functions. */
export function fixupOf(info: ModuleInfo): Fixup | undefined {
  const count = info.functionTypes.length;
  const starts = info.start !== undefined;
  const slots = starts ? count - 1 : count;
  if (info.importedFunctionCount !== count || info.imports.length !== count + 1) return undefined;
  if (starts && info.start !== slots) return undefined;
  if (!info.imports.some(({ kind }) => kind === "table")) return undefined;
  if (!isBare(info) || info.tables.length > 0 || info.exports.length > 0) return undefined;
  const fills = sectionIs(info, elementSection, () => {
    // One active segment for table 0 from i32.const 0 on (WebAssembly 3.0, 5.5.12).
    const bytes = [1, 0, 0x41, 0, 0x0b, ...encodeUnsigned(slots)];
    for (let i = 0; i < slots; i++) bytes.push(...encodeUnsigned(i));
    return bytes;
  });
  return fills ? { slots, starts } : undefined;
}

/** No memory, globals, tags or data. */
function isBare(info: ModuleInfo): boolean {
  return info.memories.length === 0 && info.globalCount === 0 && info.tagCount === 0 && info.dataCount === 0;
}

/** No locals; local.get of each parameter, i32.const, call_indirect of table 0, end. */
function shimBody(index: number, params: number, type: number): number[] {
  const bytes = [0];
  for (let i = 0; i < params; i++) bytes.push(0x20, ...encodeUnsigned(i));
  bytes.push(0x41, ...encodeSigned(index), 0x11, ...encodeUnsigned(type), 0, 0x0b);
  return bytes;
}

function encodeSigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** Helpers have some dozens of functions; nothing is made for larger modules. */
const sectionBytesMax = 64 * 1024;

function sectionIs(info: ModuleInfo, id: number, expected: () => number[]): boolean {
  const section = info.sections.find((one) => one.id === id);
  if (section === undefined || section.end - section.start > sectionBytesMax) return false;
  return Buffer.from(info.bytes.buffer, info.bytes.byteOffset + section.start, section.end - section.start).equals(
    Uint8Array.from(expected()),
  );
}
