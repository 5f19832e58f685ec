/** What a service may print at once, and each second after that. Characters of the log's file. */
const burstMax = 256 * 1024;
const perSecondMax = 8 * 1024 * 1024;
/** All services of a worker together that print more than they may; what is within their burst is not counted. */
const togetherPerSecondMax = 16 * 1024 * 1024;

/** What the services of one worker may print: to write a log costs the worker and the daemon more than to print it costs a guest. */
export class LogAllowances {
  readonly #services = new Map<string, { left: number; at: number }>();
  /** Services that were held up when they were last asked for. */
  readonly #held = new Set<string>();

  /** Whether the service may print now. */
  allows(service: string, now: number): boolean {
    const entry = this.#services.get(service);
    if (entry === undefined) return true;
    const perSecond = Math.min(perSecondMax, togetherPerSecondMax / Math.max(1, this.#held.size));
    entry.left = Math.min(burstMax, entry.left + ((now - entry.at) / 1000) * perSecond);
    entry.at = now;
    if (entry.left > 0) this.#held.delete(service);
    else this.#held.add(service);
    return entry.left > 0;
  }

  /** It printed so much. It may go over what it may once, and pays that back. */
  spend(service: string, chars: number, now: number): void {
    const entry = this.#services.get(service);
    if (entry === undefined) this.#services.set(service, { left: burstMax - chars, at: now });
    else entry.left -= chars;
  }

  forget(service: string): void {
    this.#services.delete(service);
    this.#held.delete(service);
  }
}
