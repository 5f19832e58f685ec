/** Gives whole numbers from 0 to below its argument. */
export type Pick = (below: number) => number;

/** mulberry32: small, seeded and good enough to make cases of tests with. */
export function seeded(seed: number): Pick {
  let a = seed >>> 0;
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export function oneOf<T>(pick: Pick, list: readonly T[]): T {
  return list[pick(list.length)]!;
}
