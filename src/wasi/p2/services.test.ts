import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyValueBucket, KeyValueStore } from "../keyvalue/key-value-store.ts";
import { MemoryKeyValueStore } from "../keyvalue/memory-key-value-store.ts";
import type { LogEntry } from "./host.ts";
import { testHost, text } from "./testdata/test-host.ts";

test("wasi:config gives the variables that were granted", () => {
  const host = testHost();
  assert.deepEqual(host.call("config/store", "get", "C"), { tag: "ok", val: "a=b" });
  assert.deepEqual(host.call("config/store", "get", "none"), { tag: "ok", val: undefined });
  assert.deepEqual(host.call("config/store", "get-all").val, [
    ["A", "1"],
    ["B", ""],
    ["C", "a=b"],
  ]);
});

test("wasi:logging goes to the log of the service, or else to standard error", () => {
  const entries: LogEntry[] = [];
  const host = testHost({ log: (entry) => entries.push(entry) });
  host.call("logging/logging", "log", "warn", "c".repeat(1000), "m".repeat(1_000_000));
  assert.deepEqual(
    entries.map(({ level, context, message }) => [level, context.length, message.length]),
    [["warn", 256, 65_536]],
  );
  const plain = testHost();
  plain.call("logging/logging", "log", "info", "", "hello");
  plain.call("logging/logging", "log", "critical", "db", "gone");
  assert.equal(text(plain.written), "info: hello\ncritical db: gone\n");
});

test("wasi:keyvalue keeps values", () => {
  const host = testHost({ keyValue: new MemoryKeyValueStore() });
  const bucket = host.call("keyvalue/store", "open", "default").val;
  const call = (name: string, ...args: unknown[]) =>
    host.call("keyvalue/store", `[method]bucket.${name}`, bucket, ...args);
  assert.deepEqual(call("set", "a", Buffer.from("1")), { tag: "ok", val: undefined });
  assert.equal(host.call("keyvalue/atomics", "increment", bucket, "a", 4n).val, 5n);
  const entries = [["b", Buffer.from("2")]];
  assert.deepEqual(host.call("keyvalue/batch", "set-many", bucket, entries), { tag: "ok", val: undefined });
  const many = host.call("keyvalue/batch", "get-many", bucket, ["a", "none", "b"]).val;
  assert.deepEqual(
    many.map((one: [string, Uint8Array] | undefined) => one && [one[0], text(one[1])]),
    [["a", "5"], undefined, ["b", "2"]],
  );
  assert.deepEqual(call("list-keys", undefined).val, { keys: ["a", "b"], cursor: undefined });
  host.call("keyvalue/batch", "delete-many", bucket, ["a"]);
  assert.equal(call("exists", "a").val, false);
  assert.deepEqual(call("delete", "b").tag, "ok");
  assert.equal(call("get", "b").val, undefined);
  host.call("keyvalue/store", "[resource-drop]bucket", bucket);
  assert.equal(host.resources.held, 0);
  assert.equal(host.call("keyvalue/store", "open", "other").val.tag, "no-such-store");
  assert.equal(testHost().call("keyvalue/store", "open", "").val.tag, "access-denied");
});

test("a guest waits for a store that answers later", async () => {
  const memory = new MemoryKeyValueStore().open("");
  assert.ok(memory.tag === "ok");
  const later: KeyValueBucket = { ...memory.val, get: async () => ({ tag: "ok", val: Buffer.from("late") }) };
  const store: KeyValueStore = { open: async () => ({ tag: "ok", val: later }) };
  const host = testHost({ keyValue: store });
  const opening = host.call("keyvalue/store", "open", "");
  assert.ok(host.thread.parked);
  const bucket = (await opening).val;
  assert.equal(text((await host.call("keyvalue/store", "[method]bucket.get", bucket, "k")).val), "late");
});
