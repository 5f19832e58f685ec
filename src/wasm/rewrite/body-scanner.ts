import { WarrenError } from "../../base/errors.ts";
import { hex } from "../offset.ts";
import {
  bulkCallee,
  type CodeScan,
  callReference,
  callTail,
  eventArray,
  eventBackEdge,
  eventBranch,
  eventBranches,
  eventBulk,
  eventCall,
  eventLoop,
  eventLoopEnd,
  eventStraight,
  eventTurn,
  loopCalls,
  loopDispatch,
  loopHeader,
  loopNested,
  loopTurn,
  loopUsed,
} from "./code-scan.ts";
import { type Dispatcher, findDispatcher } from "./dispatcher.ts";
import { readS32, readU32, skipLeb } from "./leb.ts";
import {
  immediateF32,
  immediateF64,
  immediateGlobal,
  immediateLeb,
  immediateLocal,
  immediateMemory,
  immediateNone,
  immediates,
  immediateUnknown,
} from "./opcodes.ts";
import { malformedCode, type Operands } from "./operands.ts";

/** Open blocks in one function. Go's largest functions have some thousand. */
export const nestingMax = 65_536;
/** Instructions on any way through a function without a check. */
export const straightOpsMax = 32_768;
/** Lengths up to these are left as they are where they are constant. */
const bulkBytesConstant = 1024;
const bulkItemsConstant = 64;

const none = -1;
const wayForward = 0;
const wayUnknown = 1;
const wayCaught = 2;

/** Finds in each body what the rewriter must know of. It knows the length of every instruction, not its types: those V8 checks. */
export class BodyScanner {
  readonly #bytes: Uint8Array;
  readonly #scan: CodeScan;
  /** The kind of indirect call by type index. */
  readonly #hubs: Int32Array;
  readonly #taken: Uint8Array;
  readonly #operands: Operands;
  // One entry for each open block, the function itself first.
  /** Its loop, or -1. */
  readonly #loopOf = new Int32Array(nestingMax);
  /** The dispatcher whose target its end is, or -1. */
  readonly #dispatchOf = new Int32Array(nestingMax);
  /** Instructions up to its beginning. */
  readonly #opsAt = new Int32Array(nestingMax);
  /** Instructions up to the last check at its beginning. */
  readonly #checkedAt = new Int32Array(nestingMax);
  /** The most instructions since a check that a branch to its end brings along. */
  readonly #carried = new Int32Array(nestingMax);
  // One entry for each open loop.
  readonly #openLoop: number[] = [];
  readonly #openBlock: number[] = [];
  readonly #openOps: number[] = [];
  readonly #innerOps: number[] = [];
  #dispatcher: Dispatcher | undefined;

  /** @param taken is set to 1 for each function that a reference is made of */
  constructor(bytes: Uint8Array, scan: CodeScan, hubs: Int32Array, taken: Uint8Array, operands: Operands) {
    this.#bytes = bytes;
    this.#scan = scan;
    this.#hubs = hubs;
    this.#taken = taken;
    this.#operands = operands;
  }

  /**
   * Scans the instructions of a function with so many parameters and local variables, from `from` to `end`. Throws `module.malformed` and `module.cap-nesting`. Instructions
   * are told from each other exactly as V8 does it, or nothing could be said about what they do.
   */
  scan(index: number, from: number, end: number, locals: number): void {
    const b = this.#bytes;
    const scan = this.#scan;
    const { events, loops, loopOps } = scan;
    const loopOf = this.#loopOf;
    const dispatchOf = this.#dispatchOf;
    const opsAt = this.#opsAt;
    const checkedAt = this.#checkedAt;
    const carried = this.#carried;
    const openLoop = this.#openLoop;
    const openBlock = this.#openBlock;
    const openOps = this.#openOps;
    const innerOps = this.#innerOps;
    const operands = this.#operands;
    const { hasMemory } = operands;
    this.#dispatcher = undefined;
    let p = from;
    let ops = 0;
    let inLoops = 0;
    /** Instructions up to the last check on the worst way to here. */
    let checked = 0;
    let open = 1;
    let depth = 0;
    let loop = none;
    let loopBlock = none;
    /** Blocks that follow the header of a dispatcher. */
    let blocksOfDispatch = 0;
    let constEnd = none;
    let constValue = 0;
    let setEnd = none;
    let setLocal = 0;
    let setValue = 0;
    loopOf[0] = none;
    dispatchOf[0] = none;
    carried[0] = 0;

    while (p < end) {
      const at = p;
      const opcode = b[p++]!;
      ops++;
      if (ops - checked > straightOpsMax) {
        events.push5(eventStraight, at, 0, 0, 0);
        checked = ops;
      }
      switch (immediates[opcode]) {
        case immediateNone:
          continue;
        case immediateLeb:
          while (b[p++]! >= 0x80);
          continue;
        case immediateLocal:
          if (b[p]! < 0x80 && b[p]! < locals) p++;
          else p = operands.local(p, locals);
          continue;
        case immediateGlobal:
          p = operands.global(p);
          continue;
        case immediateMemory: {
          // Bit 6 of the alignment: a memory's index follows (WebAssembly 3.0, 5.4.7).
          if ((b[p]! & 0x40) !== 0 || !hasMemory) {
            p = operands.memoryArgument(p);
            continue;
          }
          while (b[p++]! >= 0x80);
          while (b[p++]! >= 0x80);
          continue;
        }
        case immediateF32:
          p += 4;
          continue;
        case immediateF64:
          p += 8;
          continue;
        case immediateUnknown:
          malformedCode(at, `instruction ${hex(opcode)} is not known`);
      }
      switch (opcode) {
        case 0x41: // i32.const
          if (b[p]! < 0x80) constValue = (b[p++]! << 25) >> 25;
          else {
            constValue = readS32(b, p);
            p = skipLeb(b, p);
          }
          constEnd = p;
          break;
        case 0x21: {
          // local.set
          const local = readU32(b, p);
          p = operands.local(p, locals);
          if (constEnd === at) {
            setEnd = p;
            setLocal = local;
            setValue = constValue;
          }
          break;
        }
        case 0x02: // block, if, try
        case 0x04:
        case 0x06:
          p = b[p] === 0x40 ? p + 1 : operands.blockType(p);
          if (open === nestingMax) this.#tooDeep(at);
          loopOf[open] = none;
          dispatchOf[open] = none;
          if (blocksOfDispatch > 0) {
            blocksOfDispatch--;
            dispatchOf[open] = this.#dispatcher!.loop;
          }
          opsAt[open] = ops;
          checkedAt[open] = checked;
          // An `if` may be stepped over.
          carried[open] = opcode === 0x04 ? ops - checked : 0;
          open++;
          break;
        case 0x03: {
          // loop
          p = b[p] === 0x40 ? p + 1 : operands.blockType(p);
          if (open === nestingMax) this.#tooDeep(at);
          const id = loops.length;
          if (loop !== none) loops.mark(loop, loopNested);
          const dispatcher = findDispatcher(b, p, end, id, open);
          if (dispatcher !== undefined) {
            this.#dispatcher = dispatcher;
            blocksOfDispatch = dispatcher.blocks;
          }
          // No check can stand before a branch that brings values along.
          loops.push(dispatcher !== undefined ? loopDispatch : b[at + 1] === 0x40 ? 0 : loopHeader);
          loopOps.push(0);
          scan.loopParent.push(loop);
          openLoop[depth] = id;
          openBlock[depth] = open;
          openOps[depth] = ops;
          innerOps[depth] = 0;
          depth++;
          loop = id;
          loopBlock = open;
          loopOf[open] = id;
          dispatchOf[open] = none;
          opsAt[open] = ops;
          checkedAt[open] = checked;
          carried[open] = 0;
          open++;
          events.push5(eventLoop, at, id, p, 0);
          break;
        }
        case 0x05: {
          // else
          const block = open - 1;
          if (ops - checked > carried[block]!) carried[block] = ops - checked;
          checked = ops - (opsAt[block]! - checkedAt[block]!);
          break;
        }
        case 0x07: // catch, catch_all
        case 0x19: {
          if (opcode === 0x07) p = skipLeb(b, p);
          const block = open - 1;
          if (ops - checked > carried[block]!) carried[block] = ops - checked;
          // From anywhere in the block.
          if (checkedAt[block]! < checked) checked = checkedAt[block]!;
          break;
        }
        case 0x0b: // end, delegate
        case 0x18: {
          open--;
          if (opcode === 0x18) {
            // Its label is counted from outside of the block that it ends (exception handling, legacy).
            const target = open - 1 - readU32(b, p);
            p = skipLeb(b, p);
            if (loop !== none && target < loopBlock) events.push5(eventBranches, at, loop, p, open - 1 - loopBlock);
            if (checkedAt[open]! < checked) checked = checkedAt[open]!;
          }
          if (ops - carried[open]! < checked) checked = ops - carried[open]!;
          const ended = loopOf[open]!;
          if (ended !== none) {
            depth--;
            const total = ops - openOps[depth]!;
            loopOps.items[ended] = total - innerOps[depth]!;
            if (depth > 0) {
              innerOps[depth - 1]! += total;
              loop = openLoop[depth - 1]!;
              loopBlock = openBlock[depth - 1]!;
              loops.mark(loop, loops.items[ended]! & loopCalls);
            } else {
              inLoops += total;
              loop = none;
              loopBlock = none;
            }
            events.push5(eventLoopEnd, p, ended, 0, 0);
            if (this.#dispatcher?.loop === ended) this.#dispatcher = undefined;
          } else if (dispatchOf[open] !== none) {
            const dispatcher = this.#dispatcher;
            if (dispatcher !== undefined && dispatcher.loop === dispatchOf[open]) {
              dispatcher.close(open);
              if (ops - dispatcher.carried < checked) checked = ops - dispatcher.carried;
            }
          }
          if (open === 0 && p !== end) malformedCode(p, "the function's body goes on after its end");
          break;
        }
        case 0x0c: // br, br_if, br_on_null, br_on_non_null
        case 0x0d:
        case 0xd5:
        case 0xd6: {
          let label = b[p++]!;
          if (label >= 0x80) {
            label = readU32(b, p - 1);
            p = skipLeb(b, p);
          }
          const target = open - 1 - label;
          if (target >= 0) {
            if (loopOf[target] !== none) {
              const to = loopOf[target]!;
              if ((loops.items[to]! & loopDispatch) === 0 && to === loop && opcode <= 0x0d) this.#turn(to, at, label);
              else {
                const way = setEnd === at ? wayForward : wayUnknown;
                this.#toLoop(to, at, way, setLocal, setValue, ops - checked);
              }
            } else if (ops - checked > carried[target]!) carried[target] = ops - checked;
          }
          if (loop !== none && target < loopBlock) events.push5(eventBranch, at, loop, label, 0);
          if (opcode === 0x0c) checked = ops;
          break;
        }
        case 0x0e: {
          // br_table
          let outside = false;
          let count = readU32(b, p);
          p = skipLeb(b, p);
          if (count > end - p) malformedCode(at, `a table of ${count} labels`);
          for (; count >= 0; count--) {
            const target = open - 1 - readU32(b, p);
            p = skipLeb(b, p);
            if (target >= 0) {
              if (loopOf[target] !== none) this.#toLoop(loopOf[target]!, at, wayUnknown, 0, 0, 0);
              else if (ops - checked > carried[target]!) carried[target] = ops - checked;
            }
            if (target < loopBlock) outside = true;
          }
          if (outside && loop !== none) events.push5(eventBranches, at, loop, p, open - 1 - loopBlock);
          checked = ops;
          break;
        }
        case 0x1f: {
          // try_table
          p = operands.blockType(p);
          let outside = false;
          let count = readU32(b, p);
          p = skipLeb(b, p);
          if (count > end - p) malformedCode(at, `a table of ${count} catches`);
          if (open === nestingMax) this.#tooDeep(at);
          for (; count > 0; count--) {
            const kind = b[p++]!;
            if (kind > 3) malformedCode(p - 1, `${hex(kind)} is not a catch clause`);
            if (kind < 2) p = skipLeb(b, p);
            const target = open - 1 - readU32(b, p);
            p = skipLeb(b, p);
            if (target >= 0) {
              if (loopOf[target] !== none) this.#toLoop(loopOf[target]!, at, wayCaught, 0, 0, 0);
              // From anywhere in the block, whose length is not known yet.
              else carried[target] = straightOpsMax;
            }
            if (target < loopBlock) outside = true;
          }
          if (outside && loop !== none) events.push5(eventBranches, at, loop, p, open - 1 - loopBlock);
          loopOf[open] = none;
          dispatchOf[open] = none;
          opsAt[open] = ops;
          checkedAt[open] = checked;
          carried[open] = 0;
          open++;
          break;
        }
        case 0x00: // unreachable, return
        case 0x0f:
          checked = ops;
          break;
        case 0x01: // nop
          break;
        // Throwing takes as long as thousands of other instructions.
        case 0x08: // throw, throw_ref
        case 0x0a:
          if (opcode === 0x08) p = skipLeb(b, p);
          if (loop !== none) loops.mark(loop, loopCalls);
          checked = ops;
          break;
        case 0x09: {
          // rethrow
          const label = readU32(b, p);
          p = skipLeb(b, p);
          if (loop !== none) loops.mark(loop, loopCalls);
          if (loop !== none && open - 1 - label < loopBlock) events.push5(eventBranch, at, loop, label, 0);
          checked = ops;
          break;
        }
        case 0x10: // call, return_call
        case 0x12: {
          const callee = readU32(b, p);
          p = operands.function(p);
          events.push5(eventCall, at, scan.addCall(callee, loop, opcode === 0x12 ? callTail : 0), 0, p);
          ops += 3;
          // One that does not come back is no part of the loop: Rust's panics.
          if (loop !== none && b[p] !== 0x00) loops.mark(loop, loopCalls);
          if (opcode === 0x12) checked = ops;
          break;
        }
        case 0x11: // call_indirect, return_call_indirect
        case 0x13: // and by a function reference: call_ref, return_call_ref
        case 0x14:
        case 0x15: {
          const type = readU32(b, p);
          p = operands.type(p);
          const byReference = opcode >= 0x14;
          if (!byReference) p = operands.table(p);
          const tail = opcode === 0x13 || opcode === 0x15;
          const flags = (tail ? callTail : 0) | (byReference ? callReference : 0);
          events.push5(eventCall, at, scan.addCall(~this.#hubs[type]!, loop, flags), 0, p);
          ops += 6;
          if (loop !== none) loops.mark(loop, loopCalls);
          if (tail) checked = ops;
          break;
        }
        case 0x3f: // memory.size
          p = operands.memory(p);
          break;
        case 0x25: // table.get, table.set
        case 0x26:
          p = operands.table(p);
          break;
        case 0xd0: // ref.null
          p = operands.heapType(p);
          break;
        case 0x40: // memory.grow, a system call
          p = operands.memory(p);
          scan.addCall(bulkCallee, loop, 0);
          if (loop !== none) loops.mark(loop, loopCalls);
          break;
        case 0x1c: {
          // select with types
          let count = readU32(b, p);
          p = skipLeb(b, p);
          if (count > end - p) malformedCode(at, `a list of ${count} types`);
          for (; count > 0; count--) p = operands.valueType(p);
          break;
        }
        case 0xd2: {
          // ref.func
          const target = readU32(b, p);
          p = operands.function(p);
          this.#taken[target] = 1;
          break;
        }
        case 0xfb: {
          const second = readU32(b, p);
          p = skipLeb(b, p);
          if (second > 30) malformedCode(at, `instruction 0xfb ${hex(second)} is not known`);
          if (second === 24 || second === 25) {
            // br_on_cast, br_on_cast_fail
            const target = open - 1 - readU32(b, p + 1);
            p = operands.heapType(operands.heapType(skipLeb(b, p + 1)));
            if (target >= 0) {
              if (loopOf[target] !== none) this.#toLoop(loopOf[target]!, at, wayUnknown, 0, 0, ops - checked);
              else if (ops - checked > carried[target]!) carried[target] = ops - checked;
            }
            if (loop !== none && target < loopBlock) events.push5(eventBranches, at, loop, p, open - 1 - loopBlock);
            break;
          }
          p = operands.gc(second, p);
          // struct.new_default: a structure may have 10,000 fields.
          if (second === 1 && loop !== none) loops.mark(loop, loopCalls);
          // array.new, array.new_default, array.new_data, array.new_elem
          const makesArray = second === 6 || second === 7 || second === 9 || second === 10;
          // array.fill, array.copy, array.init_data, array.init_elem
          const bulk = second >= 16 && second <= 19;
          if (makesArray && !(constEnd === at && constValue >= 0 && constValue <= bulkItemsConstant)) {
            events.push5(eventArray, at, scan.addCall(bulkCallee, loop, 0), second, p);
            if (loop !== none) loops.mark(loop, loopCalls);
          } else if (bulk && !(constEnd === at && constValue >= 0 && constValue <= bulkItemsConstant)) {
            events.push5(eventBulk, at, scan.addCall(bulkCallee, loop, 0), 0x100 + second, p);
            if (loop !== none) loops.mark(loop, loopCalls);
          }
          break;
        }
        case 0xfc: {
          const second = readU32(b, p);
          p = skipLeb(b, p);
          if (second < 8) break;
          if (second > 17) malformedCode(at, `instruction 0xfc ${hex(second)} is not known`);
          p = operands.bulk(second, p);
          if (second === 9 || second === 13 || second === 16) break; // data.drop, elem.drop, table.size
          const constantMax = second < 12 ? bulkBytesConstant : bulkItemsConstant;
          if (constEnd === at && constValue >= 0 && constValue <= constantMax) {
            ops += 32;
            break;
          }
          events.push5(eventBulk, at, scan.addCall(bulkCallee, loop, 0), second, p);
          if (loop !== none) loops.mark(loop, loopCalls);
          break;
        }
        case 0xfd:
          p = operands.vector(at, p);
          break;
        case 0xfe: {
          const second = readU32(b, p);
          p = skipLeb(b, p);
          if (second === 3) p++;
          else if (second > 0x4e) malformedCode(at, `instruction 0xfe ${hex(second)} is not known`);
          else p = operands.memoryArgument(p);
          break;
        }
      }
    }
    if (p !== end || open !== 0) malformedCode(end, "the function's body ends within an instruction or a block");
    scan.ops[index] = ops - inLoops;
  }

  #toLoop(loop: number, at: number, way: number, local: number, value: number, opsSinceCheck: number): void {
    const { loops, events } = this.#scan;
    loops.mark(loop, loopUsed);
    const dispatches = (loops.items[loop]! & loopDispatch) !== 0;
    if (!dispatches || way === wayCaught) loops.mark(loop, loopHeader);
    if (!dispatches) return;
    const dispatcher = this.#dispatcher;
    if (way === wayForward && dispatcher?.loop === loop && dispatcher.isForward(local, value)) {
      dispatcher.carry(opsSinceCheck);
    } else {
      events.push5(eventBackEdge, at, loop, 0, 0);
    }
  }

  /** A br or br_if to the innermost loop. */
  #turn(loop: number, at: number, label: number): void {
    const { loops, events } = this.#scan;
    if ((loops.items[loop]! & loopTurn) === 0) events.push5(eventTurn, at, loop, label, 0);
    else loops.mark(loop, loopHeader);
    loops.mark(loop, loopUsed | loopTurn);
  }

  #tooDeep(at: number): never {
    throw new WarrenError("module.cap-nesting", `a function has more than ${nestingMax} blocks open at ${hex(at)}`, {
      at,
      status: 413,
      hint: "Programs of ordinary toolchains stay far below this limit: look at how this one was generated.",
    });
  }
}
