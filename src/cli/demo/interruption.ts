const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Turns Ctrl-C, a terminal that closes, and SIGTERM into an abort, so that what was started is ended in order. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = () => {
    // A second one ends at once, by the signal's own action.
    this[Symbol.dispose]();
    this.#controller.abort();
  };

  constructor() {
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#onSignal);
  }
}
