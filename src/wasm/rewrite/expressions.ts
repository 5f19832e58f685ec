import { readU32, skipLeb } from "./leb.ts";

/**
 * Where the constant expression at `at` ends; marks the functions that it makes references of. It has only instructions
 * that `skipConstExpr` lets through.
 */
export function walkExpression(bytes: Uint8Array, at: number, taken?: Uint8Array): number {
  let p = at;
  for (;;) {
    const opcode = bytes[p++]!;
    switch (opcode) {
      case 0x0b: // end
        return p;
      case 0xd2: // ref.func
        if (taken !== undefined) taken[readU32(bytes, p)] = 1;
        p = skipLeb(bytes, p);
        break;
      case 0x41: // i32.const, i64.const, global.get, ref.null
      case 0x42:
      case 0x23:
      case 0xd0:
        p = skipLeb(bytes, p);
        break;
      case 0x43:
        p += 4;
        break;
      case 0x44:
        p += 8;
        break;
      case 0xfd: // v128.const
        p = skipLeb(bytes, p) + 16;
        break;
      case 0xfb: {
        const second = readU32(bytes, p);
        p = skipLeb(bytes, p);
        // struct.new…, array.new… name a type; array.new_fixed its length too.
        if (second <= 8) p = skipLeb(bytes, p);
        if (second === 8) p = skipLeb(bytes, p);
      }
    }
  }
}
