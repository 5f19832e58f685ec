// Modules that write in every way there is, by a random number: to several memories, near the ends of cards, through addresses in
// variables that change meanwhile, in blocks and loops, and that trap or throw in between.

import { encodeUnsigned } from "../../../base/leb128.ts";
import type { Pick } from "../../../base/testdata/random.ts";
import { exportItem, exports, importFunction, imports, join, module, section } from "../../testdata/build-module.ts";

const memoryPages = 5;
/** Addresses are made to lie below it, with offsets mostly in the memory. */
const addressMask = 0x3_ffff;
const functions = 5;
const segmentBytes = 200;

// Local variables: parameters first.
const [a, b, c] = [0, 1, 2];
const addresses = [3, 4, 5, 6];
const wideAddresses = [7, 8];
const frames = [12, 13];
const counters = [14, 15, 16];
const locals = [6, 4, 0x7f, 2, 0x7e, 1, 0x7d, 1, 0x7c, 1, 0x7b, 5, 0x7f];

const [i32, i64, f32, f64, v128] = [0, 1, 2, 3, 4];
/** Opcode, type of the value. */
const scalarStores = [
  [0x36, i32],
  [0x37, i64],
  [0x38, f32],
  [0x39, f64],
  [0x3a, i32],
  [0x3b, i32],
  [0x3c, i64],
  [0x3d, i64],
  [0x3e, i64],
] as const;

export interface StoreModule {
  readonly bytes: Uint8Array;
  readonly memories: number;
}

/**
 * Functions (i32, i32, i64) → i32 `f0` to `f4`; memories `m0` and so on, and functions `pages0` that tell their sizes; it calls
 * the host's `write(address, length)` for memory 0.
 */
export function storeModule(random: Pick): StoreModule {
  return new StoreModules(random).make();
}

class StoreModules {
  readonly #random: Pick;
  readonly #wide: boolean[];
  readonly #exceptions: "none" | "legacy" | "tables";
  readonly #rare: boolean;
  #code: number[] = [];
  /** Open labels, the innermost last. */
  #labels: ("block" | "loop" | "value")[] = [];
  #loops = 0;
  #function = 0;

  constructor(random: Pick) {
    this.#random = random;
    this.#wide = Array.from({ length: 1 + random(3) }, () => random(4) === 0);
    this.#exceptions = (["none", "legacy", "tables"] as const)[random(3)]!;
    this.#rare = random(4) === 0;
  }

  make(): StoreModule {
    const bodies = Array.from({ length: functions }, (_, i) => this.#body(i));
    const wide = this.#wide;
    const leb = encodeUnsigned;
    const sizes = wide.map((is, i) => [0, 0x3f, i, ...(is ? [0xa7] : []), 0x0b]);
    const code = [...bodies, ...sizes];
    const types = [
      [0x60, 3, 0x7f, 0x7f, 0x7e, 1, 0x7f],
      [0x60, 0, 0],
      [0x60, 2, 0x7f, 0x7f, 0],
      [0x60, 0, 1, 0x7f],
    ];
    const globals = [
      [0x7f, 1, 0x41, ...leb64(0x3_0000n), 0x0b],
      [0x7e, 1, 0x42, 5, 0x0b],
      [0x7d, 1, 0x43, 0, 0, 0, 0x3f, 0x0b],
      [0x70, 1, 0xd0, 0x70, 0x0b],
    ];
    const bytes = module(
      section(1, [types.length], ...types),
      imports(importFunction("host", "write", 2)),
      section(3, [code.length, ...bodies.map(() => 0), ...sizes.map(() => 3)]),
      section(4, [1, 0x70, 0, 4]),
      section(5, [wide.length], ...wide.map((is) => [is ? 5 : 1, memoryPages, 20])),
      section(13, [1, 0, 1]),
      section(6, [globals.length], ...globals),
      exports(
        ...bodies.map((_, i) => exportItem(`f${i}`, 0, i + 1)),
        ...sizes.map((_, i) => exportItem(`pages${i}`, 0, functions + 1 + i)),
        ...wide.map((_, i) => exportItem(`m${i}`, 2, i)),
      ),
      section(12, [2]),
      section(10, [code.length], ...code.map((body) => join(leb(body.length), body))),
      section(
        11,
        [2, 1, ...leb(segmentBytes), ...new Array<number>(segmentBytes).fill(0x5a)],
        [0, wide[0] === true ? 0x42 : 0x41, 8, 0x0b, 3, 1, 2, 3],
      ),
    );
    return { bytes, memories: wide.length };
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#random(list.length)]!;
  }

  #put(...code: readonly number[]): void {
    for (const byte of code) this.#code.push(byte);
  }

  #const32(value: number): void {
    this.#put(0x41, ...leb64(BigInt(value | 0)));
  }

  #const64(value: bigint): void {
    this.#put(0x42, ...leb64(value));
  }

  #body(index: number): number[] {
    this.#code = [];
    this.#labels = [];
    this.#loops = 0;
    this.#function = index;
    for (const local of addresses) {
      this.#address32Value();
      this.#put(0x21, local);
    }
    for (const local of wideAddresses) {
      this.#address32Value();
      this.#put(0xad, 0x21, local);
    }
    this.#statements(6 + this.#random(14), 0);
    if (index + 1 < functions && this.#random(6) === 0) {
      this.#put(0x20, b, 0x20, a, 0x20, c, 0x12, index + 2);
    } else this.#put(0x20, this.#one(addresses));
    return [...locals, ...this.#code, 0x0b];
  }

  /** Pushes some address, often just before the end of a card. */
  #address32Value(): void {
    const random = this.#random;
    switch (random(4)) {
      case 0:
        this.#const32(random(addressMask));
        return;
      case 1:
        this.#const32((random(addressMask) | 0xfff) - random(20));
        return;
      case 2:
        this.#put(0x20, this.#one([a, b]));
        this.#const32(addressMask);
        this.#put(0x71);
        return;
      default:
        this.#put(0x20, this.#one(addresses), 0x20, this.#one([a, b, ...addresses]));
        this.#put(this.#one([0x6a, 0x6b, 0x73]));
        this.#const32(addressMask);
        this.#put(0x71);
    }
  }

  #address(wide: boolean): void {
    const random = this.#random;
    const kind = random(10);
    if (wide) {
      this.#put(0x20, this.#one(wideAddresses));
      if (kind === 0) {
        this.#const64(BigInt(random(100)));
        this.#put(0x7c);
      } else if (kind === 1) {
        this.#put(0x1a);
        this.#address32Value();
        this.#put(0xad, 0x22, this.#one(wideAddresses));
      }
      return;
    }
    if (kind < 6) this.#put(0x20, this.#one(addresses));
    else if (kind === 6) this.#put(0x20, this.#one(frames));
    else if (kind === 7) {
      this.#address32Value();
      this.#put(0x22, this.#one(addresses));
    } else {
      this.#put(0x20, this.#one(addresses));
      this.#const32(this.#one([random(300), random(40) - 20, -random(300), random(60_000) - 20_000]));
      this.#put(this.#one([0x6a, 0x6b]));
    }
  }

  /** Pushes a value; now and then changes variables that hold addresses. */
  #value(type: number): void {
    const random = this.#random;
    const sides = random(6) === 0;
    switch (type) {
      case i32:
        if (sides) this.#sideEffect();
        else if (random(2) === 0) this.#put(0x20, this.#one([a, b, ...addresses]));
        else this.#const32(random(0xffff_ffff));
        return;
      case i64:
        if (sides) {
          this.#sideEffect();
          this.#put(0xad);
        } else this.#put(0x20, c);
        return;
      case f32:
        if (sides) {
          this.#sideEffect();
          this.#put(0xb2);
        } else this.#put(0x43, 1, 2, 3, 0x40);
        return;
      case f64:
        if (sides) {
          this.#sideEffect();
          this.#put(0xb7);
        } else this.#put(0x44, 1, 2, 3, 4, 5, 6, 7, 0x40);
        return;
      default:
        this.#sideEffect();
        this.#put(0xfd, this.#one([15, 17]));
    }
  }

  /** Pushes an i32 and may change an address or write. */
  #sideEffect(): void {
    const random = this.#random;
    // Not in loops: it would take too long.
    if (random(3) === 0 && this.#loops === 0 && this.#function + 1 < functions) {
      this.#put(0x20, b, 0x20, this.#one(addresses), 0x20, c, 0x10, this.#function + 2);
    } else if (random(2) === 0) {
      this.#address32Value();
      this.#put(0x22, this.#one(addresses));
    } else {
      this.#put(0x02, 0x7f);
      this.#labels.push("value");
      this.#statements(1 + random(2), 2);
      this.#labels.pop();
      this.#put(0x20, this.#one([a, b]), 0x0b);
    }
  }

  #memoryArgument(memory: number): void {
    const random = this.#random;
    const offset = this.#one([
      0,
      0,
      random(16),
      random(250),
      random(300),
      200 + random(200),
      random(5000),
      4090 + random(12),
    ]);
    if (memory === 0 && random(2) === 0) this.#put(0, ...encodeUnsigned(offset));
    else this.#put(0x40, memory, ...encodeUnsigned(offset));
  }

  #store(): void {
    const random = this.#random;
    const memory = random(this.#wide.length);
    const kind = random(12);
    this.#address(this.#wide[memory]!);
    if (kind < 8) {
      const [opcode, type] = this.#one(scalarStores);
      this.#value(type);
      this.#put(opcode);
      this.#memoryArgument(memory);
    } else if (kind < 10) {
      this.#value(v128);
      this.#put(0xfd, 11);
      this.#memoryArgument(memory);
    } else {
      const lane = random(4);
      this.#value(v128);
      this.#put(0xfd, 88 + lane);
      this.#memoryArgument(memory);
      this.#put(random(16 >> lane));
    }
  }

  /** Several stores near each other, by one variable. */
  #fields(): void {
    const random = this.#random;
    if (this.#wide[0]!) return;
    const local = this.#one([...addresses, ...addresses, ...frames]);
    const [start, spread] = [this.#one([0, random(300), random(5000)]), this.#one([24, 60, 300, 5000])];
    for (let i = 2 + random(6); i > 0; i--) {
      this.#put(0x20, local);
      if (random(3) === 0) {
        this.#const32(random(spread) - (frames.includes(local) ? 0 : spread >> 3));
        this.#put(0x6a);
      }
      const [opcode, type] = this.#one(scalarStores);
      this.#value(type);
      this.#put(opcode, 0, ...encodeUnsigned(start + random(spread)));
    }
  }

  #bulk(): void {
    const random = this.#random;
    const wide = this.#wide;
    const target = random(wide.length);
    this.#address(wide[target]!);
    const length = (is64: boolean) => {
      const constant = this.#one([0, 1, random(40), random(1000), random(9000), random(70_000)]);
      if (random(2) === 0) {
        if (is64) this.#const64(BigInt(constant));
        else this.#const32(constant);
        return;
      }
      this.#put(0x20, this.#one([a, b]));
      this.#const32(0x1fff);
      this.#put(0x71, ...(is64 ? [0xad] : []));
    };
    switch (random(3)) {
      case 0:
        this.#const32(random(256));
        length(wide[target]!);
        this.#put(0xfc, 11, target);
        return;
      case 1: {
        const source = random(wide.length);
        this.#address(wide[source]!);
        length(wide[target]! && wide[source]!);
        this.#put(0xfc, 10, target, source);
        return;
      }
      default:
        this.#const32(random(20));
        this.#const32(random(185));
        this.#put(0xfc, 8, 0, target);
    }
  }

  /** As compilers make them: the stack pointer less a constant, kept in a variable. */
  #frame(): void {
    const random = this.#random;
    const local = this.#one(frames);
    const bytes = 1 + this.#one([random(64), random(600), random(6000)]);
    this.#put(0x23, 0);
    this.#const32(bytes);
    this.#put(0x6b, 0x22, local, random(2) === 0 ? 0x1a : 0x24);
    if (this.#code.at(-1) === 0x24) this.#put(0);
    if (this.#wide[0]!) return;
    for (let i = random(4); i > 0; i--) {
      this.#put(0x20, local);
      this.#const32(random(1000));
      this.#put(0x36, 0, ...encodeUnsigned(random(bytes)));
    }
  }

  #statements(count: number, depth: number): void {
    for (let i = count; i > 0; i--) this.#statement(depth);
  }

  #block(opcode: number, depth: number): void {
    this.#put(opcode, 0x40);
    this.#labels.push(opcode === 0x03 ? "loop" : "block");
    this.#statements(1 + this.#random(4), depth + 1);
  }

  #close(): void {
    this.#labels.pop();
    this.#put(0x0b);
  }

  #condition(): void {
    this.#put(0x20, this.#one([a, b]));
    this.#const32(this.#random(31));
    this.#put(0x76, 0x41, 1, 0x71);
  }

  #statement(depth: number): void {
    const random = this.#random;
    const kind = random(depth < 3 ? 32 : 24);
    // Rarely, or little else would be done.
    if (kind === 22 && random(3) > 0) return;
    if (kind < 10) this.#store();
    else if (kind < 12) this.#fields();
    else if (kind < 15) {
      this.#address32Value();
      if (random(4) === 0) this.#put(0xad, 0x21, this.#one(wideAddresses));
      else this.#put(0x21, this.#one(addresses));
    } else if (kind < 17) this.#bulk();
    else if (kind < 19) this.#frame();
    else if (kind === 19) this.#grow();
    else if (kind === 20) this.#global();
    else if (kind === 21) this.#branch();
    else if (kind === 22) {
      this.#condition();
      this.#put(0x04, 0x40);
      this.#labels.push("block");
      this.#put(random(3) === 0 && this.#exceptions !== "none" ? 0x08 : 0x00);
      if (this.#code.at(-1) === 0x08) this.#put(0);
      this.#close();
    } else if (kind === 23) {
      this.#put(0x20, this.#one(addresses));
      this.#const32(random(3000));
      this.#put(0x10, 0);
    } else if (kind < 26) {
      this.#block(0x02, depth);
      this.#close();
    } else if (kind < 28) {
      this.#condition();
      this.#block(0x04, depth);
      if (random(2) === 0) {
        this.#put(0x05);
        this.#statements(1 + random(3), depth + 1);
      }
      this.#close();
    } else if (kind === 28) this.#strides();
    else if (kind < 30) this.#loop(depth);
    else this.#try(depth);
  }

  #grow(): void {
    const memory = this.#random(this.#wide.length);
    if (this.#random(2) === 0) {
      if (this.#wide[memory]!) this.#put(0x42, this.#random(4), 0x40, memory, 0x1a);
      else this.#put(0x41, this.#random(4), 0x40, memory, 0x1a);
      return;
    }
    // Writes to the last page that there is.
    this.#put(0x3f, memory);
    if (this.#wide[memory]!) this.#put(0x42, 16, 0x86, 0x42, 16, 0x7d, 0x42, 7, 0x37, 0x40, memory, 8);
    else this.#put(0x41, 16, 0x74, 0x41, 16, 0x6b, 0x42, 7, 0x37, 0x40, memory, 8);
  }

  #global(): void {
    switch (this.#random(this.#rare ? 6 : 3)) {
      case 0:
        this.#put(0x20, c, 0x24, 1);
        return;
      case 1:
        this.#put(0x43, 9, 9, 9, 0x3f, 0x24, 2);
        return;
      case 2:
        this.#address32Value();
        this.#put(0x24, 0);
        return;
      case 3:
        this.#put(0x41, 1, 0xd0, 0x70, 0x26, 0);
        return;
      case 4:
        this.#put(0xfc, 9, 0); // data.drop
        return;
      default:
        this.#put(0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a); // table.grow
    }
  }

  /** Out of blocks, never back to a loop's beginning. */
  #branch(): void {
    const targets = this.#labels.flatMap((kind, i) => (kind === "block" ? [this.#labels.length - 1 - i] : []));
    if (targets.length === 0) return;
    this.#condition();
    if (this.#random(3) === 0) this.#put(0x04, 0x40, 0x20, a, 0x0f, 0x0b);
    else if (this.#random(4) === 0) {
      const label = this.#one(targets);
      this.#put(0x04, 0x40, 0x0c, label + 1, 0x0b);
    } else this.#put(0x0d, this.#one(targets));
  }

  #loop(depth: number): void {
    if (this.#loops === counters.length) return;
    const counter = counters[this.#loops++]!;
    this.#put(0x41, 1 + this.#random(4), 0x21, counter);
    this.#block(0x03, depth);
    this.#put(0x20, counter, 0x41, 1, 0x6b, 0x22, counter, 0x0d, 0);
    if (this.#random(2) === 0) {
      // A second way back.
      this.#statements(1, depth + 1);
    }
    this.#close();
    this.#loops--;
  }

  /** A loop without another in it that stores at addresses which move by constant steps, some only at some turns. */
  #strides(): void {
    const random = this.#random;
    if (this.#loops === counters.length || this.#wide[0]!) return;
    const counter = counters[this.#loops++]!;
    const [base, index] = [this.#one([...addresses, ...frames]), this.#one(addresses)];
    if (random(2) === 0) {
      this.#const32(random(1000));
      this.#put(0x21, index);
    }
    this.#put(0x41, ...leb64(BigInt(1 + this.#one([random(5), random(100), random(3000)]))), 0x21, counter, 0x03, 0x40);
    const move = (local: number) => {
      this.#put(0x20, local);
      this.#const32(this.#one([1, 4, 8, -4, -1, 16, 100]));
      this.#put(random(5) === 0 ? 0x6b : 0x6a, 0x21, local);
    };
    for (let i = 1 + random(4); i > 0; i--) {
      const kind = random(8);
      if (kind < 4) {
        this.#put(0x20, base);
        if (random(3) === 0) {
          this.#const32(random(200) - 50);
          this.#put(0x6a);
        } else if (kind > 1) {
          this.#put(0x20, index);
          if (random(2) === 0) this.#put(0x41, random(4), 0x74);
          this.#put(0x6a);
        }
        this.#put(0x20, a, this.#one([0x36, 0x3a, 0x3b]), 0, ...encodeUnsigned(random(400)));
      } else if (kind < 6) move(this.#one([base, index]));
      else {
        this.#condition();
        this.#put(0x04, 0x40);
        if (kind === 6) move(base);
        else {
          this.#put(0x20, this.#one([index, b]));
          this.#const32(addressMask);
          this.#put(0x71, 0x21, base);
        }
        this.#put(0x0b);
      }
    }
    move(base);
    // Down to zero by steps of one, whatever else was taken from it.
    this.#put(0x20, counter, 0x41, 1, 0x6b, 0x22, counter, 0x41, 0, 0x4a, 0x0d, 0, 0x0b);
    this.#loops--;
  }

  #try(depth: number): void {
    if (this.#exceptions === "none") {
      this.#block(0x02, depth);
      this.#close();
    } else if (this.#exceptions === "legacy") {
      this.#block(0x06, depth);
      this.#put(0x19);
      this.#statements(1 + this.#random(3), depth + 1);
      this.#close();
    } else {
      this.#put(0x02, 0x40);
      this.#labels.push("block");
      this.#put(0x1f, 0x40, 1, 2, 0);
      this.#labels.push("block");
      this.#statements(1 + this.#random(4), depth + 1);
      this.#close();
      this.#close();
    }
  }
}

/** A signed number as LEB128. */
function leb64(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
