// For scans that hold their position in a variable: a class with a position costs a quarter of the speed.

/** The unsigned number at `at`. Bits over 32 are lost; V8 refuses a module that has them, since they are copied as they are. */
export function readU32(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let shift = 0, i = at; shift < 35; shift += 7) {
    const byte = bytes[i++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value >>> 0;
}

/** The signed number of 32 bits at `at`. */
export function readS32(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let shift = 0, i = at; shift < 35; shift += 7) {
    const byte = bytes[i++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift < 25 && (byte & 0x40) !== 0) value |= -1 << (shift + 7);
      break;
    }
  }
  return value;
}

/** Where the number at `at` ends. */
export function skipLeb(bytes: Uint8Array, at: number): number {
  let i = at;
  while (bytes[i]! >= 0x80) i++;
  return i + 1;
}

/** Where the value type at `at` ends: 0x63 and 0x64 are followed by a heap type. */
export function skipValueType(bytes: Uint8Array, at: number): number {
  const type = bytes[at]!;
  return type === 0x63 || type === 0x64 ? skipLeb(bytes, at + 1) : at + 1;
}

/** Where the block type at `at` ends: nothing, a value type or a type's index. */
export function skipBlockType(bytes: Uint8Array, at: number): number {
  const type = bytes[at]!;
  return type === 0x63 || type === 0x64 ? skipLeb(bytes, at + 1) : skipLeb(bytes, at);
}
