import { type CodeScan, eventSize } from "./code-scan.ts";
import type { IntList } from "./int-list.ts";
import type { MarkTuning } from "./mark-tuning.ts";
import { loopOpsMax } from "./tuning.ts";

/** In the detail of an eventStore: a mark before the loop stands for its own, where the loop has a counter. */
export const storeInLoop = 0x80;

/** Marks before so many turns of a loop: of the variable `base`, plus `index` shifted, plus `first` to `last`. */
export interface LoopMark {
  readonly memory: number;
  readonly base: number;
  /** Another variable that is added, or -1. */
  readonly index: number;
  readonly shift: number;
  first: number;
  last: number;
}

/** Different places that a loop's stores are marked at before it; more cost more than they save. */
const marksMax = 3;
const stepMax = 65_536;
/** Of what is added to the variables. */
const offsetMax = 2 ** 28;

interface Candidate extends Omit<LoopMark, "first" | "last"> {
  /** Of its event. */
  readonly event: number;
  readonly offset: number;
}

/**
 * Finds stores in leaf loops whose addresses move by constant steps. Between two looks at the epoch a loop that has a counter turns so often at the most
 * as the counter says, and passes each instruction of its body once a turn. So all that such a store can reach until then
 * is known before: its mark is made there, for all of it, and not at every turn.
 */
export class LoopMarks {
  readonly found = new Map<number, readonly LoopMark[]>();
  readonly #scan: CodeScan;
  readonly #tuning: MarkTuning;
  /** The innermost loop at hand, which holds no other so far, or -1. */
  #loop = -1;
  #candidates: Candidate[] = [];
  /** By variable that is set in it: how far it moves in a turn, down and up; undefined: anywhere. */
  readonly #steps = new Map<number, readonly [number, number] | undefined>();

  constructor(scan: CodeScan, tuning: MarkTuning) {
    this.#scan = scan;
    this.#tuning = tuning;
  }

  enter(loop: number): void {
    this.#loop = loop;
    if (this.#candidates.length > 0) this.#candidates = [];
    this.#steps.clear();
  }

  /** @param step what it moves by, undefined: it is set to something else */
  set(local: number, step: number | undefined): void {
    if (this.#loop < 0) return;
    const before = this.#steps.has(local) ? this.#steps.get(local) : ([0, 0] as const);
    const moves = step === undefined || before === undefined || Math.abs(step) > stepMax;
    this.#steps.set(local, moves ? undefined : [before[0] + Math.min(step, 0), before[1] + Math.max(step, 0)]);
  }

  /** A store at a variable's value, plus another's shifted. */
  store(event: number, memory: number, base: number, index: number, shift: number, offset: number): void {
    if (this.#loop >= 0 && Math.abs(offset) < offsetMax)
      this.#candidates.push({ event, memory, base, index, shift, offset });
  }

  /** The loop ends. Marks those of the events that need no mark of their own. */
  leave(loop: number, events: IntList): void {
    const isLeaf = this.#loop === loop;
    this.#loop = -1;
    if (!isLeaf || this.#candidates.length === 0) return;
    const turns = Math.floor(loopOpsMax / Math.max(1, this.#scan.loopOps.items[loop]!));
    const marks: LoopMark[] = [];
    for (const candidate of this.#candidates) {
      const reach = this.#reach(candidate, turns);
      if (reach === undefined || !this.#add(marks, candidate, reach)) continue;
      events.items[candidate.event * eventSize + 2]! |= storeInLoop;
    }
    if (marks.length > 0) this.found.set(loop, marks);
  }

  /** From where to where it can come, beside the offset. */
  #reach({ base, index, shift }: Candidate, turns: number): readonly [number, number] | undefined {
    const still = [0, 0] as const;
    const own = this.#steps.has(base) ? this.#steps.get(base) : still;
    const more = index >= 0 && this.#steps.has(index) ? this.#steps.get(index) : still;
    if (own === undefined || more === undefined) return undefined;
    const scale = 2 ** shift;
    return [turns * (own[0] + more[0] * scale), turns * (own[1] + more[1] * scale)];
  }

  #add(marks: LoopMark[], candidate: Candidate, [down, up]: readonly [number, number]): boolean {
    const { memory, base, index, shift, offset } = candidate;
    const [first, last] = [down + offset, up + offset];
    const fits = (from: number, to: number) => to - from <= this.#tuning.loopBytesMax;
    if (!fits(first, last)) return false;
    for (const mark of marks) {
      if (mark.memory !== memory || mark.base !== base || mark.index !== index || mark.shift !== shift) continue;
      const [from, to] = [Math.min(mark.first, first), Math.max(mark.last, last)];
      if (!fits(from, to)) continue;
      mark.first = from;
      mark.last = to;
      return true;
    }
    if (marks.length === marksMax) return false;
    marks.push({ memory, base, index, shift, first, last });
    return true;
  }
}
