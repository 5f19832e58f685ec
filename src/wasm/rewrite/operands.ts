import { WarrenError } from "../../base/errors.ts";
import { hex } from "../offset.ts";
import { readU32, skipLeb } from "./leb.ts";

/** How many of each a module has of its own, imports included. */
export interface IndexSpaces {
  readonly types: number;
  readonly functions: number;
  readonly memories: number;
  readonly tables: number;
  readonly globals: number;
}

/**
 * Steps over what follows opcodes. Each method takes the place where it stands and returns where it ends.
 *
 * Indices of types, functions, memories, tables, globals and local variables are checked: what the rewriter adds comes after
 * the module's own, so that V8 could not tell any more that the guest names what it has not. The epoch, the table of the tick and the
 * counters of loops are among that.
 */
export class Operands {
  readonly hasMemory: boolean;
  readonly #bytes: Uint8Array;
  readonly #spaces: IndexSpaces;

  constructor(bytes: Uint8Array, spaces: IndexSpaces) {
    this.#bytes = bytes;
    this.#spaces = spaces;
    this.hasMemory = spaces.memories > 0;
  }

  memoryArgument(at: number): number {
    const p = skipLeb(this.#bytes, at);
    if ((this.#bytes[at]! & 0x40) !== 0) return skipLeb(this.#bytes, this.memory(p));
    if (this.#spaces.memories === 0) this.#missing(at, "memory", 0);
    return skipLeb(this.#bytes, p);
  }

  memory(at: number): number {
    return this.#index(at, "memory", this.#spaces.memories);
  }

  table(at: number): number {
    return this.#index(at, "table", this.#spaces.tables);
  }

  function(at: number): number {
    return this.#index(at, "function", this.#spaces.functions);
  }

  global(at: number): number {
    return this.#index(at, "global", this.#spaces.globals);
  }

  /** @param count of the function's parameters and local variables */
  local(at: number, count: number): number {
    return this.#index(at, "local variable", count);
  }

  type(at: number): number {
    return this.#index(at, "type", this.#spaces.types);
  }

  heapType(at: number): number {
    const first = this.#bytes[at]!;
    // One byte with bit 6 set is negative: an abstract heap type.
    return first < 0x80 && (first & 0x40) !== 0 ? at + 1 : this.type(at);
  }

  valueType(at: number): number {
    const type = this.#bytes[at]!;
    return type === 0x63 || type === 0x64 ? this.heapType(at + 1) : at + 1;
  }

  blockType(at: number): number {
    const type = this.#bytes[at]!;
    return type < 0x40 || type >= 0x80 ? this.type(at) : this.valueType(at);
  }

  #index(at: number, what: string, count: number): number {
    const index = readU32(this.#bytes, at);
    if (index >= count) this.#missing(at, what, index);
    return skipLeb(this.#bytes, at);
  }

  #missing(at: number, what: string, index: number): never {
    malformedCode(at, `${what} ${index} does not exist`);
  }

  /** WebAssembly 3.0, 5.4.6: struct.new 0 … i31.get_u 30. */
  gc(second: number, at: number): number {
    const bytes = this.#bytes;
    // array.len, any.convert_extern, extern.convert_any, ref.i31, i31.get_s, i31.get_u
    if (second === 15 || second >= 26) return at;
    if (second >= 20 && second <= 23) return this.heapType(at); // ref.test, ref.cast
    const p = this.type(at);
    // array.copy: a second type.
    if (second === 17) return this.type(p);
    // With a field, a length or a segment.
    const two = (second >= 2 && second <= 5) || (second >= 8 && second <= 10) || second === 18 || second === 19;
    return two ? skipLeb(bytes, p) : p;
  }

  /** WebAssembly 3.0, 5.4.5 and 5.4.7: memory.init 8 … table.fill 17. */
  bulk(second: number, at: number): number {
    const bytes = this.#bytes;
    switch (second) {
      case 8: // memory.init
        return this.memory(skipLeb(bytes, at));
      case 10: // memory.copy
        return this.memory(this.memory(at));
      case 11: // memory.fill
        return this.memory(at);
      case 12: // table.init
        return this.table(skipLeb(bytes, at));
      case 14: // table.copy
        return this.table(this.table(at));
      case 15: // table.grow, table.size, table.fill
      case 16:
      case 17:
        return this.table(at);
      default: // data.drop, elem.drop
        return skipLeb(bytes, at);
    }
  }

  vector(at: number, from: number): number {
    const bytes = this.#bytes;
    const second = readU32(bytes, from);
    const p = skipLeb(bytes, from);
    // The last are those of relaxed SIMD, 0x100 to 0x113.
    if (second > 0x113) malformedCode(at, `instruction 0xfd ${hex(second)} is not known`);
    if (second < 12 || second === 92 || second === 93) return this.memoryArgument(p);
    if (second === 12 || second === 13) return p + 16; // v128.const, i8x16.shuffle
    if (second >= 21 && second <= 34) return p + 1; // lanes
    if (second >= 84 && second <= 91) return this.memoryArgument(p) + 1; // loads and stores of a lane
    return p;
  }
}

/** Throws `module.malformed`. */
export function malformedCode(at: number, text: string): never {
  throw new WarrenError("module.malformed", `the module is malformed at ${hex(at)} in the code section: ${text}`, {
    at,
    hint: "Compile the program again; if it was copied or downloaded, compare its checksum.",
  });
}
