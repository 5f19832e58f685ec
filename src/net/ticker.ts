/** Something whose deadlines are looked at about once a second. */
export interface Swept {
  sweep(now: number): void;
}

/**
 * A coarse clock and the one timer behind all of the front's deadlines: nothing is armed or cleared for a request, and an
 * idle front wakes no process. Times are milliseconds of a clock that never goes back.
 */
export class Ticker {
  /** The time of the last tick. */
  now: number;
  readonly #intervalMs: number;
  readonly #clock: () => number;
  readonly #swept = new Set<Swept>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { intervalMs?: number; clock?: () => number } = {}) {
    this.#intervalMs = options.intervalMs ?? 1000;
    this.#clock = options.clock ?? (() => performance.now());
    this.now = this.#clock();
  }

  /** The time now, which costs more. For deadlines that are to be no shorter than they say. */
  exactly(): number {
    return this.#clock();
  }

  add(swept: Swept): void {
    this.#swept.add(swept);
    if (this.#timer !== undefined) return;
    this.now = this.#clock();
    this.#timer = setInterval(() => this.tick(), this.#intervalMs).unref();
  }

  remove(swept: Swept): void {
    this.#swept.delete(swept);
    if (this.#swept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks at every deadline now; the timer calls it, and tests with a clock of their own. */
  tick(): void {
    this.now = this.#clock();
    for (const swept of this.#swept) swept.sweep(this.now);
  }
}
