import { functionType, type ModuleInfo } from "../module-info.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { type CodeScan, eventDirty, eventFrame, eventPages, eventStore } from "./code-scan.ts";
import { IntList } from "./int-list.ts";
import { LoopMarks, storeInLoop } from "./loop-marks.ts";
import type { MarkCode } from "./mark-code.ts";
import { addressBit, MarkScanner, storeValues, valueBits, wideAddressBit } from "./mark-scanner.ts";
import type { MarkTuning } from "./mark-tuning.ts";
import { mergeEvents } from "./merge-events.ts";
import { Operands } from "./operands.ts";
import { indexSpaces } from "./scan-functions.ts";

/** What becomes of each function so that its writes are marked. */
export class MarkPlan {
  readonly code: MarkCode;
  readonly #bytes: Uint8Array;
  /** The local variables of each function, as {@link MarkScanner.scan} gives them. */
  readonly #temporaries: Uint8Array;
  readonly #loops: LoopMarks;
  /** Within a loop with a counter, whose marks come before it. */
  inCountedLoop: boolean = false;
  // Of the function at hand:
  #set = 0;
  #first = 0;
  readonly #locals = {
    address: 0,
    wideAddress: 0,
    value: (which: number): number => this.#place(1 << (valueBits + which)),
  };

  constructor(code: MarkCode, bytes: Uint8Array, { temporaries, loops }: MarkScan) {
    this.#loops = loops;
    this.code = code;
    this.#bytes = bytes;
    this.#temporaries = temporaries;
  }

  /** The types of the local variables that function `f` gets, which come from `first` on. */
  declare(f: number, first: number): number[] {
    this.#set = this.#temporaries[f]!;
    this.#first = first;
    this.#locals.address = this.#place(addressBit);
    this.#locals.wideAddress = this.#place(wideAddressBit);
    const types = [0x7f, 0x7e, ...storeValues];
    return types.filter((_, bit) => (this.#set & (1 << bit)) !== 0);
  }

  /** Writes what stands for an event of marks. What lies before `at` is written. */
  write(writer: ByteWriter, kind: number, at: number, id: number, detail: number, end: number): void {
    switch (kind) {
      case eventStore:
        if (this.inCountedLoop && (id & storeInLoop) !== 0) writer.copy(this.#bytes, at, end);
        else this.code.store(writer, this.#bytes, at, end, id, detail, this.#locals);
        break;
      case eventFrame:
        this.code.frame(writer, id, detail);
        break;
      case eventDirty:
        this.code.dirty(writer);
        break;
      case eventPages:
        this.code.pages(writer, id, detail);
        break;
    }
  }

  /** What is marked before the turns of a loop with a counter. */
  loop(writer: ByteWriter, loop: number): void {
    for (const mark of this.#loops.found.get(loop) ?? []) this.code.loop(writer, mark);
  }

  #place(bit: number): number {
    let place = this.#first;
    for (let lower = 1; lower < bit; lower <<= 1) if ((this.#set & lower) !== 0) place++;
    return place;
  }
}

export interface MarkScan {
  readonly temporaries: Uint8Array;
  readonly loops: LoopMarks;
  /** There are instructions that write what cannot be put back. */
  readonly dirties: boolean;
}

/** Finds what is to be marked in all bodies and puts it among the events of the scan. Throws what {@link MarkScanner.scan} throws. */
export function scanMarks(info: ModuleInfo, scan: CodeScan, wide: readonly boolean[], tuning: MarkTuning): MarkScan {
  const loops = new LoopMarks(scan, tuning);
  const scanner = new MarkScanner(info, new Operands(info.bytes, indexSpaces(info)), wide, tuning, loops);
  const functions = scan.codeStart.length;
  const temporaries = new Uint8Array(functions);
  const merged = new IntList(scan.events.length + (info.codeBytes >> 2));
  const starts = new Int32Array(functions + 1);
  let dirties = false;
  for (let f = 0; f < functions; f++) {
    const params = functionType(info, info.importedFunctionCount + f)?.params.length ?? 0;
    scanner.events.length = 0;
    temporaries[f] = scanner.scan(scan.codeStart[f]!, scan.bodyEnd[f]!, params + scan.localCount[f]!);
    dirties ||= scanner.dirties;
    starts[f] = merged.length;
    mergeEvents(scan.events, scan.eventStart[f]!, scan.eventStart[f + 1]!, scanner.events, merged);
  }
  starts[functions] = merged.length;
  scan.events = merged;
  scan.eventStart = starts;
  return { temporaries, dirties, loops };
}
