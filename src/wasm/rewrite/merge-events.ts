import { eventBulk, eventCopy, eventDirty, eventFrame, eventLoopEnd, eventSize } from "./code-scan.ts";
import type { IntList } from "./int-list.ts";

/**
 * Puts the events of marks among those of a function, from `from` to `end`, by their positions. At one position comes first where loops
 * end, then what is put before the instruction, then what becomes of it.
 */
export function mergeEvents(events: IntList, from: number, end: number, marks: IntList, into: IntList): void {
  const { items } = events;
  const { items: added, length } = marks;
  const put = (list: Int32Array, i: number) =>
    into.push5(list[i]!, list[i + 1]!, list[i + 2]!, list[i + 3]!, list[i + 4]!);
  let e = from;
  for (let m = 0; m < length; m += eventSize) {
    const kind = added[m]!;
    const at = added[m + 1]!;
    const isBefore = kind === eventDirty || kind === eventFrame;
    for (; e < end; e += eventSize) {
      const position = items[e + 1]!;
      if (position > at || (position === at && isBefore && items[e] !== eventLoopEnd)) break;
      put(items, e);
    }
    // One of unknown length has its event, which says more.
    const last = into.length - eventSize;
    const isTold =
      kind === eventCopy && last >= 0 && into.items[last] === eventBulk && into.items[last + 1] === at && e > from;
    if (!isTold) put(added, m);
  }
  for (; e < end; e += eventSize) put(items, e);
}
