import { WarrenError } from "../base/errors.ts";

/** What is counted: an instance's account. */
interface Account {
  readonly bytes: number;
}

/** Counting thousands of instances takes longer than a request may. */
const countEveryMs = 100;
const mebibyte = 2 ** 20;

/**
 * What the instances of a process may hold together when one more is to start. It is asked at the start only: what runs may
 * grow to its own limit. An instance counts with what its account says, at least what its program declares to begin with.
 */
export class MemoryBudget {
  readonly #bytesMax: number;
  readonly #now: () => number;
  /** Of each instance what its program declares, and what was counted last. */
  readonly #held = new Map<Account, { readonly initial: number; counted: number }>();
  #bytes = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(bytesMax: number, now: () => number = () => performance.now()) {
    this.#bytesMax = bytesMax;
    this.#now = now;
  }

  /** What the instances hold; no older than a tenth of a second. */
  get bytes(): number {
    const now = this.#now();
    if (now - this.#countedAt >= countEveryMs) {
      this.#countedAt = now;
      this.#bytes = 0;
      for (const [account, held] of this.#held) {
        held.counted = Math.max(held.initial, account.bytes);
        this.#bytes += held.counted;
      }
    }
    return this.#bytes;
  }

  /** Throws `worker.memory-budget` when there is no room for an instance that begins with so many bytes. */
  check(initial: number): void {
    const { bytes } = this;
    if (bytes + initial <= this.#bytesMax) return;
    const [needs, holds, may] = [initial, bytes, this.#bytesMax].map((size) => Math.ceil(size / mebibyte));
    throw new WarrenError(
      "worker.memory-budget",
      `one more instance needs ${needs} MiB to begin with; those of its worker hold ${holds} of the ${may} MiB that they may`,
      {
        status: 503,
        hint: "stop services (warren ls shows their memory), or raise what a worker may hold: serve --worker-memory",
      },
    );
  }

  /** Counts an instance until {@link release}. Throws as {@link check} does, and then does not. */
  admit(account: Account, initial: number): void {
    this.check(initial);
    this.#held.set(account, { initial, counted: initial });
    this.#bytes += initial;
  }

  /** The instance has ended. */
  release(account: Account): void {
    this.#bytes -= this.#held.get(account)?.counted ?? 0;
    this.#held.delete(account);
  }
}
