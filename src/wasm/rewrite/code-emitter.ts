import { WarrenError } from "../../base/errors.ts";
import { capsDefault } from "../caps.ts";
import { functionType, i32, i64, type ModuleInfo } from "../module-info.ts";
import { hex } from "../offset.ts";
import type { Appended } from "./appended.ts";
import type { BranchHints } from "./branch-hints.ts";
import { bulkHelperBody } from "./bulk-helper.ts";
import { describeBulk } from "./bulk-operations.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type CallPlan, checkAfter, checkBefore } from "./call-plan.ts";
import type { CheckCode } from "./check-code.ts";
import {
  type CodeScan,
  eventArray,
  eventBackEdge,
  eventBranch,
  eventBranches,
  eventBulk,
  eventCall,
  eventCopy,
  eventDirty,
  eventFrame,
  eventLoop,
  eventLoopEnd,
  eventPages,
  eventSize,
  eventStore,
  eventStraight,
  eventTurn,
  loopCalls,
  loopDispatch,
  loopHeader,
  loopNested,
  loopUsed,
} from "./code-scan.ts";
import { writeLabelsDeeper } from "./labels.ts";
import { readU32, skipLeb } from "./leb.ts";
import type { MarkPlan } from "./mark-plan.ts";
import { arrayBytesMax, inlineElements, loopOpsMax, peeledBytesMax } from "./tuning.ts";

/** A leaf loop that got its counter and a loop around it. */
const loopCounted = 64;

interface Helper {
  readonly function: number;
  readonly type: number;
  /** Whatever the length is. */
  readonly called: boolean;
  readonly inline: number;
}

const noGroups: readonly number[] = [];

/** Writes the bodies again, with the checks in them. What needs none is copied. */
export class CodeEmitter {
  readonly writer: ByteWriter;
  readonly #info: ModuleInfo;
  readonly #scan: CodeScan;
  readonly #plan: CallPlan;
  readonly #check: CheckCode;
  readonly #hints: BranchHints;
  readonly #appended: Appended;
  readonly #marks: MarkPlan | undefined;
  readonly #helpers = new Map<string, Helper | undefined>();
  // Of the function at hand:
  #bodyStart = 0;
  /** The bytes before it are written. */
  #at = 0;
  #counter = 0;
  /** How much deeper labels out of the loop at hand are. */
  #deeper = 1;
  #temporary = 0;

  constructor(
    info: ModuleInfo,
    scan: CodeScan,
    plan: CallPlan,
    check: CheckCode,
    hints: BranchHints,
    appended: Appended,
    marks?: MarkPlan,
  ) {
    this.#info = info;
    this.#scan = scan;
    this.#plan = plan;
    this.#check = check;
    this.#hints = hints;
    this.#appended = appended;
    this.#marks = marks;
    this.writer = new ByteWriter(Math.floor(info.codeBytes * 1.1) + 4096);
  }

  /** Writes all bodies with their sizes, then the functions that were added. */
  write(): void {
    const { entryStart } = this.#scan;
    const { bytes } = this.#info;
    const functions = entryStart.length - 1;
    let from = 0;
    for (let f = 0; f < functions; f++) {
      const locals = this.#prepare(f);
      if (locals < 0) continue;
      if (from < f) this.writer.copy(bytes, entryStart[from]!, entryStart[f]!);
      from = f + 1;
      this.#writeBody(f, locals);
    }
    if (from < functions) this.writer.copy(bytes, entryStart[from]!, entryStart[functions]!);
    for (const { body } of this.#appended.functions) {
      this.writer.u32(body.length);
      this.writer.append(body);
    }
  }

  /** Decides on the loops. Returns how many local variables are added, -1 when nothing changes. */
  #prepare(f: number): number {
    const { events, eventStart, loops, loopOps } = this.#scan;
    const { items } = events;
    const { calls, entry } = this.#plan;
    let changes = entry[f] !== 0;
    let counted = 0;
    let measured = 0;
    for (let e = eventStart[f]!; e < eventStart[f + 1]!; e += eventSize) {
      const id = items[e + 2]!;
      switch (items[e]) {
        case eventLoop: {
          const flags = loops.items[id]!;
          if (!hasCheck(flags)) break;
          changes = true;
          if ((flags & (loopNested | loopCalls)) === 0 && loopOps.items[id]! * 4 <= loopOpsMax) {
            loops.mark(id, loopCounted);
            counted = 1;
          }
          break;
        }
        case eventCall:
          if (calls[id] !== 0) changes = true;
          break;
        case eventArray:
        case eventBulk:
          measured = 1;
          changes = true;
          break;
        case eventBackEdge:
        case eventStraight:
        case eventStore:
        case eventFrame:
        case eventCopy:
        case eventDirty:
        case eventPages:
          changes = true;
          break;
      }
    }
    return changes ? counted + measured : -1;
  }

  #writeBody(f: number, locals: number): void {
    const scan = this.#scan;
    const { bytes } = this.#info;
    const w = this.writer;
    const sizeAt = w.length;
    w.reserve(5);
    w.length += 5;
    this.#bodyStart = w.length;
    const index = this.#info.importedFunctionCount + f;
    const params = functionType(this.#info, index)?.params.length ?? 0;
    this.#counter = params + scan.localCount[f]!;
    // The counter's, where there is one, comes first.
    this.#temporary = this.#counter + locals - 1;

    const groups = readU32(bytes, scan.bodyStart[f]!);
    const marks = this.#marks?.declare(f, this.#counter + locals) ?? noGroups;
    w.u32(groups + (locals > 0 ? 1 : 0) + marks.length);
    w.copy(bytes, skipLeb(bytes, scan.bodyStart[f]!), scan.codeStart[f]!);
    if (locals > 0) w.append([locals, 0x7f]);
    for (const type of marks) w.append([1, type]);

    this.#at = scan.codeStart[f]!;
    this.#hints.begin(index);
    if (this.#plan.entry[f] !== 0) this.#writeCheck();
    const { items } = scan.events;
    for (let e = scan.eventStart[f]!; e < scan.eventStart[f + 1]!; e += eventSize) {
      if (items[e] === eventLoop && (scan.loops.items[items[e + 2]!]! & loopCounted) !== 0) e = this.#writeCounted(e);
      else this.#event(e);
    }
    w.copy(bytes, this.#at, scan.bodyEnd[f]!);
    this.#hints.end();
    const start = w.closeLength(sizeAt);
    if (w.length - start > capsDefault.bodyBytes) this.#tooLarge(f, w.length - start);
  }

  #event(e: number): void {
    const { bytes } = this.#info;
    const { items } = this.#scan.events;
    const [kind, at, id, detail, end] = [items[e]!, items[e + 1]!, items[e + 2]!, items[e + 3]!, items[e + 4]!];
    const w = this.writer;
    const flags = kind <= eventTurn ? this.#scan.loops.items[id]! : 0;
    switch (kind) {
      case eventLoop:
        if ((flags & loopUsed) !== 0 && (flags & loopHeader) !== 0) this.#checkAt(detail);
        break;
      case eventTurn:
        if ((flags & (loopHeader | loopCounted)) === 0) this.#writeTurn(at, detail);
        break;
      case eventBranch:
        if ((flags & loopCounted) === 0) break;
        this.#copyTo(at + 1);
        w.u32(detail + this.#deeper);
        this.#at = skipLeb(bytes, at + 1);
        break;
      case eventBranches:
        if ((flags & loopCounted) === 0) break;
        this.#copyTo(at);
        writeLabelsDeeper(w, bytes, at, detail, end, this.#deeper);
        this.#at = detail;
        break;
      case eventBackEdge:
        if ((flags & loopHeader) === 0) this.#checkAt(at);
        break;
      case eventStraight:
        this.#checkAt(at);
        break;
      case eventCall: {
        const checks = this.#plan.calls[id]!;
        if ((checks & checkBefore) !== 0) this.#checkAt(at);
        if ((checks & checkAfter) !== 0) this.#checkAt(end);
        break;
      }
      case eventBulk:
        if ((this.#plan.calls[id]! & checkBefore) !== 0) this.#checkAt(at);
        this.#writeBulk(at, end, detail);
        break;
      case eventArray:
        if ((this.#plan.calls[id]! & checkBefore) !== 0) this.#checkAt(at);
        this.#writeArray(at, detail);
        break;
      case eventCopy:
        this.#writeBulk(at, end, detail);
        break;
      case eventStore:
      case eventFrame:
      case eventDirty:
      case eventPages:
        this.#copyTo(at);
        this.#marks!.write(w, kind, at, id, detail, end);
        if (end > at) this.#at = end;
        break;
    }
  }

  #copyTo(at: number): void {
    this.writer.copy(this.#info.bytes, this.#at, at);
    this.#at = at;
  }

  #checkAt(at: number): void {
    this.#copyTo(at);
    this.#writeCheck();
  }

  #writeCheck(): void {
    this.#hints.unlikely(this.#check.write(this.writer) - this.#bodyStart);
  }

  /** A branch that is hardly ever taken. */
  #unlikely(...code: readonly number[]): void {
    this.#hints.unlikely(this.writer.length - this.#bodyStart);
    this.writer.append(code);
  }

  /**
   * A check where a loop turns, so that one that does not turn has none. `br_if` becomes `if ; check ; br ; end`: between a
   * comparison and its branch a check would part what V8 makes one instruction of.
   */
  #writeTurn(at: number, label: number): void {
    const { bytes } = this.#info;
    const w = this.writer;
    if (bytes[at] === 0x0c) {
      this.#checkAt(at);
      return;
    }
    this.#copyTo(at);
    w.append([0x04, 0x40]);
    this.#writeCheck();
    w.u8(0x0c);
    w.u32(label + 1);
    w.u8(0x0b);
    this.#at = skipLeb(bytes, at + 1);
  }

  /**
   * Writes a leaf loop whose event is `e` and returns the event of its end:
   *
   *     loop $again ; check ; counter = turns ; loop ; br_if $again (counter -= 1) == 0 ; … ; end ; end
   *
   * The inner loop stays free of memory accesses and calls, which V8 would spill registers for. A short one has its first
   * turn before all that, `block $done ; block $next ; … ; br $done ; end ; loop $again … end`, because loops that
   * turn once at the most are what parsers are made of.
   */
  #writeCounted(e: number): number {
    const { bytes } = this.#info;
    const { items } = this.#scan.events;
    const w = this.writer;
    const [at, loop, body] = [items[e + 1]!, items[e + 2]!, items[e + 3]!];
    let last = e;
    while (items[last] !== eventLoopEnd) last += eventSize;
    const end = items[last + 1]! - 1;
    const ops = Math.max(1, this.#scan.loopOps.items[loop]!);
    const copyBody = (deeper: number) => {
      this.#at = body;
      this.#deeper = deeper;
      for (let inner = e + eventSize; inner < last; inner += eventSize) this.#event(inner);
      this.#copyTo(end);
    };
    this.#copyTo(at);
    // A block cannot stand in for a loop that has parameters or results.
    const peels = end - body <= peeledBytesMax && body - at === 2 && bytes[at + 1] === 0x40;
    if (peels) {
      w.append([0x02, 0x40, 0x02, 0x40]);
      copyBody(1);
      w.append([0x0c, 1, 0x0b]);
    }
    w.copy(bytes, at, body);
    this.#writeCheck();
    this.#marks?.loop(w, loop);
    this.#constant(Math.floor(loopOpsMax / ops));
    w.u8(0x21);
    w.u32(this.#counter);
    w.copy(bytes, at, body);
    w.u8(0x20);
    w.u32(this.#counter);
    w.append([0x41, 1, 0x6b, 0x22]);
    w.u32(this.#counter);
    w.u8(0x45);
    this.#unlikely(0x0d, 1);
    if (this.#marks !== undefined) this.#marks.inCountedLoop = true;
    copyBody(peels ? 2 : 1);
    if (this.#marks !== undefined) this.#marks.inCountedLoop = false;
    w.append(peels ? [0x0b, 0x0b, 0x0b] : [0x0b, 0x0b]);
    this.#at = end + 1;
    return last;
  }

  #constant(value: number): void {
    this.writer.u8(0x41);
    this.writer.s32(value);
  }

  /** `if length > inline: the helper, else: the operation`. Lengths of 64 bits and what is marked are left to the helper. */
  #writeBulk(at: number, end: number, second: number): void {
    const { bytes } = this.#info;
    const w = this.writer;
    this.#copyTo(at);
    // table.grow: its table is capped.
    if (second === 15) {
      this.#writeCheck();
      return;
    }
    const helper = this.#helper(at, end, second);
    if (helper === undefined) return;
    this.#at = end;
    if (!helper.called) {
      this.#setTemporary(0x22); // local.tee
      this.#setTemporary(0x20); // local.get
      this.#constant(helper.inline);
      w.u8(0x4b); // i32.gt_u
      this.#unlikely(0x04);
      w.s32(helper.type);
    }
    w.u8(0x10);
    w.u32(helper.function);
    if (helper.called) return;
    w.u8(0x05);
    w.copy(bytes, at, end);
    w.u8(0x0b);
  }

  #helper(at: number, end: number, second: number): Helper | undefined {
    const key = Buffer.from(this.#info.bytes.buffer, this.#info.bytes.byteOffset + at, end - at).toString("latin1");
    if (this.#helpers.has(key)) return this.#helpers.get(key);
    const operation = describeBulk(this.#info, at, end, second);
    let helper: Helper | undefined;
    if (operation !== undefined) {
      const type = this.#appended.type(operation.params, []);
      const { memory } = operation;
      const mark = memory === undefined ? undefined : this.#marks?.code.rangeFunction(memory);
      const body = bulkHelperBody(operation, this.#check, mark);
      helper = {
        function: this.#appended.function(type, body, `warren.${operation.name}`),
        type,
        called: operation.params.at(-1) === i64 || mark !== undefined,
        inline: operation.inline,
      };
    }
    this.#helpers.set(key, helper);
    return helper;
  }

  /** A long array: first a check; one that is too long is asked for with 4G elements, which V8 refuses by itself. */
  #writeArray(at: number, second: number): void {
    const w = this.writer;
    this.#copyTo(at);
    this.#setTemporary(0x22);
    this.#constant(inlineElements);
    w.u8(0x4b);
    this.#unlikely(0x04, 0x40);
    this.#writeCheck();
    // array.new and array.new_default; what comes out of a segment is as large as the module.
    if (second === 6 || second === 7) {
      this.#setTemporary(0x20);
      this.#constant(Math.floor(arrayBytesMax / this.#elementBytes(at)));
      w.append([0x4b, 0x04, 0x40, 0x41, 0x7f]);
      this.#setTemporary(0x21);
      w.u8(0x0b);
    }
    w.u8(0x0b);
    this.#setTemporary(0x20);
  }

  /** Of the array type that the instruction at `at` names; i8 and i16 are taken for i32. */
  #elementBytes(at: number): number {
    const { bytes, types } = this.#info;
    const type = types[readU32(bytes, skipLeb(bytes, at + 1))];
    if (type?.kind !== "array") return 1;
    if (type.element === i32 || type.element === 0x7d) return 4;
    return type.element === 0x7b ? 16 : 8;
  }

  #setTemporary(opcode: number): void {
    this.writer.u8(opcode);
    this.writer.u32(this.#temporary);
  }

  #tooLarge(f: number, size: number): never {
    const at = this.#scan.bodyStart[f]!;
    throw new WarrenError(
      "module.cap-body-bytes",
      `the function at ${hex(at)} has ${size} bytes with its checks, the limit is ${capsDefault.bodyBytes}`,
      {
        at,
        status: 413,
        hint: "Programs of ordinary toolchains stay far below this limit: look at how it was generated.",
      },
    );
  }
}

/** Whether a loop has a check of its own: in its header, where it turns, or by a counter. */
function hasCheck(flags: number): boolean {
  if ((flags & loopUsed) === 0) return false;
  return (flags & loopDispatch) === 0 || (flags & loopHeader) !== 0;
}
