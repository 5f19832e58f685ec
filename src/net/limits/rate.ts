/** `count` a `perMs`: so many at once, and as many again in each span of that length, evenly. */
export interface Rate {
  readonly count: number;
  /** Milliseconds. */
  readonly perMs: number;
}

/**
 * A token bucket kept as one number: the time at which it will be full again (the "theoretical arrival time" of the generic
 * cell rate algorithm, ITU-T I.371 §A). A bucket that was never drawn on is 0.
 */
export class Bucket {
  /** What one draw adds. */
  readonly #stepMs: number;
  /** How far ahead of now it may lie before the last draw. */
  readonly #aheadMs: number;

  constructor({ count, perMs }: Rate) {
    this.#stepMs = perMs / count;
    this.#aheadMs = perMs - this.#stepMs;
  }

  /** How long until one can be drawn, 0 for now. Milliseconds. */
  waitMs(fullAt: number, now: number): number {
    const early = fullAt - this.#aheadMs - now;
    // Of sums of fractions a last bit may be left over. What no draws can have led to was not written by us.
    return early > 1e-6 && early <= this.#stepMs + 1 ? early : 0;
  }

  /** When it is full again after one more draw. */
  drawn(fullAt: number, now: number): number {
    return Math.max(fullAt, now) + this.#stepMs;
  }
}
