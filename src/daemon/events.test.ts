import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { EventView } from "../control/service.ts";
import { openDatabase } from "../store/database.ts";
import { EventStore } from "../store/event-store.ts";
import { EventBus } from "./events.ts";

describe("EventBus", () => {
  let database: DatabaseSync;
  let errors: unknown[];
  let bus: EventBus;
  beforeEach(() => {
    database = openDatabase(":memory:");
    errors = [];
    bus = new EventBus(new EventStore(database), (error) => errors.push(error));
  });
  afterEach(() => {
    bus.close();
    if (database.isOpen) database.close();
  });

  const now = async (bus: EventBus, namespace?: string): Promise<string[]> => {
    const { signal } = new AbortController();
    return (await Array.fromAsync(bus.read({ follow: false, signal, namespace }))).flat().map(({ message }) => message);
  };

  it("shows events at once and stores them by the group", async () => {
    bus.publish({ type: "worker.started", message: "a" });
    bus.publish({ type: "service.state", namespace: "default", service: "shop", message: "b" });
    assert.equal(new EventStore(database).lastId(), 0);
    assert.deepEqual(await now(bus), ["a", "b"]);
    bus.flush();
    assert.equal(new EventStore(database).lastId(), 2);
    bus.publish({ type: "service.state", namespace: "default", service: "shop", message: "c" });
    assert.deepEqual(await now(bus), ["a", "b", "c"]);
    assert.deepEqual(await now(bus, "default"), ["b", "c"]);
  });

  it("numbers on from where an earlier daemon stopped", () => {
    bus.publish({ type: "x", message: "a" });
    bus.flush();
    const next = new EventBus(new EventStore(database), (error) => errors.push(error));
    next.publish({ type: "x", message: "b" });
    next.close();
    assert.equal(new EventStore(database).lastId(), 2);
  });

  it("follows each event once, over flushes and pages", async () => {
    const abort = new AbortController();
    const seen: EventView[] = [];
    const following = (async () => {
      for await (const group of bus.read({ follow: true, signal: abort.signal })) seen.push(...group);
    })();
    for (let count = 1; count <= 1000; count++) {
      bus.publish({ type: "x", message: String(count) });
      if (count % 37 === 0) await Promise.resolve();
      if (count % 301 === 0) bus.flush();
    }
    while (seen.length < 1000) await new Promise(setImmediate);
    abort.abort();
    await following;
    assert.deepEqual(
      seen.map(({ id, message }) => [id, message]),
      Array.from({ length: 1000 }, (_, index) => [index + 1, String(index + 1)]),
    );
  });

  it("holds a bounded number while nothing can be stored", async () => {
    database.exec("CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'refused'); END");
    for (let count = 1; count <= 1500; count++) bus.publish({ type: "x", message: String(count) });
    bus.flush();
    assert.equal(errors.length, 1);
    const held = await now(bus);
    assert.deepEqual([held.length, held[0], held.at(-1)], [1000, "501", "1500"]);
    database.exec("DROP TRIGGER refuse");
    bus.flush();
    assert.equal((await now(bus)).length, 1000);
  });
});
