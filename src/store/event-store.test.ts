import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openDatabase } from "./database.ts";
import { type EventRecord, EventStore } from "./event-store.ts";

function event(id: number, namespace?: string): EventRecord {
  return { id, at: id * 1000, type: "service.state", namespace, service: undefined, message: `event ${id}` };
}

describe("EventStore", () => {
  let database: DatabaseSync;
  beforeEach(() => {
    database = openDatabase(":memory:");
  });
  afterEach(() => database.close());

  const ids = (events: readonly EventRecord[]): number[] => events.map(({ id }) => id);

  it("gives back what was added, in pages and by filter", () => {
    const store = new EventStore(database);
    assert.equal(store.lastId(), 0);
    store.append([]);
    store.append([event(1), event(2, "default"), event(3, "other")]);
    store.append([event(4, "default")]);
    assert.equal(store.lastId(), 4);
    assert.deepEqual(store.read({ after: 0 }, 1), [event(1)]);
    assert.deepEqual(ids(store.read({ after: 1 }, 2)), [2, 3]);
    assert.deepEqual(ids(store.read({ after: 0, namespace: "default" }, 10)), [2, 4]);
    assert.deepEqual(ids(store.read({ after: 0, since: 3000 }, 10)), [3, 4]);
    assert.deepEqual(ids(store.read({ after: 4 }, 10)), []);
  });

  it("keeps the newest only", () => {
    const store = new EventStore(database, { eventsMax: 3 });
    for (let id = 1; id <= 10; id++) store.append([event(id)]);
    assert.deepEqual(ids(store.read({ after: 0 }, 100)), [8, 9, 10]);
  });
});
