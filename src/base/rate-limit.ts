/** So many a second on average, and so many at once. */
export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #at: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Whether there may be one more. `now`: milliseconds of a monotonic clock. */
  take(now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + (now - (this.#at ?? now)) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
