import type { DatabaseSync } from "node:sqlite";
import { transaction } from "./database.ts";

const eventsMaxDefault = 10_000;

export interface EventRecord {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly namespace: string | undefined;
  readonly service: string | undefined;
  readonly message: string;
}

export interface EventFilter {
  /** Only events with a greater id. */
  readonly after: number;
  /** Only events at this time or later, in milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Only events of this namespace; those of the machine (workers) belong to none. */
  readonly namespace?: string | undefined;
}

/** What happened, the newest first to last: a bounded log in the database. */
export class EventStore {
  readonly #database: DatabaseSync;
  readonly #eventsMax: number;

  constructor(database: DatabaseSync, { eventsMax = eventsMaxDefault }: { eventsMax?: number } = {}) {
    this.#database = database;
    this.#eventsMax = eventsMax;
  }

  /** The greatest id ever stored among the events kept, 0 when there are none. */
  lastId(): number {
    return Number(this.#database.prepare("SELECT coalesce(max(id), 0) AS id FROM events").get()?.id);
  }

  /** Adds events in one transaction, ids rising, and drops the oldest past the limit. */
  append(events: readonly EventRecord[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    const insert = this.#database.prepare(
      "INSERT INTO events (id, at, type, namespace, service, message) VALUES (?, ?, ?, ?, ?, ?)",
    );
    transaction(this.#database, () => {
      for (const { id, at, type, namespace, service, message } of events) {
        insert.run(id, at, type, namespace ?? null, service ?? null, message);
      }
      this.#database.prepare("DELETE FROM events WHERE id <= ?").run(last.id - this.#eventsMax);
    });
  }

  /** The next page of at most `countMax` events, oldest first. */
  read({ after, since, namespace }: EventFilter, countMax: number): EventRecord[] {
    return this.#database
      .prepare(
        `SELECT id, at, type, namespace, service, message FROM events
         WHERE id > ?1 AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR namespace = ?3) ORDER BY id LIMIT ?4`,
      )
      .all(after, since ?? null, namespace ?? null, countMax)
      .map((row) => ({
        id: row.id as number,
        at: row.at as number,
        type: row.type as string,
        namespace: (row.namespace as string | null) ?? undefined,
        service: (row.service as string | null) ?? undefined,
        message: row.message as string,
      }));
  }
}
