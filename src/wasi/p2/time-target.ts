import type { Clocks } from "../clocks.ts";
import type { Waitable } from "./pollable.ts";

/** A time to wait for. */
export class TimeTarget implements Waitable {
  readonly waited = undefined;
  readonly deadline: bigint;
  readonly #clocks: Clocks;

  /** Monotonic clock, nanoseconds. */
  constructor(clocks: Clocks, deadline: bigint) {
    this.#clocks = clocks;
    this.deadline = deadline;
  }

  ready(): boolean {
    return this.#clocks.monotonic() >= this.deadline;
  }
}
