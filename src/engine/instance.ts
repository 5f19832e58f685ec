import type { Host } from "../wasi/p1/host.ts";
import { type SignalName, signalAction, signalNumber } from "../wasi/signals.ts";
import type { DatagramSocket } from "../wasi/sockets/datagram.ts";
import type { VirtualListener } from "../wasi/sockets/virtual-listener.ts";
import type { CpuTerms } from "./cpu/preemption.ts";
import type { Exit } from "./exit.ts";
import { GuestContext } from "./guest-context.ts";
import { GuestEnding } from "./guest-ending.ts";
import type { GuestOptions } from "./guest-options.ts";
import type { Program } from "./launch.ts";
import { keepGuestFrames } from "./trap.ts";

/**
 * Starts a program; it begins to run once the caller's code is done. Throws what {@link GuestContext} throws; what the guest itself does
 * wrong is in {@link Instance.exited}.
 *
 * The start section of a module that is not interruptible runs outside of JSPI: it may call what never waits, and traps at
 * fd_write and the like.
 */
export function startInstance(program: Program, options: GuestOptions): Instance {
  const instance = new Instance(program, options);
  instance.begin();
  return instance;
}

/** One run of a program. */
export class Instance {
  /** How it ended; never rejects. Everything it held was let go of by then. */
  readonly exited: Promise<Exit>;
  readonly #program: Program;
  readonly #cpu: CpuTerms | undefined;
  readonly #context: GuestContext;
  /** Until the end: it holds the guest's memory. */
  #host: Host | undefined;
  readonly #settle: (exit: Exit) => void;
  #state: "new" | "running" | "ended" = "new";
  readonly #ending: GuestEnding;
  /** At its end. */
  #memoryBytes = 0;
  readonly #listening = Promise.withResolvers<boolean>();

  constructor(program: Program, options: GuestOptions) {
    this.#program = program;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    this.#settle = resolve;
    this.#cpu = options.cpu;
    const onListen = (port: number, protocol: "tcp" | "udp"): void => {
      this.#listening.resolve(true);
      options.onListen?.(port, protocol);
    };
    this.#context = new GuestContext(program, { ...options, onListen });
    this.#ending = new GuestEnding(this.#context.thread);
    this.#host = this.#context.host(this.#ending.exit);
  }

  /** A TCP port that the guest has open. Without a port, the one that a route without a port means: the first that listens. */
  listener(port?: number): VirtualListener | undefined {
    return this.#context.network.listener(port);
  }

  /** A UDP port that the guest has open; without a port the first that it receives on. */
  datagram(port?: number): DatagramSocket | undefined {
    return this.#context.network.datagram(port);
  }

  /** True once the guest accepts connections or receives datagrams on any port; false when it ends without. */
  whenListening(): Promise<boolean> {
    return this.#listening.promise;
  }

  /** True from the moment it lets go of what it held, a little before {@link exited} tells. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /**
   * Bytes of the guest's memories as far as they have grown, its tables, its files in memory, and what waits in its
   * sockets and streams.
   */
  get memoryBytes(): number {
    return this.ended ? this.#memoryBytes : this.#context.account.bytes;
  }

  /** Time spent in the guest and in what it calls, milliseconds. */
  get cpuMs(): number {
    return this.#context.thread.cpuMs;
  }

  /** It waits for something: a connection, a time, an answer. */
  get waiting(): boolean {
    return this.#context.thread.parked;
  }

  /** Open descriptors. */
  get descriptors(): number {
    return this.#context.table.size;
  }

  /** How often the guest was looked at while it waited: an idle guest's does not change. */
  get wakeUps(): number {
    return this.#context.thread.wakeUps;
  }

  /** Sends a signal to a guest that asked for it. False when it did not: what is the default is the caller's to do. */
  signal(name: SignalName): boolean {
    return !this.ended && this.#context.signals.send(signalNumber[name]) !== signalAction.default;
  }

  /** Whether the guest wants to be told of it. */
  catches(name: SignalName): boolean {
    return !this.ended && this.#context.signals.action(signalNumber[name]) === signalAction.catch;
  }

  /**
   * Ends the guest. One that is suspended ends at once; one that is running (it was its call that led here) at its next
   * call. Connections are reset and everything it held is let go of before this returns.
   */
  kill(reason: string): void {
    if (this.#state === "ended") return;
    this.#ending.kill(reason);
    this.#finish({ kind: "killed", reason });
  }

  /** For {@link startInstance}. In its turn, since making an instance takes a while and many may be to begin at once. */
  begin(): void {
    this.#context.thread.begin(() => this.#run());
  }

  #run(): void {
    const host = this.#host;
    if (this.#state !== "new" || host === undefined) return;
    this.#state = "running";
    keepGuestFrames();
    this.#context.thread.start();
    try {
      const launch = {
        host,
        thread: this.#context.thread,
        account: this.#context.account,
        cpu: this.#cpu,
        onOverrun: this.#ending.overrun,
      };
      this.#program.launch(launch).then(
        () => this.#finish({ kind: "exit", code: 0 }),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#finish(this.#ending.of(error));
  }

  #finish(exit: Exit): void {
    if (this.#state === "ended") return;
    this.#memoryBytes = this.memoryBytes;
    this.#state = "ended";
    this.#context.thread.stop();
    this.#context.thread.end(new Error("ended"));
    this.#host = undefined;
    this.#context.close(exit);
    this.#listening.resolve(false);
    this.#settle(exit);
  }
}
