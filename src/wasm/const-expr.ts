import { hex } from "./offset.ts";
import type { ModuleReader } from "./reader.ts";

/** How many of each there are at this point of the file. */
export interface IndexSpaces {
  readonly functionCount: number;
  readonly globalCount: number;
}

/**
 * Steps over a constant expression: the initial value of a global, a table or an element, or an offset. The form of every
 * instruction is checked, its operands' types are V8's to check. WebAssembly 3.0, 3.3.10 (constant expressions).
 */
export function skipConstExpr(reader: ModuleReader, spaces: IndexSpaces): void {
  for (;;) {
    const at = reader.at;
    const opcode = reader.u8("a constant expression");
    switch (opcode) {
      case 0x0b: // end
        return;
      case 0x41: // i32.const
        reader.skipSigned(32);
        break;
      case 0x42: // i64.const
        reader.skipSigned(64);
        break;
      case 0x43: // f32.const
        reader.skip(4, "an f32 constant");
        break;
      case 0x44: // f64.const
        reader.skip(8, "an f64 constant");
        break;
      case 0x23: // global.get
        reader.index("global", spaces.globalCount);
        break;
      case 0xd0: // ref.null
        reader.heapType();
        break;
      case 0xd2: // ref.func
        reader.index("function", spaces.functionCount);
        break;
      case 0x6a: // i32.add, i32.sub, i32.mul
      case 0x6b:
      case 0x6c:
      case 0x7c: // i64.add, i64.sub, i64.mul
      case 0x7d:
      case 0x7e:
        break;
      case 0xfb:
        skipGc(reader, at);
        break;
      case 0xfd:
        if (reader.u32() !== 12) reader.malformed(at, "of the vector instructions only v128.const is constant");
        reader.skip(16, "a v128 constant");
        break;
      default:
        reader.malformed(at, `instruction ${hex(opcode)} is not allowed in a constant expression`);
    }
  }
}

function skipGc(reader: ModuleReader, at: number): void {
  const opcode = reader.u32();
  switch (opcode) {
    case 0: // struct.new
    case 1: // struct.new_default
    case 6: // array.new
    case 7: // array.new_default
      reader.index("type", reader.typeCount);
      break;
    case 8: // array.new_fixed
      reader.index("type", reader.typeCount);
      reader.u32();
      break;
    case 26: // any.convert_extern
    case 27: // extern.convert_any
    case 28: // ref.i31
      break;
    default:
      reader.malformed(at, `instruction 0xfb ${hex(opcode)} is not allowed in a constant expression`);
  }
}
