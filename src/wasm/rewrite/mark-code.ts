import { i32, i64, type ValueType } from "../module-info.ts";
import type { Appended } from "./appended.ts";
import { ByteWriter } from "./byte-writer.ts";
import { u32 } from "./check-code.ts";
import type { LoopMark } from "./loop-marks.ts";
import { storeOffset, storeStep } from "./mark-scanner.ts";
import { cardsStart, framePoints, type MarkTuning } from "./mark-tuning.ts";

/** A memory of the guest and that of its cards. */
export interface MarkedMemory {
  readonly index: number;
  readonly cards: number;
  readonly is64: boolean;
}

/** Local variables that marks may use: for an address, and for the value that is stored. */
export interface MarkLocals {
  readonly address: number;
  readonly wideAddress: number;
  value(which: number): number;
}

const [localGet, localSet, localTee] = [0x20, 0x21, 0x22];

/** Writes marks, and what stands for the instructions that see a memory's size. */
export class MarkCode {
  readonly #memories: readonly MarkedMemory[];
  readonly #tuning: MarkTuning;
  readonly #appended: Appended;
  readonly #dirtyGlobal: number;
  readonly #rangeFunctions = new Map<number, number>();
  readonly #growFunctions = new Map<number, number>();

  constructor(memories: readonly MarkedMemory[], dirtyGlobal: number, appended: Appended, tuning: MarkTuning) {
    this.#memories = memories;
    this.#dirtyGlobal = dirtyGlobal;
    this.#appended = appended;
    this.#tuning = tuning;
  }

  /** The store from `at` to `end` and its mark, as an eventStore tells them. */
  store(
    writer: ByteWriter,
    bytes: Uint8Array,
    at: number,
    end: number,
    detail: number,
    local: number,
    locals: MarkLocals,
  ): void {
    const memory = this.#memories[detail >> 8]!;
    let address = local;
    let step = 0;
    if ((detail & storeStep) !== 0) {
      address = local & 0xffff;
      step = local >> 16;
    } else if (local < 0) {
      const value = locals.value(~local);
      address = memory.is64 ? locals.wideAddress : locals.address;
      writer.u8(localSet);
      writer.u32(value);
      writer.u8(localTee);
      writer.u32(address);
      writer.u8(localGet);
      writer.u32(value);
    }
    writer.copy(bytes, at, end);
    writer.u8(localGet);
    writer.u32(address);
    if ((detail & (storeOffset | storeStep)) !== 0 && this.#tuning.without !== "offset") {
      // As it stands in the store, but signed.
      const offset = memoryOffset(bytes, at) + BigInt(step);
      writer.u8(memory.is64 ? 0x42 : 0x41);
      writeSigned(writer, BigInt.asIntN(memory.is64 ? 64 : 32, offset));
      writer.u8(memory.is64 ? 0x7c : 0x6a);
    }
    this.#card(writer, memory);
  }

  /** A frame that a local variable points to, in memory 0. */
  frame(writer: ByteWriter, local: number, bytes: number): void {
    for (const point of framePoints(bytes, this.#tuning)) {
      writer.u8(localGet);
      writer.u32(local);
      if (point > 0) {
        writer.u8(0x41);
        writer.s32(point);
        writer.u8(0x6a);
      }
      this.#card(writer, this.#memories[0]!);
    }
  }

  /** What a loop's stores reach until it has turned so often as its counter says. */
  loop(writer: ByteWriter, { memory, base, index, shift, first, last }: LoopMark): void {
    if (this.#tuning.without === "loop") return;
    const step = 2 ** this.#tuning.cardShift;
    for (let point = first; ; point = Math.min(point + step, last)) {
      writer.u8(localGet);
      writer.u32(base);
      if (index >= 0) {
        writer.u8(localGet);
        writer.u32(index);
        if (shift > 0) writer.append([0x41, shift, 0x74]);
        writer.u8(0x6a);
      }
      if (point !== 0) {
        writer.u8(0x41);
        writer.s32(point);
        writer.u8(0x6a);
      }
      this.#card(writer, this.#memories[memory]!);
      if (point === last) return;
    }
  }

  dirty(writer: ByteWriter): void {
    writer.append([0x41, 1, 0x24, ...u32(this.#dirtyGlobal)]);
  }

  /** memory.size or memory.grow. */
  pages(writer: ByteWriter, memory: number, opcode: number): void {
    const { is64, cards } = this.#memories[memory]!;
    if (opcode === 0x3f) writer.append(loadSize(is64, cards));
    else {
      writer.u8(0x10);
      writer.u32(this.#growFunction(memory));
    }
  }

  /** A function (address, length) → () of the memory's address type that marks a range, which must lie in the memory. */
  rangeFunction(memory: number): number {
    let index = this.#rangeFunctions.get(memory);
    if (index === undefined) {
      const { is64 } = this.#memories[memory]!;
      const address = is64 ? i64 : i32;
      const type = this.#appended.type([address, address], []);
      index = this.#appended.function(type, this.#rangeBody(this.#memories[memory]!), `warren.mark${memory}`);
      this.#rangeFunctions.set(memory, index);
    }
    return index;
  }

  /** From an address on the stack. */
  #card(writer: ByteWriter, memory: MarkedMemory): void {
    this.#number(writer, memory);
    writer.append([0x41, 1, 0x3a, 0x40, ...u32(memory.cards), ...u32(cardsStart)]);
  }

  /** The number of an address's card. */
  #number(writer: ByteWriter, { is64 }: MarkedMemory): void {
    const { cardShift } = this.#tuning;
    writer.append(is64 ? [0x42, cardShift, 0x88, 0xa7] : [0x41, cardShift, 0x76]);
  }

  /**
   *     if length == 0: return
   *     first = card of address; last = card of (address + length - 1)
   *     cards[first] = cards[last] = 1
   *     if last - first > 1: fill from first, last - first
   */
  #rangeBody(memory: MarkedMemory): Uint8Array {
    const w = new ByteWriter(128);
    const { is64, cards } = memory;
    const store = [0x41, 1, 0x3a, 0x40, ...u32(cards), ...u32(cardsStart)];
    w.append([1, 2, i32]); // first, last
    w.append([0x20, 1, is64 ? 0x50 : 0x45, 0x04, 0x40, 0x0f, 0x0b]);
    w.append([0x20, 0]);
    this.#number(w, memory);
    w.append([0x22, 2, ...store]);
    w.append([0x20, 0, 0x20, 1, is64 ? 0x7c : 0x6a, is64 ? 0x42 : 0x41, 0x7f, is64 ? 0x7c : 0x6a]);
    this.#number(w, memory);
    w.append([0x22, 3, ...store]);
    w.append([0x20, 3, 0x20, 2, 0x6b, 0x41, 1, 0x4b, 0x04, 0x40]);
    w.append([0x20, 2, 0x41]);
    w.s32(cardsStart);
    w.append([0x6a, 0x41, 1, 0x20, 3, 0x20, 2, 0x6b, 0xfc, 11, ...u32(cards)]);
    w.append([0x0b, 0x0b]);
    return w.written();
  }

  #growFunction(index: number): number {
    let found = this.#growFunctions.get(index);
    if (found === undefined) {
      const memory = this.#memories[index]!;
      const address = memory.is64 ? i64 : i32;
      const type = this.#appended.type([address], [address]);
      found = this.#appended.function(type, growBody(memory), `warren.grow${index}`);
      this.#growFunctions.set(index, found);
    }
    return found;
  }
}

/**
 * memory.grow by the size that the guest sees, since a memory that was put back stays as large as it was:
 *
 *     new = seen + delta; if new < seen: return -1
 *     if new > memory.size && memory.grow(new - memory.size) == -1: return -1
 *     old = seen; seen = new; return old
 */
function growBody({ index, cards, is64 }: MarkedMemory): Uint8Array {
  const type: ValueType = is64 ? i64 : i32;
  const [less, more, add, subtract, equal, constant] = is64
    ? [0x54, 0x56, 0x7c, 0x7d, 0x51, 0x42]
    : [0x49, 0x4b, 0x6a, 0x6b, 0x46, 0x41];
  const fail = [constant, 0x7f, 0x0f];
  const size = loadSize(is64, cards);
  const memory = u32(index);
  return Uint8Array.of(
    ...[1, 1, type], // new
    ...[...size, 0x20, 0, add, 0x22, 1, ...size, less, 0x04, 0x40, ...fail, 0x0b],
    ...[0x20, 1, 0x3f, ...memory, more, 0x04, 0x40],
    ...[0x20, 1, 0x3f, ...memory, subtract, 0x40, ...memory, constant, 0x7f, equal, 0x04, 0x40, ...fail, 0x0b, 0x0b],
    ...size,
    ...[0x41, 0, 0x20, 1, is64 ? 0x37 : 0x36, 0x42, ...u32(cards), 0],
    0x0b,
  );
}

/** The size in pages that the guest sees. */
function loadSize(is64: boolean, cards: number): number[] {
  return [0x41, 0, is64 ? 0x29 : 0x28, 0x42, ...u32(cards), 0];
}

/** The offset in the memory argument of the store at `at`. */
function memoryOffset(bytes: Uint8Array, at: number): bigint {
  let p = at + 1;
  // 0xfd: the second opcode.
  if (bytes[at] === 0xfd) while (bytes[p++]! >= 0x80);
  const hasIndex = (bytes[p]! & 0x40) !== 0;
  while (bytes[p++]! >= 0x80);
  if (hasIndex) while (bytes[p++]! >= 0x80);
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[p++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (!(byte >= 0x80)) return value;
  }
}

function writeSigned(writer: ByteWriter, value: bigint): void {
  if (value === BigInt.asIntN(32, value)) {
    writer.s32(Number(value));
    return;
  }
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
      writer.u8(low);
      return;
    }
    writer.u8(low | 0x80);
  }
}
