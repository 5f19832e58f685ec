import type { ConnectionWork, Doing } from "../base/conduit.ts";
import type { CpuMeter } from "./guest-thread.ts";

/**
 * Which of its connections a guest's one thread works for. A server guest has many requests in hand at once and does not tell
 * which one it computes for; what it last read from or wrote to is told by its calls:
 *
 * - From a call that moves bytes on a connection until the next one on another, its time counts for the first.
 * - After a wait it counts, from its beginning on, for the connection that it touches first: what precedes is finding out
 *   which that is.
 * - What touches no connection between two waits (timers, background work) counts for none.
 *
 * So the connections' times add up to no more than the guest's own. Costs one look at the clock for each change from one
 * connection to another within a turn, and none where a turn serves one.
 */
export class WorkLedger {
  readonly #meter: CpuMeter;
  #current: Entry | undefined;
  /** Up to here the time is counted. performance.now(). */
  #mark = 0;
  #running: boolean = false;
  #parked: boolean = true;

  constructor(meter: CpuMeter) {
    this.#meter = meter;
  }

  /** For a new connection. */
  open(): ConnectionWork {
    return new Entry(this);
  }

  /** The guest runs. */
  started(now: number): void {
    this.#mark = now;
    this.#running = true;
    this.#parked = false;
  }

  /** It runs no more. */
  stopped(now: number): void {
    if (this.#current !== undefined) this.#count(this.#current, now);
    this.#running = false;
  }

  /** What it waits for may be any connection's. */
  parked(): void {
    this.#current = undefined;
    this.#parked = true;
  }

  touch(entry: Entry): void {
    const before = this.#current;
    if (before === entry) return;
    this.#current = entry;
    if (before !== undefined) this.#count(before, performance.now());
  }

  /** What counts for it and is not added to it yet. */
  pendingMs(entry: Entry): number {
    return this.#running && this.#current === entry ? this.#since(performance.now()) : 0;
  }

  doing(entry: Entry): Doing {
    if (this.#parked) return "waiting";
    return this.#current === entry ? "computing" : "behind";
  }

  #count(entry: Entry, now: number): void {
    entry.counted += this.#since(now);
    this.#mark = now;
  }

  /** As {@link GuestThread} counts: what another guest ran meanwhile is that one's. */
  #since(now: number): number {
    return Math.max(0, now - Math.max(this.#mark, this.#meter.lastStop));
  }
}

class Entry implements ConnectionWork {
  readonly #ledger: WorkLedger;
  counted = 0;

  constructor(ledger: WorkLedger) {
    this.#ledger = ledger;
  }

  get cpuMs(): number {
    return this.counted + this.#ledger.pendingMs(this);
  }

  get doing(): Doing {
    return this.#ledger.doing(this);
  }

  touch(): void {
    this.#ledger.touch(this);
  }
}
