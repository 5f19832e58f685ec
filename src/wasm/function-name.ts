import type { ModuleInfo } from "./module-info.ts";

const nameBytesMax = 500;
const functionNames = 1;

/**
 * A function's name from the name section (WebAssembly 3.0, 7.4.1), imports first, for messages. Searched for at each
 * call: names are needed for the few functions of a trap's stack. Undefined: not named, or the section is broken, which is
 * no fault of a module. A name may hold any character, so whoever prints it must filter control characters.
 */
export function functionName(info: ModuleInfo, index: number): string | undefined {
  const section = info.customSections.find(({ name }) => name === "name");
  if (section === undefined) return undefined;
  const cursor = new NameCursor(info.bytes, section.start, section.end);
  while (cursor.more) {
    const id = cursor.u32();
    const end = cursor.u32() + cursor.at;
    if (!(end <= section.end)) return undefined;
    if (id === functionNames) return searchNames(new NameCursor(info.bytes, cursor.at, end), index);
    cursor.at = end;
  }
  return undefined;
}

function searchNames(cursor: NameCursor, index: number): string | undefined {
  for (let count = cursor.u32(); count > 0 && cursor.more; count--) {
    const found = cursor.u32() === index;
    const length = cursor.u32();
    const from = cursor.at;
    cursor.at += length;
    if (!(cursor.at <= cursor.end)) return undefined;
    // A character that is cut through shows as U+FFFD.
    if (found)
      return Buffer.from(cursor.bytes.subarray(from, Math.min(cursor.at, from + nameBytesMax))).toString("utf8");
  }
  return undefined;
}

/** Reads LEB128 and gives NaN for what is not there or not a number. */
class NameCursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  u32(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28 && this.at < this.end; scale *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  }
}
