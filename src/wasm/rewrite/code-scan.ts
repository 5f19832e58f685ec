import { IntList } from "./int-list.ts";

// What the rewriter remembers of the bodies: where something may have to be put, in the order of the file. Everything else
// is copied as it is.

/** A loop begins: position, loop, where its body begins. */
export const eventLoop = 1;
/** A loop has ended: position, loop. */
export const eventLoopEnd = 2;
/** A branch out of its innermost loop: position, loop, depth. */
export const eventBranch = 3;
/** An instruction with several labels, one of them outside of its innermost loop: position, loop, end, depth of that loop. */
export const eventBranches = 4;
/** A branch to the header of a dispatcher that may go backwards: position, loop. */
export const eventBackEdge = 5;
/** The only branch to the header of its innermost loop, a br or br_if: position, loop, depth. */
export const eventTurn = 6;
/** A call: position, number of the call, nothing, end. */
export const eventCall = 7;
/** A bulk operation of unknown length: position, number of the call that it counts as, second opcode, end. */
export const eventBulk = 8;
/** An array of unknown length is made: position, number of the call that it counts as, second opcode, end. */
export const eventArray = 9;
/** Much code without a check: position. */
export const eventStraight = 10;
// Of a rewriting with marks (see MarkScanner):
/**
 * A store that is to be marked: position, how ({@link storeOffset} and the memory), the local variable that holds its address or `~n`
 * for the n-th of {@link storeTemporaries} that is to hold the stored value meanwhile, end.
 */
export const eventStore = 11;
/** A stack frame was made: position behind it, local variable, bytes. */
export const eventFrame = 12;
/** A bulk operation on memories of a constant length, for which there is no {@link eventBulk}: position, nothing, second opcode, end. */
export const eventCopy = 13;
/** Something is written that cannot be put back: position. */
export const eventDirty = 14;
/** memory.size, memory.grow: position, memory, opcode, end. */
export const eventPages = 15;

export const eventSize = 5;

export const callTail = 1;
/** By a function reference, whose targets are not told apart. */
export const callReference = 2;

/** It holds a loop. */
export const loopNested = 1;
/** It holds something that may take long: a call, a bulk operation, an allocation. */
export const loopCalls = 2;
/** Something branches to its header: it does loop. */
export const loopUsed = 4;
/** A dispatcher: the checks stand at the branches (see {@link CodeScan}). */
export const loopDispatch = 8;
/** It needs a check in its header: it has several branches to it, or such that no check can stand before. */
export const loopHeader = 16;
/** There is an {@link eventTurn} of it. Where it is without {@link loopHeader}, the check stands there. */
export const loopTurn = 32;

/**
 * What a scan of all bodies found. Functions, loops and calls are counted from 0 in the order of the file; functions
 * without the imported ones.
 *
 * A *dispatcher* is a loop that begins `block* ; local.get p ; br_table`: Go compiles every function to one, with a block for each
 * place where it can go on. `i32.const N ; local.set p ; br loop` jumps to the end of block N. Where that block is still open the
 * jump is forward, and needs no check: dispatch is by that very local, so positions only grow between two checks.
 */
export class CodeScan {
  /** Where each function's entry in the code section begins (at its size); one more for the end. */
  readonly entryStart: Int32Array;
  readonly bodyStart: Int32Array;
  /** After the declarations of local variables. */
  readonly codeStart: Int32Array;
  readonly bodyEnd: Int32Array;
  readonly localCount: Int32Array;
  /** Instructions outside of loops. */
  readonly ops: Int32Array;
  events: IntList;
  eventStart: Int32Array;
  /** The loop flags. */
  readonly loops: IntList;
  /** Instructions of each loop, those in inner loops not counted. */
  readonly loopOps: IntList;
  /** The loop around each loop, or -1. */
  readonly loopParent: IntList;
  readonly loopStart: Int32Array;
  /** A function's index, or `~n` for the indirect calls of kind n, or {@link bulkCallee}. */
  readonly callees: IntList;
  /** The loop that a call stands in, or -1. */
  readonly callLoop: IntList;
  /** The call flags. */
  readonly callFlags: IntList;
  readonly callStart: Int32Array;

  constructor(functions: number, codeBytes: number) {
    this.entryStart = new Int32Array(functions + 1);
    this.bodyStart = new Int32Array(functions);
    this.codeStart = new Int32Array(functions);
    this.bodyEnd = new Int32Array(functions);
    this.localCount = new Int32Array(functions);
    this.ops = new Int32Array(functions);
    this.eventStart = new Int32Array(functions + 1);
    this.loopStart = new Int32Array(functions + 1);
    this.callStart = new Int32Array(functions + 1);
    this.events = new IntList((codeBytes >> 2) + 64);
    this.loops = new IntList((codeBytes >> 7) + 64);
    this.loopOps = new IntList((codeBytes >> 7) + 64);
    this.loopParent = new IntList((codeBytes >> 7) + 64);
    this.callees = new IntList((codeBytes >> 5) + 64);
    this.callLoop = new IntList((codeBytes >> 5) + 64);
    this.callFlags = new IntList((codeBytes >> 5) + 64);
  }

  /** Adds a call and returns its number. */
  addCall(callee: number, loop: number, flags: number): number {
    const { length } = this.callees;
    this.callees.push(callee);
    this.callLoop.push(loop);
    this.callFlags.push(flags);
    return length;
  }
}

/** Stands in {@link CodeScan.callees} for what may take as long as a call: a bulk operation, growing, a new array. */
export const bulkCallee = 0x7fff_ffff;
