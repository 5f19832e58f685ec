import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyValueBucket, KeyValueOutcome } from "./key-value-store.ts";
import { type KeyValueLimits, MemoryKeyValueStore } from "./memory-key-value-store.ts";

function bucket(limits: Partial<KeyValueLimits> = {}): KeyValueBucket {
  const opened = new MemoryKeyValueStore(undefined, limits).open("");
  assert.ok(opened.tag === "ok");
  return opened.val;
}

function value(outcome: unknown): unknown {
  const { tag, val } = outcome as KeyValueOutcome<unknown>;
  assert.equal(tag, "ok");
  return val instanceof Uint8Array ? Buffer.from(val).toString() : val;
}

function fault(outcome: unknown): string {
  const { tag, val } = outcome as { tag: string; val: { tag: string; val: string } };
  assert.equal(tag, "err");
  return val.tag === "other" ? val.val : val.tag;
}

test("values are kept by key, as they were when they were given", () => {
  const one = bucket();
  const bytes = Buffer.from("text");
  value(one.set("key", bytes));
  bytes.fill(0);
  assert.equal(value(one.get("key")), "text");
  assert.equal(value(one.get("other")), undefined);
  assert.deepEqual([value(one.exists("key")), value(one.exists("__proto__"))], [true, false]);
  value(one.set("key", Buffer.from("")));
  assert.equal(value(one.get("key")), "");
  value(one.delete("key"));
  value(one.delete("key"));
  assert.equal(value(one.exists("key")), false);
});

test("the empty name and default are the same bucket, and there are no others", () => {
  const store = new MemoryKeyValueStore();
  const [one, other] = ["", "default"].map((name) => store.open(name));
  assert.ok(one?.tag === "ok" && one.val === (other?.tag === "ok" && other.val));
  assert.equal(fault(store.open("secret")), "no-such-store");
});

test("keys are listed in pages", () => {
  const one = bucket({ pageKeysMax: 2 });
  for (const key of ["a", "b", "c", "d", "e"]) value(one.set(key, Buffer.from("x")));
  const pages: string[][] = [];
  let cursor: bigint | undefined;
  do {
    const page = value(one.listKeys(cursor)) as { keys: string[]; cursor: bigint | undefined };
    pages.push(page.keys);
    ({ cursor } = page);
  } while (cursor !== undefined);
  assert.deepEqual(pages, [["a", "b"], ["c", "d"], ["e"]]);
  assert.deepEqual(value(one.listKeys(2n ** 64n - 1n)), { keys: [], cursor: undefined });
});

test("numbers are added to, and kept as text", () => {
  const one = bucket();
  assert.equal(value(one.increment("n", 5n)), 5n);
  assert.equal(value(one.increment("n", 2n)), 7n);
  assert.equal(value(one.get("n")), "7");
  assert.match(fault(one.increment("n", 2n ** 64n - 1n)), /would be over/);
  assert.equal(value(one.get("n")), "7");
  for (const text of ["", "-1", "x", "99999999999999999999", "9".repeat(1000)]) {
    value(one.set("n", Buffer.from(text)));
    assert.match(fault(one.increment("n", 1n)), /is no number/);
  }
});

test("a bucket is full at its limit, and what does not fit changes nothing", () => {
  const one = bucket({ bytesMax: 1000, keyBytesMax: 4, valueBytesMax: 600 });
  assert.match(fault(one.set("keyää", Buffer.from("x"))), /longer than 4 bytes/);
  assert.match(fault(one.set("k", Buffer.alloc(601))), /601 bytes/);
  value(one.set("a", Buffer.alloc(600)));
  const entries = [
    ["b", Buffer.from("1")],
    ["c", Buffer.alloc(300)],
  ] as const;
  assert.match(fault(one.setMany(entries)), /full/);
  assert.equal(value(one.exists("b")), false);
  value(one.set("a", Buffer.alloc(10)));
  value(one.setMany(entries));
  value(one.deleteMany(["a", "b", "none"]));
  assert.deepEqual(value(one.getMany(["a", "c"]) as never), [undefined, new Uint8Array(300)]);
  // The same key twice: the last counts, once.
  value(
    one.setMany([
      ["c", Buffer.alloc(500)],
      ["c", Buffer.alloc(600)],
    ]),
  );
  value(one.delete("c"));
  value(one.set("d", Buffer.alloc(600)));
});
