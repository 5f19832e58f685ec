import type { Waited } from "../guest-thread.ts";
import type { P2Host } from "./host.ts";

/** What a guest can wait for. */
export interface Waitable {
  /** Whether it has come. Stays so until the guest does something about it. */
  ready(): boolean;
  /** What wakes the guest when this may have changed; asked at the beginning of each wait. Undefined: only the deadline does. */
  readonly waited: Waited | undefined;
  /** When it will be ready whatever happens: monotonic clock, nanoseconds. */
  readonly deadline?: bigint | undefined;
}

/** `wasi:io/poll.pollable`. It may outlive what it is of. */
export class Pollable {
  readonly target: Waitable;
  readonly #host: P2Host;

  constructor(host: P2Host, target: Waitable) {
    host.resources.add();
    this.#host = host;
    this.target = target;
  }

  ready(): boolean {
    return this.target.ready();
  }

  block(): undefined | Promise<unknown> {
    const { thread } = this.#host;
    if (!this.target.ready()) return waitUntil(this.#host, this.target, () => (this.target.ready() ? true : undefined));
    return thread.overdue ? thread.pause(true) : undefined;
  }

  drop(): void {
    this.#host.resources.remove();
  }
}

/** Waits until `attempt` gives something else than undefined, looking each time that the target may have changed. */
export function waitUntil<T>({ thread }: P2Host, target: Waitable, attempt: () => T | undefined): Promise<T> {
  const { waited, deadline } = target;
  return thread.park(
    waited === undefined ? [] : [waited],
    attempt,
    deadline === undefined ? undefined : () => deadline,
  );
}
