import { beatEveryMs } from "../../worker/protocol.ts";

/** What is watched of a worker. */
export interface Watched {
  /** Undefined when it shows nothing. */
  readonly page: { readonly beats: number; readonly running: string | undefined } | undefined;
  kill(): void;
}

/** After so long without a beat a worker is reported, and after so long it is ended. */
export const silentAfterMs = 1000;
export const hungAfterMs = 3000;

export interface WatchdogOptions<W extends Watched> {
  workers(): Iterable<W>;
  /** Its event loop has not turned for a second. `service` is whose guest it entered last and has not left. */
  onSilent(worker: W, service: string | undefined): void;
  /** It is about to be ended. */
  onHung(worker: W, service: string | undefined): void;
}

/**
 * Ends workers whose event loop no longer turns: whatever holds one up holds all its services up. Time is counted in looks,
 * not by the clock, so that a daemon that was held up itself, or a machine that slept, blames nobody.
 */
export class Watchdog<W extends Watched> {
  readonly #options: WatchdogOptions<W>;
  readonly #seen = new WeakMap<W, { beats: number; looks: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchdogOptions<W>) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), beatEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Once every `beatEveryMs`. */
  look(): void {
    for (const worker of this.#options.workers()) {
      const beats = worker.page?.beats;
      const seen = this.#seen.get(worker);
      // Not before the first beat: until then it is being launched, which has a limit of its own.
      if (beats === undefined || beats === 0) continue;
      if (seen === undefined || seen.beats !== beats) {
        this.#seen.set(worker, { beats, looks: 0 });
        continue;
      }
      seen.looks++;
      if (seen.looks * beatEveryMs === silentAfterMs) this.#options.onSilent(worker, worker.page?.running);
      if (seen.looks * beatEveryMs !== hungAfterMs) continue;
      this.#options.onHung(worker, worker.page?.running);
      worker.kill();
    }
  }
}
