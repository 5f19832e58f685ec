import { formatMs } from "../base/spent.ts";
import type { GuestThread } from "../wasi/guest-thread.ts";
import { uncatchableError } from "../wasi/uncatchable.ts";
import type { Burst } from "./cpu/preemption.ts";
import type { Exit } from "./exit.ts";
import { trapOf } from "./trap.ts";

/** How a guest is ending, where that is known before it has: its stack unwinds by an error that says nothing. */
export class GuestEnding {
  readonly #thread: GuestThread;
  #exit: Exit | undefined;

  constructor(thread: GuestThread) {
    this.#thread = thread;
  }

  /** The guest has run for too long at a stretch. It is in the middle of a call: the trap that follows finds it ended. */
  readonly overrun = ({ cpuMs, wallMs }: Burst): void => {
    this.#exit = {
      kind: "limit",
      code: "limit.deadline",
      message: `it computed without a pause: ${formatMs(cpuMs)} of CPU time, ${formatMs(wallMs)} by the clock`,
    };
    this.#thread.end(uncatchableError("over its deadline"));
  };

  /** The guest ends itself; `signal` is the one that it raised for that. */
  readonly exit = (code: number, signal?: number): never => {
    this.#exit = { kind: "exit", code, ...(signal === undefined ? {} : { signal }) };
    const end = uncatchableError(`exit ${code}`);
    this.#thread.end(end);
    throw end;
  };

  /** Somebody ends it: how it ends, which may be what it was about to. */
  kill(reason: string): Exit {
    this.#exit ??= { kind: "killed", reason };
    this.#thread.end(uncatchableError("killed"));
    return this.#exit;
  }

  /** How it ended, by what a call of it threw. */
  of(error: unknown): Exit {
    return this.#exit ?? trapOf(error);
  }
}
