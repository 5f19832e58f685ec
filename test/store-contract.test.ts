import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { StoreDoor } from "../src/daemon/stores/store-door.ts";
import { KeyValueDatabase } from "../src/store/key-value-database.ts";
import { fault, given, type SuiteLimits, testKeyValueStore } from "../src/wasi/keyvalue/key-value-store.suite.ts";
import type { KeyValueBucket } from "../src/wasi/keyvalue/key-value-store.ts";
import type { InstanceSpec } from "../src/worker/protocol.ts";
import { GuestStores, NoDaemon } from "../src/worker/stores/guest-stores.ts";

// What a worker gives its guests, and the daemon's side of it: together they are a store as that in memory is one.

function bucket(t: TestContext, { bytesMax = 2 ** 24, pageKeysMax, ...limits }: SuiteLimits = {}): KeyValueBucket {
  const folder = mkdtempSync(join(tmpdir(), "warren-stores-"));
  const database = new KeyValueDatabase(join(folder, "stores.db"), {
    ...limits,
    ...(pageKeysMax === undefined ? {} : { keysMax: pageKeysMax }),
  });
  const door = new StoreDoor({ database, bytesMax: () => bytesMax, log: pino({ enabled: false }) });
  t.after(() => {
    door.close();
    database.close();
    rmSync(folder, { recursive: true });
  });
  const guest = { service: "default/shop", revision: 1 };
  const stores = [{ identifier: "default", name: "data", mode: "rw" }] as const;
  door.permit({ id: "w1" }, { ...guest, stores } as Partial<InstanceSpec> as InstanceSpec);
  const ask = async (identifier: string, call: unknown) =>
    // As it goes between the processes.
    door.ask({ id: "w1", queuedBytes: 0 }, JSON.parse(JSON.stringify({ ...guest, identifier, call })));
  const opened = new GuestStores(stores, { ask }).open("");
  assert.ok(opened.tag === "ok");
  return opened.val;
}

testKeyValueStore("the daemon's stores", bucket);

test("the daemon's stores bound what one call takes and gives, below what the link between the processes takes", async (t) => {
  const one = bucket(t);
  const mib = 1024 * 1024;
  for (const key of ["a", "b"]) await given(one.set(key, Buffer.alloc(mib)));
  assert.match(await fault(one.set("c", Buffer.alloc(mib + 1))), /1048577 bytes; 1048576 is the limit/);
  assert.match(await fault(one.getMany(["a", "b"])), /more than 1572864 bytes together/);
  assert.match(
    await fault(
      one.setMany([
        ["a", Buffer.alloc(mib)],
        ["b", Buffer.alloc(mib)],
      ]),
    ),
    /2097152 bytes together/,
  );
  assert.match(await fault(one.set("c", Buffer.alloc(8 * mib))), /too large/);
  assert.match(await fault(one.deleteMany(Array(1001).fill("a"))), /1001 keys; 1000 is the most/);
  assert.match(await fault(one.exists("k".repeat(1025))), /longer than 1024 bytes/);
  // Each is six characters on the link.
  const keys = [...Array(255).keys()].map((n) => String.fromCharCode(n % 8).repeat(1000) + n);
  await given(one.setMany(keys.map((key) => [key, Buffer.alloc(6000)])));
  assert.equal(((await given(one.getMany(keys))) as unknown[]).length, 255);
});

test("a call waits a little for a daemon, and is not made twice", async () => {
  const stores = [{ identifier: "a", name: "a", mode: "rw" }] as const;
  const made = (ask: () => Promise<never>): KeyValueBucket => {
    const opened = new GuestStores(stores, { ask, patienceMs: 100 }).open("a");
    assert.ok(opened.tag === "ok");
    return opened.val;
  };
  let asked = 0;
  const absent = made(async () => {
    asked++;
    throw new NoDaemon();
  });
  assert.match(await fault(absent.get("k")), /no daemon is there: try again/);
  assert.equal(asked, 2);
  asked = 0;
  const dying = made(async () => {
    asked++;
    throw new Error("link.closed");
  });
  assert.match(await fault(dying.increment("k", 1n)), /may have been done/);
  assert.equal(asked, 1);
});
