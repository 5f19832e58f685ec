import type { Ticker } from "../ticker.ts";

const everyMs = 60_000;

/**
 * Counts failures that anyone on the internet can cause, and says one line a minute about them: a flood must not fill the
 * log, nor hide what else is in it.
 */
export class FailureLog {
  readonly #ticker: Ticker;
  readonly #say: (message: string) => void;
  readonly #counts = new Map<string, number>();
  #said = Number.NEGATIVE_INFINITY;

  constructor(ticker: Ticker, say: (message: string) => void) {
    this.#ticker = ticker;
    this.#say = say;
  }

  /** `kind` is one of a few: a code, not what a client sent. */
  add(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#ticker.now - this.#said < everyMs) return;
    this.#said = this.#ticker.now;
    this.#say(
      `handshakes failed: ${[...this.#counts]
        .sort((a, b) => b[1] - a[1])
        .map(([code, count]) => `${count} × ${code}`)
        .join(", ")}`,
    );
    this.#counts.clear();
  }
}
