import { WarrenError } from "../../base/errors.ts";
import { functionType, type ModuleInfo } from "../module-info.ts";
import { hex } from "../offset.ts";
import { eventCopy, eventDirty, eventFrame, eventPages, eventSize, eventStore } from "./code-scan.ts";
import { IntList } from "./int-list.ts";
import { readS32, readU32, skipLeb } from "./leb.ts";
import type { LoopMarks } from "./loop-marks.ts";
import { MarkFacts } from "./mark-facts.ts";
import { framePoints, type MarkTuning } from "./mark-tuning.ts";
import { countUnknown, operandCounts, vectorCounts } from "./operand-counts.ts";
import type { Operands } from "./operands.ts";

/** Operands that are followed; beyond them nothing is known of any. */
const depthMax = 4_096;

// What is known of an operand.
const isUnknown = 0;
/** A local variable's value. */
const isLocal = 1;
const isConstant = 2;
const isGlobal = 3;
/** A global less a constant: a stack frame, as compilers make them. */
const isFrame = 4;
/** A local variable's value plus a constant. */
const isStep = 5;
/** A local variable's value shifted by a constant. */
const isShifted = 6;
/** A local variable's value plus that of another, which may be shifted. */
const isSum = 7;

/** In the detail of an eventStore: the mark is to be made at the address plus the store's offset. The memory's index is in the bits from 8 on. */
export const storeOffset = 1;
/** In it: the address is a variable's value, the low 16 bits of where the local variable stands, plus a constant, the high ones. */
export const storeStep = 2;
/** Of that constant. */
const stepMax = 16_384;

/** What stored values may be, in the order of an eventStore's `~n`; the same order in the bits of {@link MarkScanner.scan}. */
export const storeValues: readonly number[] = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b];
/** Bits of local variables for an address of 32 and of 64 bits, and where those for values begin. */
export const addressBit = 1;
export const wideAddressBit = 2;
export const valueBits = 2;

const [valueI32, valueI64, valueF32, valueF64, valueV128] = [0, 1, 2, 3, 4];
/** Of i32.store 0x36 to i64.store32 0x3e: bytes, value. */
const stores: readonly (readonly [number, number])[] = [
  [4, valueI32],
  [8, valueI64],
  [4, valueF32],
  [8, valueF64],
  [1, valueI32],
  [2, valueI32],
  [1, valueI64],
  [2, valueI64],
  [4, valueI64],
];

/**
 * Finds in each body what writes to memory, and where a mark can be left out since one before it is near enough. It follows operands
 * within a basic block only, and what it does not know it takes for anything: then the mark is made of the address itself.
 *
 * Marks come after their store: one that traps needs none, and the address of one that does not is known to be within the memory, the cards'
 * too. Not so those of stack frames, which are made before they are used.
 */
export class MarkScanner {
  readonly events: IntList;
  readonly #info: ModuleInfo;
  readonly #bytes: Uint8Array;
  readonly #operands: Operands;
  readonly #tuning: MarkTuning;
  readonly #facts: MarkFacts;
  readonly #wide: readonly boolean[];
  // The operands:
  readonly #kinds = new Uint8Array(depthMax);
  readonly #values = new Int32Array(depthMax);
  readonly #versions = new Int32Array(depthMax);
  /** A constant that was added, a shift. */
  readonly #amounts = new Int32Array(depthMax);
  // Of a sum:
  readonly #seconds = new Int32Array(depthMax);
  readonly #secondVersions = new Int32Array(depthMax);
  readonly #loops: LoopMarks;
  /** How many loops there were. */
  #loopCount = 0;
  #depth = 0;
  /** Of open blocks, three each: how many facts there were, which were outside of the loop, and the loop that it is, or -1. */
  readonly #blocks: number[] = [];
  #temporaries = 0;
  /** Whether there was an eventDirty in any body. */
  dirties = false;

  /** @param wide by memory: whether its addresses have 64 bits */
  constructor(info: ModuleInfo, operands: Operands, wide: readonly boolean[], tuning: MarkTuning, loops: LoopMarks) {
    this.#loops = loops;
    this.#info = info;
    this.#bytes = info.bytes;
    this.#operands = operands;
    this.#wide = wide;
    this.#tuning = tuning;
    this.#facts = new MarkFacts(tuning);
    this.events = new IntList(4_096);
  }

  /**
   * Scans the instructions from `from` to `end`, which {@link BodyScanner} has found well formed. Returns which local variables the
   * marks need, as bits. Throws `module.marks-atomics`.
   */
  scan(from: number, end: number, locals: number): number {
    const b = this.#bytes;
    const facts = this.#facts;
    const kinds = this.#kinds;
    const operands = this.#operands;
    const blocks = this.#blocks;
    facts.begin(locals, b, from, end);
    this.#temporaries = 0;
    this.#depth = 0;
    blocks.length = 0;
    let p = from;
    while (p < end) {
      const at = p;
      const opcode = b[p++]!;
      const count = operandCounts[opcode]!;
      if (count !== countUnknown) {
        if (opcode <= 0x35 && opcode >= 0x28) p = operands.memoryArgument(p);
        else if (opcode === 0x6b && this.#isFrame()) {
          this.#depth -= 2;
          this.#push(isFrame, this.#values[this.#depth + 1]!);
          continue;
        } else if ((opcode === 0x6a || opcode === 0x6b || opcode === 0x74) && this.#combine(opcode)) continue;
        this.#pop(count);
        this.#push(isUnknown, 0);
        continue;
      }
      switch (opcode) {
        case 0x20: {
          // local.get
          let local = b[p++]!;
          if (local >= 0x80) {
            local = readU32(b, p - 1);
            p = skipLeb(b, p);
          }
          this.#pushLocal(local);
          break;
        }
        case 0x21: // local.set, local.tee
        case 0x22: {
          const local = readU32(b, p);
          p = skipLeb(b, p);
          const top = this.#depth - 1;
          const frameBytes = top >= 0 && kinds[top] === isFrame ? this.#values[top]! : 0;
          const isStepOfItself =
            top >= 0 &&
            kinds[top] === isStep &&
            this.#values[top] === local &&
            this.#versions[top] === facts.version(local);
          this.#loops.set(local, isStepOfItself ? this.#amounts[top] : undefined);
          this.#pop(1);
          facts.set(local);
          if (frameBytes > 0 && frameBytes <= this.#tuning.frameBytesMax) this.#frame(p, local, frameBytes);
          if (opcode === 0x22) this.#pushLocal(local);
          break;
        }
        case 0x23: // global.get
          this.#push(isGlobal, readU32(b, p));
          p = skipLeb(b, p);
          break;
        case 0x24: // global.set
          this.#pop(1);
          p = skipLeb(b, p);
          break;
        case 0x41: // i32.const
          this.#push(isConstant, readS32(b, p));
          p = skipLeb(b, p);
          break;
        case 0x42: // i64.const
          this.#push(isUnknown, 0);
          p = skipLeb(b, p);
          break;
        case 0x43: // f32.const, f64.const
          this.#push(isUnknown, 0);
          p += 4;
          break;
        case 0x44:
          this.#push(isUnknown, 0);
          p += 8;
          break;
        case 0x36:
        case 0x37:
        case 0x38:
        case 0x39:
        case 0x3a:
        case 0x3b:
        case 0x3c:
        case 0x3d:
        case 0x3e: {
          const next = operands.memoryArgument(p);
          const [size, value] = stores[opcode - 0x36]!;
          if (this.#tuning.without !== "store") this.#store(at, p, next, size, value);
          else this.#pop(2);
          p = next;
          break;
        }
        case 0x1a: // drop
          this.#pop(1);
          break;
        case 0x0d: // br_if
          this.#pop(1);
          p = skipLeb(b, p);
          break;
        case 0x01: // nop
          break;
        case 0x02: // block, loop, if, try, try_table
        case 0x03:
        case 0x04:
        case 0x06:
        case 0x1f:
          blocks.push(facts.length, facts.outside, opcode === 0x03 ? this.#loopCount : -1);
          if (opcode === 0x03) {
            facts.enterLoop();
            this.#loops.enter(this.#loopCount++);
          }
          p = operands.blockType(p);
          if (opcode === 0x1f) p = skipCatches(b, p);
          this.#depth = 0;
          break;
        case 0x05: // else, catch, catch_all
        case 0x07:
        case 0x19:
          if (opcode === 0x07) p = skipLeb(b, p);
          facts.leave(blocks.at(-3)!, blocks.at(-2)!);
          this.#depth = 0;
          break;
        case 0x0b: // end, delegate
        case 0x18:
          if (opcode === 0x18) p = skipLeb(b, p);
          if (blocks.length > 0) {
            const loop = blocks.pop()!;
            if (loop >= 0) this.#loops.leave(loop, this.events);
            const outside = blocks.pop()!;
            facts.leave(blocks.pop()!, outside);
          }
          this.#depth = 0;
          break;
        case 0x10: {
          // call
          const callee = readU32(b, p);
          p = skipLeb(b, p);
          this.#call(functionType(this.#info, callee));
          break;
        }
        case 0x11: {
          // call_indirect
          const type = this.#info.types[readU32(b, p)];
          p = skipLeb(b, skipLeb(b, p));
          this.#pop(1);
          this.#call(type?.kind === "func" ? type : undefined);
          break;
        }
        case 0x3f: // memory.size, memory.grow
        case 0x40: {
          const memory = readU32(b, p);
          p = skipLeb(b, p);
          if (opcode === 0x40) this.#pop(1);
          this.#push(isUnknown, 0);
          if (this.#tuning.without !== "size") this.events.push5(eventPages, at, memory, opcode, p);
          break;
        }
        case 0x26: // table.set
          p = skipLeb(b, p);
          this.#pop(2);
          this.#dirty(at);
          break;
        case 0xfc:
          p = this.#bulk(at, p);
          break;
        case 0xfd:
          p = this.#vector(at, p);
          break;
        case 0xfb:
          p = this.#collected(at, p);
          this.#depth = 0;
          break;
        case 0xfe:
          throw new WarrenError(
            "module.marks-atomics",
            `the module has an atomic instruction (at ${hex(at)}): what it writes cannot be told, so its instances cannot be used again`,
            { at, hint: "Build it without threads: without -pthread or -matomics." },
          );
        default:
          p = this.#other(opcode, p);
          this.#depth = 0;
      }
    }
    return this.#temporaries;
  }

  #push(kind: number, value: number): void {
    if (this.#depth === depthMax) this.#depth = 0;
    this.#kinds[this.#depth] = kind;
    this.#values[this.#depth++] = value;
  }

  #pushLocal(local: number): void {
    this.#push(isLocal, local);
    this.#versions[this.#depth - 1] = this.#facts.version(local);
  }

  #pop(count: number): void {
    this.#depth = this.#depth > count ? this.#depth - count : 0;
  }

  /** What an addition, a subtraction or a shift to the left makes of the two operands at the top, if that is of use. */
  #combine(opcode: number): boolean {
    const i = this.#depth - 2;
    if (i < 0) return false;
    const j = i + 1;
    const [left, right] = [this.#kinds[i]!, this.#kinds[j]!];
    if (left === isLocal && right === isConstant) {
      const value = this.#values[j]!;
      if (opcode === 0x74) {
        if (value < 0 || value > 4) return false;
        this.#kinds[i] = isShifted;
      } else {
        if (value === -(2 ** 31)) return false;
        this.#kinds[i] = isStep;
      }
      this.#amounts[i] = opcode === 0x6b ? -value : value;
      this.#depth = j;
      return true;
    }
    if (opcode !== 0x6a) return false;
    const plain = left === isLocal ? i : j;
    const other = plain === i ? j : i;
    if (this.#kinds[plain] !== isLocal) return false;
    if (this.#kinds[other] !== isLocal && this.#kinds[other] !== isShifted) return false;
    const shift = this.#kinds[other] === isShifted ? this.#amounts[other]! : 0;
    const [base, version] = [this.#values[plain]!, this.#versions[plain]!];
    const [second, secondVersion] = [this.#values[other]!, this.#versions[other]!];
    this.#kinds[i] = isSum;
    this.#values[i] = base;
    this.#versions[i] = version;
    this.#seconds[i] = second;
    this.#secondVersions[i] = secondVersion;
    this.#amounts[i] = shift;
    this.#depth = j;
    return true;
  }

  /** Whether the two operands at the top are a global and a constant. */
  #isFrame(): boolean {
    const i = this.#depth - 2;
    return i >= 0 && this.#kinds[i] === isGlobal && this.#kinds[i + 1] === isConstant;
  }

  #call(type: { readonly params: readonly unknown[]; readonly results: readonly unknown[] } | undefined): void {
    if (type === undefined) {
      this.#depth = 0;
      return;
    }
    this.#pop(type.params.length);
    for (let i = type.results.length; i > 0; i--) this.#push(isUnknown, 0);
  }

  #dirty(at: number): void {
    if (this.#tuning.without === "dirty") return;
    this.dirties = true;
    this.events.push5(eventDirty, at, 0, 0, at);
  }

  /** Its cards are marked where it is made, since functions store to theirs all over. */
  #frame(end: number, local: number, bytes: number): void {
    if (this.#wide[0] !== false) return;
    this.#facts.markedFrame(local, 0, framePoints(bytes, this.#tuning).at(-1)!);
    if (this.#tuning.without !== "frame") this.events.push5(eventFrame, end, local, bytes, end);
  }

  /** A store at `at` whose memory argument stands at `argument`. */
  #store(at: number, argument: number, end: number, size: number, value: number): void {
    const b = this.#bytes;
    let p = skipLeb(b, argument);
    let memory = 0;
    if ((b[argument]! & 0x40) !== 0) {
      memory = readU32(b, p);
      p = skipLeb(b, p);
    }
    const offset = readOffset(b, p);
    const i = this.#depth - 2;
    this.#pop(2);
    const nearby = offset + size <= this.#tuning.overhang;
    const detail = (memory << 8) | (nearby ? 0 : storeOffset);
    if (i >= 0 && this.#kinds[i] === isLocal) {
      const local = this.#values[i]!;
      const facts = this.#facts;
      if (this.#versions[i] === facts.version(local)) {
        if (facts.covers(local, memory, offset, size, false)) return;
        facts.marked(local, memory, nearby ? 0 : offset);
        if (this.#wide[memory] === false)
          this.#loops.store(this.events.length / eventSize, memory, local, -1, 0, nearby ? 0 : offset);
        this.events.push5(eventStore, at, detail, local, end);
        return;
      }
    }
    if (i >= 0 && this.#kinds[i] === isStep && this.#wide[memory] === false) {
      const [local, step] = [this.#values[i]!, this.#amounts[i]!];
      const facts = this.#facts;
      if (this.#versions[i] === facts.version(local) && Math.abs(step) < stepMax && local < 65_536) {
        if (facts.covers(local, memory, step + offset, size, true)) return;
        facts.marked(local, memory, step + offset);
        this.#loops.store(this.events.length / eventSize, memory, local, -1, 0, step + offset);
        this.events.push5(eventStore, at, (memory << 8) | storeStep, local | (step << 16), end);
        return;
      }
    }
    if (i >= 0 && this.#kinds[i] === isSum && this.#wide[memory] === false) {
      const [base, second] = [this.#values[i]!, this.#seconds[i]!];
      if (this.#versions[i] === this.#facts.version(base) && this.#secondVersions[i] === this.#facts.version(second))
        this.#loops.store(this.events.length / eventSize, memory, base, second, this.#amounts[i]!, nearby ? 0 : offset);
    }
    this.#temporaries |= (this.#wide[memory] === true ? wideAddressBit : addressBit) | (1 << (valueBits + value));
    this.events.push5(eventStore, at, detail, ~value, end);
  }

  #bulk(at: number, from: number): number {
    const second = readU32(this.#bytes, from);
    let p = skipLeb(this.#bytes, from);
    if (second < 8) {
      this.#pop(1);
      this.#push(isUnknown, 0);
      return p;
    }
    p = this.#operands.bulk(second, p);
    switch (second) {
      case 8: // memory.init, memory.copy, memory.fill
      case 10:
      case 11:
        this.#pop(3);
        if (this.#tuning.without !== "bulk") this.events.push5(eventCopy, at, 0, second, p);
        break;
      case 16: // table.size
        this.#push(isUnknown, 0);
        break;
      default:
        this.#depth = 0;
        this.#dirty(at);
    }
    return p;
  }

  #vector(at: number, from: number): number {
    const b = this.#bytes;
    const second = readU32(b, from);
    const next = this.#operands.vector(at, from);
    const { without } = this.#tuning;
    if (second === 11) {
      // v128.store
      if (without !== "vector") this.#store(at, skipLeb(b, from), next, 16, valueV128!);
      else this.#pop(2);
    } else if (second >= 88 && second <= 91) {
      // v128.store8_lane … v128.store64_lane
      if (without !== "lane") this.#store(at, skipLeb(b, from), next, 1 << (second - 88), valueV128!);
      else this.#pop(2);
    } else {
      const count = vectorCounts[second] ?? countUnknown;
      if (count === countUnknown) this.#depth = 0;
      else {
        this.#pop(count);
        this.#push(isUnknown, 0);
      }
    }
    return next;
  }

  /** What changes an object that a global or table may lead to cannot be put back. */
  #collected(at: number, from: number): number {
    const b = this.#bytes;
    const second = readU32(b, from);
    let p = skipLeb(b, from);
    // br_on_cast, br_on_cast_fail
    if (second === 24 || second === 25) {
      p = skipLeb(b, p + 1);
      return this.#operands.heapType(this.#operands.heapType(p));
    }
    // struct.set, array.set, array.fill, array.copy, array.init_data, array.init_elem
    if (second === 5 || second === 14 || (second >= 16 && second <= 19)) this.#dirty(at);
    return this.#operands.gc(second, p);
  }

  /** Where an instruction without a case of its own ends; nothing is known of its operands. */
  #other(opcode: number, at: number): number {
    const b = this.#bytes;
    const operands = this.#operands;
    switch (opcode) {
      case 0x00: // unreachable, throw_ref, return
      case 0x0a:
      case 0x0f:
        return at;
      case 0x0e: {
        // br_table
        let p = skipLeb(b, at);
        for (let count = readU32(b, at); count >= 0; count--) p = skipLeb(b, p);
        return p;
      }
      case 0x13: // return_call_indirect
        return skipLeb(b, skipLeb(b, at));
      case 0x1c: {
        // select with types
        let p = skipLeb(b, at);
        for (let count = readU32(b, at); count > 0; count--) p = operands.valueType(p);
        return p;
      }
      case 0xd0: // ref.null
        return operands.heapType(at);
      default:
        // One number: throw, rethrow, br, return_call, call_ref, return_call_ref, table.get, ref.func, br_on_null, br_on_non_null
        return skipLeb(b, at);
    }
  }
}

/** A store's offset; large ones are not exact. */
function readOffset(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let scale = 1, i = at; ; scale *= 128, i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * scale;
    if (!(byte >= 0x80)) return value;
  }
}

function skipCatches(bytes: Uint8Array, at: number): number {
  let p = skipLeb(bytes, at);
  for (let count = readU32(bytes, at); count > 0; count--) {
    const tagged = bytes[p]! < 2;
    p = skipLeb(bytes, tagged ? skipLeb(bytes, p + 1) : p + 1);
  }
  return p;
}
