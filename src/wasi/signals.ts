import { type Descriptor, type Filetype, filetype, type Readiness } from "./descriptor.ts";
import { errno, type Result } from "./errno.ts";

/** What becomes of a signal, as the guest wants it (POSIX sigaction). */
export const signalAction = { default: 0, ignore: 1, catch: 2 } as const;
export type SignalAction = (typeof signalAction)[keyof typeof signalAction];

/** `signal` of preview 1: Linux's numbers without SIGSTKFLT. The ones a host sends. */
export const signalNumber = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCONT: 17,
  SIGSTOP: 18,
  SIGTSTP: 19,
  SIGWINCH: 27,
} as const;
export type SignalName = keyof typeof signalNumber;

/** SIGSYS, the last of the enumeration. */
export const signalMax = 30;

/**
 * The signals of a guest that asked for some. Preview 1 has none: a guest says for each what is to become of it, and reads those
 * that it catches from a descriptor, a byte each. One that is sent again before it was read is one, as POSIX has it.
 */
export class Signals {
  /** Called when the guest changes what becomes of a signal. */
  onAction: ((signal: number, action: SignalAction) => void) | undefined;
  /** Called when the guest has read one. */
  onTaken: ((signal: number) => void) | undefined;
  readonly #actions = new Uint8Array(signalMax + 1);
  /** A bit for each. */
  #pending = 0;
  #stream: SignalStream | undefined;

  /** What became of it: the sender does what is the default. */
  send(signal: number): SignalAction {
    const action = this.action(signal);
    if (action !== signalAction.catch) return action;
    this.#pending |= 1 << signal;
    this.#stream?.wake?.();
    return action;
  }

  action(signal: number): SignalAction {
    return (this.#actions[signal] ?? signalAction.default) as SignalAction;
  }

  /** -EINVAL for what is no signal, and for those that nothing can change. */
  setAction(signal: number, action: number): Result {
    const fixed = signal === signalNumber.SIGKILL || signal === signalNumber.SIGSTOP;
    if (signal < 1 || signal > signalMax || fixed || action > signalAction.catch) return -errno.INVAL;
    if (action === signalAction.ignore) this.#pending &= ~(1 << signal);
    if (this.#actions[signal] === action) return 0;
    this.#actions[signal] = action;
    this.onAction?.(signal, action as SignalAction);
    return 0;
  }

  /** The descriptor to read signals from; undefined while there is one already. */
  open(): Descriptor | undefined {
    if (this.#stream !== undefined) return undefined;
    this.#stream = new SignalStream(this, () => {
      this.#stream = undefined;
    });
    return this.#stream;
  }

  get pending(): number {
    let count = 0;
    for (let rest = this.#pending; rest !== 0; rest &= rest - 1) count++;
    return count;
  }

  /** The lowest that waits; undefined when none does. */
  take(): number | undefined {
    if (this.#pending === 0) return undefined;
    const signal = 31 - Math.clz32(this.#pending & -this.#pending);
    this.#pending &= ~(1 << signal);
    this.onTaken?.(signal);
    return signal;
  }
}

class SignalStream implements Descriptor {
  // A character device would be a terminal to a libc.
  readonly type: Filetype = filetype.unknown;
  flags = 0;
  wake: (() => void) | undefined;
  readonly #signals: Signals;
  readonly #onClosed: () => void;

  constructor(signals: Signals, onClosed: () => void) {
    this.#signals = signals;
    this.#onClosed = onClosed;
  }

  read(buffers: readonly Uint8Array[]): Result {
    let count = 0;
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length; at++) {
        const signal = this.#signals.take();
        if (signal === undefined) return count > 0 ? count : -errno.AGAIN;
        buffer[at] = signal;
        count++;
      }
    }
    return count;
  }

  write(): Result {
    return -errno.BADF;
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    const { pending } = this.#signals;
    return interest === "read" && pending > 0 ? { bytes: pending, hangup: false } : undefined;
  }

  close(): void {
    this.#onClosed();
  }
}
