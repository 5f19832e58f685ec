/** Waits between restarts: at once the first time, then doubling up to a bound, with jitter so that crowds disperse. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly mostMs: number;
  /** A run at least this long counts as healthy and starts the count again. */
  readonly healthyMs: number;
  readonly random?: () => number;
}

export class Backoff {
  /** Failures in quick succession. */
  failures = 0;
  readonly #options: BackoffOptions;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Records an end after `ranMs` and gives the milliseconds to wait. */
  ended(ranMs: number): number {
    const { firstMs, mostMs, healthyMs, random = Math.random } = this.#options;
    this.failures = ranMs >= healthyMs ? 1 : this.failures + 1;
    if (this.failures === 1) return 0;
    const wait = Math.min(mostMs, firstMs * 2 ** (this.failures - 2));
    // Between 75 % and 125 %.
    return Math.round(wait * (0.75 + random() / 2));
  }
}
