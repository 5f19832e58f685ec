/** The quota is kept over windows of this length. */
const windowMs = 100;
/** Hold-ups that lie no further apart are one. */
const throttlingMs = 10_000;

export interface CpuShareOptions {
  /** Its part of a contended CPU, relative to the others'; 1 when absent. */
  readonly weight?: number;
  /** Cores, averaged over 100 ms; no quota when absent. */
  readonly cores?: number;
}

/** What one service may use of a worker's CPU, and what it has used. All of its instances draw on it. */
export class CpuShare {
  #weight = 1;
  #allowanceMs = Number.POSITIVE_INFINITY;
  /** CPU time by weight: the service with the least goes first. Milliseconds. */
  virtualMs = 0;
  #throttled = 0;
  #throttledAt: number | undefined;
  /** The quota holds it up, for the first time in ten seconds. */
  onThrottled: (() => void) | undefined;
  #usedMs = 0;
  #window = 0;

  constructor(options: CpuShareOptions = {}) {
    this.allot(options);
  }

  /** From now on it has this weight and quota: its service was deployed with others. */
  allot({ weight = 1, cores = Number.POSITIVE_INFINITY }: CpuShareOptions): void {
    this.#weight = weight;
    this.#allowanceMs = cores * windowMs;
  }

  /** How often the quota has held it up. */
  get throttled(): number {
    return this.#throttled;
  }

  /** When it last did, in milliseconds since the epoch. */
  get throttledAt(): number | undefined {
    return this.#throttledAt;
  }

  /** The quota holds it up now. */
  holdUp(): void {
    this.#throttled++;
    const now = Date.now();
    const begins = this.#throttledAt === undefined || now - this.#throttledAt > throttlingMs;
    this.#throttledAt = now;
    if (begins) this.onThrottled?.();
  }

  /** Counts time that a guest of it has run, up to `now`. Milliseconds. */
  charge(ms: number, now: number): void {
    this.virtualMs += ms / this.#weight;
    this.#roll(now);
    this.#usedMs += ms;
  }

  /** Milliseconds until it may run again; 0 when it may now. What was used too much is paid back by later windows. */
  heldMs(now: number): number {
    if (this.#allowanceMs === Number.POSITIVE_INFINITY) return 0;
    this.#roll(now);
    if (this.#usedMs < this.#allowanceMs) return 0;
    const windows = Math.floor(this.#usedMs / this.#allowanceMs);
    return (this.#window + windows) * windowMs - now;
  }

  /** Whether what runs now since `startedAt` has used the window's allowance up. */
  exhausted(startedAt: number, now: number): boolean {
    return this.#usedMs + (now - startedAt) >= this.#allowanceMs;
  }

  #roll(now: number): void {
    const window = Math.floor(now / windowMs);
    if (window === this.#window) return;
    if (this.#usedMs > 0) this.#usedMs = Math.max(0, this.#usedMs - (window - this.#window) * this.#allowanceMs);
    this.#window = window;
  }
}
