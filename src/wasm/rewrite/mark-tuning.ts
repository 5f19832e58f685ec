/** How cards are laid out and what is marked. Whoever resets an instance must know the same. */
export interface MarkTuning {
  /** A card stands for 2^cardShift bytes of the guest's memory. */
  readonly cardShift: number;
  /**
   * So many bytes before and after a marked page are put back as well, so that one mark does for stores that cross a page's end and
   * for several with nearly the same address.
   */
  readonly overhang: number;
  /** Stack frames up to so many bytes are marked when they are made, larger ones where they are stored to. */
  readonly frameBytesMax: number;
  /** What a loop's store can reach until the next look at the epoch is marked before, if it is not more than so many bytes. */
  readonly loopBytesMax: number;
  /** Left out, so that tests can show that they would notice. */
  readonly without?: MarkKind;
}

export type MarkKind = "store" | "vector" | "lane" | "bulk" | "frame" | "offset" | "dirty" | "global" | "size" | "loop";

/**
 * 4 KiB: with 1 KiB as much time goes into the scan as is saved in copying, with 16 KiB a reset of a small program takes three
 * times as long (docs/decisions/0021-reset-by-cards.md).
 */
export const markTuningDefault: MarkTuning = {
  cardShift: 12,
  overhang: 256,
  frameBytesMax: 4096 + 256,
  loopBytesMax: 8192,
};

/** Where the first card stands in a memory of cards. Before it, at 0, is the size in pages that the guest sees, 64 bits. */
export const cardsStart = 64;

/** Pages of 64 KiB of a memory of cards for a guest's memory of at most `pagesMax` pages. */
export function cardPages(pagesMax: number, is64: boolean, { cardShift }: MarkTuning = markTuningDefault): number {
  // A frame's mark is made of any number of 32 bits, before anything shows that it is an address at all.
  const bytes = is64 ? pagesMax * 65_536 : 2 ** 32;
  // One card more: a range of no bytes may begin at the memory's end.
  return Math.ceil((Math.ceil(bytes / 2 ** cardShift) + cardsStart + 8) / 65_536);
}

/** Where a frame is marked, in bytes from its beginning: so near to each other that nothing between is missed. */
export function framePoints(bytes: number, { cardShift, overhang }: MarkTuning): number[] {
  const points = [0];
  for (let last = 0; last + overhang < bytes; ) {
    last = Math.min(last + 2 ** cardShift, bytes - 1);
    points.push(last);
    if (last === bytes - 1) break;
  }
  return points;
}
