import { constants } from "node:os";
import { bindLibc, pointerTo } from "../../base/libc.ts";
import { once } from "../../base/once.ts";
import type { Instance } from "../../engine/instance.ts";
import { type SignalAction, type SignalName, signalAction, signalNumber } from "../../wasi/signals.ts";
import { endBySignal } from "./end-process.ts";
import { restoreTerminal } from "./terminal.ts";

/** Of what a guest may catch: those that a user or a supervisor sends. The others tell of the process itself, which is Node's. */
const forwarded: readonly SignalName[] = [
  ...(["SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const),
  ...(["SIGTERM", "SIGCONT", "SIGTSTP", "SIGWINCH"] as const),
];
const nameOf: ReadonlyMap<number, SignalName> = new Map(forwarded.map((name) => [signalNumber[name], name]));
/** Those that a terminal or who closes it sends to end a program. */
const ending: readonly SignalName[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"];

/** Bound when it is first of use: most programs ask for no signal. */
const libc = once(() =>
  bindLibc({
    signal: { arguments: ["int32", "uint64"], return: "uint64" },
    sigaction: { arguments: ["int32", "pointer", "pointer"], return: "int32" },
  }),
);
/** SIG_DFL and SIG_IGN */
const actions = { default: 0n, ignore: 1n };
/** `struct sigaction` of Linux's C libraries for 64 bits: the handler, a mask of 128 bytes, the flags. */
const layout = { bytes: 152, flags: 136 };
/** SA_RESETHAND */
const resetHandler = 0x8000_0000;

/** Sends the guest what this process is sent, as far as the guest asks for it. */
export class GuestSignals {
  /** To be set once the guest is there. */
  instance: Instance | undefined;
  readonly #interactive: boolean;
  readonly #listeners = new Map<SignalName, () => void>();
  /** Of those that are caught: the handler, to act once. */
  readonly #once = new Map<SignalName, Uint8Array>();

  /** `interactive`: the program has the terminal's keys, and can be interrupted. */
  constructor(interactive: boolean) {
    this.#interactive = interactive;
  }

  /** The guest says what is to become of one. */
  readonly onAction = (number: number, action: SignalAction): void => {
    const name = nameOf.get(number);
    if (name === undefined) return;
    const before = this.#listeners.get(name);
    if (before !== undefined) process.off(name, before);
    this.#listeners.delete(name);
    this.#once.delete(name);
    if (action === signalAction.catch) this.#catch(name);
    else if (action === signalAction.default && this.#interactive && ending.includes(name))
      this.#listen(name, () => {
        restoreTerminal();
        endBySignal(constants.signals[name]);
      });
    else libc().signal(constants.signals[name], action === signalAction.ignore ? actions.ignore : actions.default);
  };

  /** The guest has read one. */
  readonly onTaken = (number: number): void => {
    const name = nameOf.get(number);
    const once = name === undefined ? undefined : this.#once.get(name);
    if (name !== undefined && once !== undefined) libc().sigaction(constants.signals[name], pointerTo(once), 0n);
  };

  #listen(name: SignalName, listener: () => void): void {
    this.#listeners.set(name, listener);
    process.on(name, listener);
  }

  /**
   * The system then does by itself what is the default of another that comes before the guest has read the first: a program
   * that computes and does not come to look must end by the second Ctrl-C, and no handler in JavaScript could run meanwhile.
   */
  #catch(name: SignalName): void {
    this.#listen(name, () => void this.instance?.signal(name));
    if (this.#interactive) return;
    const number = constants.signals[name];
    const action = Buffer.from(new ArrayBuffer(layout.bytes));
    if (libc().sigaction(number, 0n, pointerTo(action)) !== 0) return;
    action.writeUInt32LE((action.readUInt32LE(layout.flags) | resetHandler) >>> 0, layout.flags);
    this.#once.set(name, action);
    libc().sigaction(number, pointerTo(action), 0n);
  }
}
