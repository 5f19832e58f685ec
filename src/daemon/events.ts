import { assert } from "../base/assert.ts";
import type { EventView } from "../control/service.ts";
import type { EventFilter, EventRecord, EventStore } from "../store/event-store.ts";

const flushMs = 100;
const pageMax = 256;
/** Held while the disk takes none (full): then the oldest are given up. */
const pendingMax = 1000;

export interface NewEvent {
  readonly type: string;
  readonly namespace?: string;
  readonly service?: string;
  readonly message: string;
}

export interface EventSelection {
  readonly namespace?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/**
 * What happened in the daemon. Events are written in groups, a tenth of a second late at the most, since each commit waits
 * for the disk; a reader sees them at once.
 */
export class EventBus {
  readonly #store: EventStore;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Set<() => void>();
  #pending: EventRecord[] = [];
  #lastId: number;
  #timer: NodeJS.Timeout | undefined;

  /** `onError` hears of events that could not be stored. */
  constructor(store: EventStore, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
    this.#lastId = store.lastId();
  }

  /** Never throws: what happened has happened, even if it cannot be written down. */
  publish({ type, namespace, service, message }: NewEvent): void {
    this.#pending.push({ id: ++this.#lastId, at: Date.now(), type, namespace, service, message });
    if (this.#pending.length > pendingMax) this.#pending.shift();
    this.#timer ??= setTimeout(() => this.flush(), flushMs);
    for (const wake of [...this.#waiting]) wake();
  }

  /** Writes what is held. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    try {
      this.#store.append(this.#pending);
      this.#pending = [];
    } catch (error) {
      this.#onError(error);
    }
  }

  /**
   * Events, oldest first, in groups. With `follow`, then those to come, until the signal. A reader holds nothing but its
   * place: one that lags by more than the store keeps misses what was dropped.
   */
  async *read({
    namespace,
    since,
    follow,
    signal,
  }: EventSelection): AsyncGenerator<readonly EventView[], void, undefined> {
    let after = 0;
    while (!signal.aborted) {
      const page = this.#page({ after, since, namespace });
      const last = page.at(-1);
      if (last !== undefined) {
        after = last.id;
        yield page.map(eventView);
      } else if (follow) {
        await this.#next(signal);
      } else {
        return;
      }
    }
  }

  /** What is stored, then what is still held: a reader must not cause a commit for each event. */
  #page({ after, since, namespace }: EventFilter): readonly EventRecord[] {
    const stored = this.#store.read({ after, since, namespace }, pageMax);
    if (stored.length > 0) return stored;
    return this.#pending.filter((event) => {
      const wanted = namespace === undefined || event.namespace === namespace;
      return wanted && event.id > after && event.at >= (since ?? 0);
    });
  }

  /** Writes what is held and lets the timer go. Readers end by their signals. */
  close(): void {
    this.flush();
    assert(this.#timer === undefined);
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });
  }
}

function eventView({ id, at, type, namespace, service, message }: EventRecord): EventView {
  return {
    id,
    at: new Date(at).toISOString(),
    type,
    ...(namespace === undefined ? {} : { namespace }),
    ...(service === undefined ? {} : { service }),
    message,
  };
}
