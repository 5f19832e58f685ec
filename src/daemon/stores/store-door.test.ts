import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { KeyValueDatabase } from "../../store/key-value-database.ts";
import type { Asks, InstanceSpec, StoreAnswer, StoreGrant } from "../../worker/protocol.ts";
import { StoreDoor } from "./store-door.ts";

function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "warren-door-"));
  const database = new KeyValueDatabase(join(folder, "stores.db"));
  const open = () => new StoreDoor({ database, bytesMax: () => 2 ** 24, log: pino({ enabled: false }) });
  const door = open();
  t.after(() => {
    door.close();
    database.close();
    rmSync(folder, { recursive: true });
  });
  const permit = (stores: StoreGrant[], { worker = "w1", service = "one/shop", revision = 1 } = {}): void =>
    door.permit({ id: worker }, { service, revision, stores } as Partial<InstanceSpec> as InstanceSpec);
  return { door, open, permit };
}

const rw = (name: string): StoreGrant => ({ identifier: name, name, mode: "rw" });

function ask(
  door: StoreDoor,
  call: unknown,
  { worker = "w1", queuedBytes = 0, service = "one/shop", revision = 1, identifier = "a" } = {},
): Promise<StoreAnswer> {
  return door.ask({ id: worker, queuedBytes }, { service, revision, identifier, call } as Asks["store"]["body"]);
}

const set = { do: "set", entries: [["k", "eA=="]] };
const get = { do: "get", keys: ["k"] };

test("StoreDoor does what a guest is granted, of the services that the worker has", async (t) => {
  const { door, permit } = setUp(t);
  permit([rw("a")]);
  permit([rw("a")], { worker: "w2", service: "two/shop" });
  assert.deepEqual(await ask(door, set), { tag: "done" });
  assert.deepEqual(await ask(door, get), { tag: "values", values: ["eA=="] });
  assert.deepEqual(await ask(door, get, { worker: "w2", service: "two/shop" }), { tag: "values", values: [null] });
  const none = { tag: "no-such-store" };
  assert.deepEqual(await ask(door, get, { worker: "w2" }), none);
  assert.deepEqual(await ask(door, get, { service: "two/shop" }), none);
  assert.deepEqual(await ask(door, get, { revision: 2 }), none);
  assert.deepEqual(await ask(door, get, { identifier: "b" }), none);
  door.revoke({ worker: "w1", service: "one/shop", revision: 1 });
  assert.deepEqual(await ask(door, get), none);
  door.leave({ id: "w2" });
  assert.deepEqual(await ask(door, get, { worker: "w2", service: "two/shop" }), none);
});

test("StoreDoor: a store that is granted for reading is not written to", async (t) => {
  const { door, permit } = setUp(t);
  permit([{ identifier: "a", name: "a", mode: "ro" }]);
  for (const call of [set, { do: "delete", keys: ["k"] }, { do: "increment", key: "n", by: "1" }])
    assert.deepEqual(await ask(door, call), { tag: "access-denied" });
  assert.deepEqual(await ask(door, get), { tag: "values", values: [null] });
});

test("StoreDoor takes no call from a worker that is not one", async (t) => {
  const { door, permit } = setUp(t);
  permit([rw("a")]);
  const bad = [
    undefined,
    null,
    1,
    {},
    { do: "drop" },
    { do: "get" },
    { do: "get", keys: [1] },
    { do: "set", entries: [["k"]] },
    { do: "set", entries: [["k", null]] },
    { do: "exists", key: {} },
    { do: "list", after: "-1" },
    { do: "list", after: 1 },
    { do: "increment", key: "n", by: "0x1" },
    { do: "__proto__" },
  ];
  for (const call of bad) assert.deepEqual(await ask(door, call), { tag: "other", why: "this is no call of a store" });
  for (const odd of [{ service: {} }, { revision: "1" }, { identifier: 5 }])
    assert.deepEqual(await ask(door, get, odd as never), { tag: "no-such-store" });
  // What does not fit a database's integer.
  assert.deepEqual(await ask(door, { do: "list", after: "9".repeat(20) }), { tag: "keys", keys: [] });
  assert.deepEqual((await ask(door, { do: "increment", key: "n", by: "9".repeat(20) })).tag, "other");
});

test("StoreDoor bounds what waits, and does nothing for a worker that does not read", async (t) => {
  const { door, permit } = setUp(t);
  permit([rw("a")]);
  permit([rw("a")], { service: "two/shop" });
  const answers = [...Array(200)].map(() => ask(door, { do: "increment", key: "n", by: "1" }));
  const neighbour = ask(door, get, { service: "two/shop" });
  const tags = (await Promise.all(answers)).map(({ tag }) => tag);
  assert.deepEqual(
    [tags.filter((tag) => tag === "sum").length, tags.filter((tag) => tag === "other").length],
    [128, 72],
  );
  assert.equal((await neighbour).tag, "values");
  const large = { do: "set", entries: [["k", "A".repeat(5 * 2 ** 20)]] };
  const [, second] = await Promise.all([ask(door, large), ask(door, large)]);
  assert.match((second as { why: string }).why, /too many calls/);
  assert.equal((await ask(door, get, { queuedBytes: 2 ** 25 })).tag, "other");
});

test("StoreDoor knows of the workers of an earlier daemon what they were permitted, and of no others", async (t) => {
  const { door, open, permit } = setUp(t);
  permit([rw("a")]);
  permit([rw("a")], { worker: "w2" });
  await ask(door, set);
  door.close();
  const next = open();
  t.after(() => next.close());
  next.adopt([{ id: "w1" }]);
  assert.deepEqual(await ask(next, get), { tag: "values", values: ["eA=="] });
  assert.deepEqual(await ask(next, get, { worker: "w2" }), { tag: "no-such-store" });
});
