import type { Readiness } from "../descriptor.ts";
import type { DescriptorTable } from "../descriptor-table.ts";

const delayMax = 128_000_000n;

/**
 * Tells polls that can only say again what the one before said, because the guest made no call on a descriptor since.
 * mio, and so tokio, subscribes to every connection in both directions for as long as it is open and takes an event for an
 * edge. One idle connection can always be written to, so that a tokio program would poll without a pause until it closes.
 */
export class PollRepeats {
  readonly #table: DescriptorTable;
  /** What was said since the last call on a descriptor, by {@link keyOf}. */
  readonly #said = new Map<number, number>();
  #usesAtEnd = -1;
  #repeating: boolean = false;
  #fresh: boolean = false;
  #delay = 0n;

  constructor(table: DescriptorTable) {
    this.#table = table;
  }

  /** A poll begins. */
  begin(): void {
    this.#repeating = this.#table.uses === this.#usesAtEnd;
    if (this.#repeating) return;
    if (this.#said.size > 0) this.#said.clear();
    this.#delay = 0n;
  }

  /** A look at all subscriptions begins. */
  look(): void {
    this.#fresh = !this.#repeating;
  }

  /** An event that is always news: a time that has come, an error. */
  news(): void {
    this.#fresh = true;
  }

  /** A descriptor is ready. News if it was not so before, or if there is more to read. */
  ready(fd: number, direction: "read" | "write", { bytes, hangup }: Readiness): void {
    if (!this.#repeating) return;
    const key = 2 * fd + (direction === "read" ? 0 : 1);
    const value = (direction === "read" ? 2 * bytes : 0) + (hangup ? 1 : 0);
    if (this.#said.get(key) === value) return;
    this.#said.set(key, value);
    this.#fresh = true;
  }

  /** The last look found nothing that was not said before. */
  get stale(): boolean {
    return !this.#fresh;
  }

  /** Nanoseconds that a stale answer is to wait for something new: 1 ms, then longer each time. */
  nextDelay(): bigint {
    this.#delay = this.#delay === 0n ? 1_000_000n : this.#delay >= delayMax ? delayMax : 2n * this.#delay;
    return this.#delay;
  }

  /** The poll has its answer. */
  end(): void {
    this.#usesAtEnd = this.#table.uses;
  }
}
