/** A whole number from 0 on, below `max`. */
export type Random = (max: number) => number;

/** Mulberry32. */
export function generator(start: number): Random {
  let state = start >>> 0;
  return (max) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % max;
  };
}
