import { assert } from "../base/assert.ts";
import type { Clocks } from "./clocks.ts";
import { WorkLedger } from "./connection-work.ts";
import type { Descriptor } from "./descriptor.ts";
import { freePacer, type Pacer } from "./pacer.ts";

/** A guest that runs longer than this without a pause lets the host's events through at its next call that may suspend. */
const sliceMs = 2;
/** Only each nth of these calls looks at the clock. */
const callsPerLook = 8;
/** setTimeout takes no more. */
const timeoutMsMax = 2 ** 31 - 1;

/** Shared by the guests of one process, so that no two of them count the same time. */
export class CpuMeter {
  /** performance.now() when a guest of this process last stopped running. */
  lastStop = 0;
  /** The number of the guest that was entered last, 0 once it stopped. It may lie in memory where another process sees it. */
  running: Uint32Array = new Uint32Array(1);
}

/** What calls `wake` whenever a guest that waits for it should look again. */
export type Waited = Pick<Descriptor, "wake">;

interface Wait {
  readonly descriptors: readonly Waited[];
  readonly attempt: () => unknown;
  readonly deadline: (() => bigint | undefined) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A guest's one thread of execution as the host sees it: running, or parked until a descriptor is ready or a time has come.
 * While it is parked only the descriptors it waits for can wake it, and it holds at most one timer.
 */
export class GuestThread {
  /** Which of its connections it runs for. */
  readonly work: WorkLedger;
  readonly #clocks: Clocks;
  readonly #meter: CpuMeter;
  readonly #number: number;
  readonly #pacer: Pacer;
  #wait: Wait | undefined;
  #retrying: boolean = false;
  #timer: NodeJS.Timeout | undefined;
  /** Monotonic, nanoseconds. */
  #timerAt = 0n;
  #ended: Error | undefined;
  #calls = 0;
  #running: boolean = false;
  #startedAt = 0;
  #cpuMs = 0;
  #burstMs = 0;
  #burstStartedAt = 0;
  #wakeUps = 0;

  /** `number` is what {@link CpuMeter.running} shows while it runs. */
  constructor(clocks: Clocks, meter: CpuMeter, number: number = 0, pacer: Pacer = freePacer) {
    this.#clocks = clocks;
    this.#meter = meter;
    this.work = new WorkLedger(meter);
    this.#number = number;
    this.#pacer = pacer;
  }

  /** What ends the guest at its next call, once it is to end. */
  get ended(): Error | undefined {
    return this.#ended;
  }
  /** Nobody else wants this thread of the host: the guest may hold it up. */
  get alone(): boolean {
    return this.#pacer === freePacer;
  }
  /** Parked: it uses no CPU until something wakes it. */
  get parked(): boolean {
    return this.#wait !== undefined;
  }
  /** How often a parked guest was looked at again. */
  get wakeUps(): number {
    return this.#wakeUps;
  }
  /** Time spent running, milliseconds. */
  get cpuMs(): number {
    return this.#cpuMs + (this.#running ? this.#since(performance.now()) : 0);
  }

  /** performance.now() when its present slice began. */
  get sliceStartedAt(): number {
    return this.#startedAt;
  }

  /** Time that it has run since it last waited for something, up to `now`. Milliseconds. */
  burstMs(now: number): number {
    return this.#burstMs + (this.#running ? this.#since(now) : 0);
  }

  /** Calls `run`, which is to {@link start}, when the guest may begin. */
  begin(run: () => void): void {
    this.#pacer.requeue(run);
  }

  /** Resolves when the guest may begin on something new that came from outside, such as a request: it has {@link start}ed. */
  entered(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pacer.soon(() =>
        this.#pacer.resume(() => {
          if (this.#ended !== undefined) return reject(this.#ended);
          this.#burstMs = 0;
          this.start();
          resolve();
        }),
      );
    });
  }

  /** performance.now() when it last went on after a wait. */
  get burstStartedAt(): number {
    return this.#burstStartedAt;
  }

  /** The guest begins to run. */
  start(): void {
    this.#running = true;
    this.#pacer.starts();
    this.#meter.running[0] = this.#number;
    this.#startedAt = performance.now();
    if (this.#burstMs === 0) this.#burstStartedAt = this.#startedAt;
    this.work.started(this.#startedAt);
  }

  /** The guest stops running. */
  stop(): void {
    if (!this.#running) return;
    const now = performance.now();
    const ms = this.#since(now);
    this.#cpuMs += ms;
    this.#burstMs += ms;
    this.#pacer.ran(ms, now);
    this.work.stopped(now);
    this.#meter.lastStop = now;
    if (this.#meter.running[0] === this.#number) this.#meter.running[0] = 0;
    this.#running = false;
  }

  /**
   * Waits until `attempt` gives something else than undefined, which the promise then has. It is called each time that one of the descriptors
   * wakes and when the deadline (monotonic clock, nanoseconds; asked again after each attempt) has come.
   */
  park<T>(
    descriptors: readonly Waited[],
    attempt: () => T | undefined,
    deadline?: () => bigint | undefined,
  ): Promise<T> {
    assert(this.#wait === undefined, "a guest has one thread");
    this.stop();
    this.#burstMs = 0;
    this.work.parked();
    return new Promise((resolve, reject) => {
      this.#wait = { descriptors, attempt, deadline, resolve: resolve as (value: unknown) => void, reject };
      for (const descriptor of descriptors) descriptor.wake = this.#wake;
      this.#arm(deadline?.());
    });
  }

  /** Whether the guest has run for so long that the host's events should have their turn. */
  get overdue(): boolean {
    return ++this.#calls % callsPerLook === 0 && this.sliceOver;
  }

  /** The same, for a call that does much itself: asked between its pieces. */
  get sliceOver(): boolean {
    return performance.now() - this.#startedAt > sliceMs;
  }

  /** Lets the host's events and other guests through, then goes on with `value`; rejects when it is ended meanwhile. */
  pause<T>(value: T): Promise<T> {
    this.stop();
    return new Promise((resolve, reject) => {
      this.#pacer.requeue(() => {
        this.start();
        if (this.#ended === undefined) resolve(value);
        else reject(this.#ended);
      });
    });
  }

  /** Ends the guest: the call it waits in, or else its next one, throws `error`. */
  end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    clearTimeout(this.#timer);
    const wait = this.#leave();
    if (wait === undefined) return;
    this.start();
    wait.reject(error);
  }

  // Several descriptors often wake in one turn of the event loop, such as connections that requests came on: looking once
  // the turn's events are through serves them all. A microtask would look after each.
  readonly #wake = (): void => {
    if (this.#retrying || this.#wait === undefined) return;
    this.#retrying = true;
    this.#pacer.soon(this.#retry);
  };

  readonly #retry = (): void => {
    this.#retrying = false;
    const wait = this.#wait;
    if (wait === undefined) return;
    this.#wakeUps++;
    let result: unknown;
    try {
      result = wait.attempt();
    } catch (error) {
      this.#leave();
      this.start();
      wait.reject(error as Error);
      return;
    }
    if (result === undefined) {
      this.#arm(wait.deadline?.());
      return;
    }
    this.#leave();
    const value = result;
    this.#pacer.resume(() => {
      this.start();
      // It may have been ended while it had to wait for its turn.
      if (this.#ended === undefined) wait.resolve(value);
      else wait.reject(this.#ended);
    });
  };

  #leave(): Wait | undefined {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait !== undefined) for (const descriptor of wait.descriptors) descriptor.wake = undefined;
    return wait;
  }

  #arm(deadline: bigint | undefined): void {
    if (deadline === undefined) return;
    // A timer that is due earlier stays: looking once too often is cheaper than setting and clearing one at each wait.
    if (this.#timer !== undefined && this.#timerAt <= deadline) return;
    clearTimeout(this.#timer);
    const left = deadline - this.#clocks.monotonic();
    const ms = left <= 0n ? 0 : Math.min(Number((left + 999_999n) / 1_000_000n), timeoutMsMax);
    this.#timerAt = deadline;
    this.#timer = setTimeout(this.#expire, ms);
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    if (this.#wait?.deadline !== undefined) this.#wake();
  };

  #since(now: number): number {
    return Math.max(0, now - Math.max(this.#startedAt, this.#meter.lastStop));
  }
}
