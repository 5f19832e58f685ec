import { restWait } from "./timing.ts";

/** A namespace that asked for too much is kept from a CA for so long at most: one of its names must not stop all. */
const limitedMsMax = 3600_000;

/** Which CAs are left alone for a while: those that failed, and those that told a namespace to wait. Times in ms since the epoch. */
export class Rests {
  readonly #failed = new Map<string, { readonly failures: number; readonly until: number }>();
  readonly #limited = new Map<string, number>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Until when a namespace asks nothing of the CA; in the past when it may. */
  until(ca: string, namespace: string): number {
    return Math.max(this.#failed.get(ca)?.until ?? 0, this.#limited.get(`${namespace} ${ca}`) ?? 0);
  }

  /** The CA itself failed. Many at a time count once. */
  failed(ca: string, now: number, retryAt: number | undefined): void {
    const before = this.#failed.get(ca);
    if (before !== undefined && before.until > now) return;
    const failures = (before?.failures ?? 0) + 1;
    this.#failed.set(ca, { failures, until: Math.max(now + restWait(failures, this.#random), retryAt ?? 0) });
  }

  /** The CA answered that it has been asked too often. It may mean a single name, so no other namespace waits. */
  limited(ca: string, namespace: string, now: number, retryAt: number | undefined): void {
    const until = Math.min(retryAt ?? now + limitedMsMax / 4, now + limitedMsMax);
    this.#limited.set(`${namespace} ${ca}`, until);
  }

  worked(ca: string, namespace: string): void {
    this.#failed.delete(ca);
    this.#limited.delete(`${namespace} ${ca}`);
  }

  /** The operator wants to know now. */
  forget(namespace: string): void {
    this.#failed.clear();
    for (const key of this.#limited.keys()) if (key.startsWith(`${namespace} `)) this.#limited.delete(key);
  }
}
