import type { ModuleInfo } from "../module-info.ts";
import { walkExpression } from "./expressions.ts";
import { readU32, skipLeb, skipValueType } from "./leb.ts";

/**
 * Marks the functions that a reference is made of outside of code: in tables, globals and element segments. `info` must be
 * what `decodeModule` gave for the bytes, which says that their form is right.
 */
export function markReferences(info: ModuleInfo, taken: Uint8Array): void {
  const { bytes } = info;
  for (const section of info.sections) {
    if (section.id !== 4 && section.id !== 6 && section.id !== 9) continue;
    let p = skipLeb(bytes, section.start);
    for (let count = readU32(bytes, section.start); count > 0; count--) {
      if (section.id === 4) p = inTable(bytes, p, taken);
      else if (section.id === 6) p = walkExpression(bytes, skipValueType(bytes, p) + 1, taken);
      else p = inSegment(bytes, p, taken);
    }
  }
}

function inTable(bytes: Uint8Array, at: number, taken: Uint8Array): number {
  const initialized = bytes[at] === 0x40;
  let p = skipValueType(bytes, initialized ? at + 2 : at);
  const flags = bytes[p]!;
  p = skipLeb(bytes, p + 1);
  if ((flags & 1) !== 0) p = skipLeb(bytes, p);
  return initialized ? walkExpression(bytes, p, taken) : p;
}

function inSegment(bytes: Uint8Array, at: number, taken: Uint8Array): number {
  const flags = readU32(bytes, at);
  let p = skipLeb(bytes, at);
  if ((flags & 1) === 0) {
    if ((flags & 2) !== 0) p = skipLeb(bytes, p);
    p = walkExpression(bytes, p, taken);
  }
  if ((flags & 3) !== 0) p = (flags & 4) === 0 ? p + 1 : skipValueType(bytes, p);
  const count = readU32(bytes, p);
  p = skipLeb(bytes, p);
  for (let i = 0; i < count; i++) {
    if ((flags & 4) !== 0) p = walkExpression(bytes, p, taken);
    else {
      taken[readU32(bytes, p)] = 1;
      p = skipLeb(bytes, p);
    }
  }
  return p;
}
