import assert from "node:assert/strict";
import { test } from "node:test";
import { fault, testKeyValueStore } from "./key-value-store.suite.ts";
import { MemoryKeyValueStore } from "./memory-key-value-store.ts";

testKeyValueStore("MemoryKeyValueStore", (_t, limits) => {
  const opened = new MemoryKeyValueStore(undefined, limits).open("");
  assert.ok(opened.tag === "ok");
  return opened.val;
});

test("the empty name and default are the same bucket, and there are no others", async () => {
  const store = new MemoryKeyValueStore();
  const [one, other] = ["", "default"].map((name) => store.open(name));
  assert.ok(one?.tag === "ok" && one.val === (other?.tag === "ok" && other.val));
  assert.equal(await fault(store.open("secret")), "no-such-store");
});
