import type { ByteWriter } from "./byte-writer.ts";
import { readU32, skipBlockType, skipLeb } from "./leb.ts";

/**
 * Writes the instruction at `at` again, with every label that leads out of the loop at `depth` deeper.
 * It is a br_table, try_table, delegate, br_on_cast or br_on_cast_fail.
 */
export function writeLabelsDeeper(
  writer: ByteWriter,
  bytes: Uint8Array,
  at: number,
  end: number,
  depth: number,
  by: number,
): void {
  const label = (p: number): number => {
    const value = readU32(bytes, p);
    writer.u32(value > depth ? value + by : value);
    return skipLeb(bytes, p);
  };
  let p = at + 1;
  const opcode = bytes[at]!;
  writer.u8(opcode);
  switch (opcode) {
    case 0x0e: {
      const count = readU32(bytes, p);
      writer.u32(count);
      p = skipLeb(bytes, p);
      for (let i = 0; i <= count; i++) p = label(p);
      break;
    }
    case 0x18: // delegate
      p = label(p);
      break;
    case 0x1f: {
      // try_table
      const type = p;
      p = skipBlockType(bytes, p);
      const count = readU32(bytes, p);
      p = skipLeb(bytes, p);
      writer.copy(bytes, type, p);
      for (let i = 0; i < count; i++) {
        const clause = p;
        p = bytes[p]! < 2 ? skipLeb(bytes, p + 1) : p + 1;
        writer.copy(bytes, clause, p);
        p = label(p);
      }
      break;
    }
    default: {
      // 0xfb, 24 or 25, flags
      const flags = skipLeb(bytes, p) + 1;
      writer.copy(bytes, p, flags);
      p = label(flags);
    }
  }
  writer.copy(bytes, p, end);
}
