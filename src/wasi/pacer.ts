/** Decides when a guest that could go on does, and is told how long it has run. */
export interface Pacer {
  /** The guest runs from now on. */
  starts(): void;
  /** It has run for `ms` milliseconds, up to `now` (performance.now()). */
  ran(ms: number, now: number): void;
  /** One of its descriptors woke, or its time has come: calls `look` once the events of this turn of the event loop are through. */
  soon(look: () => void): void;
  /** What it waited for has come, as a look found: calls `go` now or later. */
  resume(go: () => void): void;
  /** It lets others go first: calls `go` later. */
  requeue(go: () => void): void;
}

/** For a guest that has the process to itself. */
export const freePacer: Pacer = {
  starts() {},
  ran() {},
  soon: (look) => {
    setImmediate(look);
  },
  resume: (go) => go(),
  requeue: (go) => {
    setImmediate(go);
  },
};
