import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import type { KeyValueBucket, KeyValueOutcome } from "./key-value-store.ts";

export interface SuiteLimits {
  readonly bytesMax?: number;
  readonly keyBytesMax?: number;
  readonly valueBytesMax?: number;
  readonly pageKeysMax?: number;
}

/** A new empty bucket with these limits. */
export type MakeBucket = (t: TestContext, limits?: SuiteLimits) => KeyValueBucket;

export async function given(answer: unknown): Promise<unknown> {
  const { tag, val } = (await answer) as KeyValueOutcome<unknown>;
  assert.equal(tag, "ok", inspect(val));
  return val instanceof Uint8Array ? Buffer.from(val).toString() : val;
}

export async function fault(answer: unknown): Promise<string> {
  const { tag, val } = (await answer) as { tag: string; val: { tag: string; val: string } };
  assert.equal(tag, "err");
  return val.tag === "other" ? val.val : val.tag;
}

/** What every implementation of a store does. */
export function testKeyValueStore(name: string, make: MakeBucket): void {
  test(`${name}: values are kept by key, as they were when they were given`, async (t) => {
    const one = make(t);
    const bytes = Buffer.from("text");
    const setting = one.set("key", bytes);
    bytes.fill(0);
    await given(setting);
    assert.equal(await given(one.get("key")), "text");
    assert.equal(await given(one.get("other")), undefined);
    assert.deepEqual([await given(one.exists("key")), await given(one.exists("__proto__"))], [true, false]);
    for (const key of ["", "\0", "a\0b", "ä€😀", "\n"]) {
      await given(one.set(key, Buffer.from(key)));
      assert.equal(await given(one.get(key)), key);
    }
    assert.deepEqual(await given(one.listKeys(undefined)), {
      keys: ["key", "", "\0", "a\0b", "ä€😀", "\n"],
      cursor: undefined,
    });
    await given(one.set("key", Buffer.from("")));
    assert.equal(await given(one.get("key")), "");
    await given(one.delete("key"));
    await given(one.delete("key"));
    assert.equal(await given(one.exists("key")), false);
  });

  test(`${name}: keys are listed in pages, of which deletions meanwhile lose none`, async (t) => {
    const one = make(t, { pageKeysMax: 2 });
    for (const key of ["a", "b", "c", "d", "e"]) await given(one.set(key, Buffer.from("x")));
    const pages: string[][] = [];
    let cursor: bigint | undefined;
    do {
      const page = (await given(one.listKeys(cursor))) as { keys: string[]; cursor: bigint | undefined };
      pages.push(page.keys);
      ({ cursor } = page);
      await given(one.delete(page.keys[1] ?? "none"));
      await given(one.set("d", Buffer.from("changed")));
    } while (cursor !== undefined);
    assert.deepEqual(pages, [
      ["a", "b"],
      ["c", "d"],
      ["e", "d"],
    ]);
    assert.deepEqual(await given(one.listKeys(2n ** 64n - 1n)), { keys: [], cursor: undefined });
  });

  test(`${name}: numbers are added to, and kept as text`, async (t) => {
    const one = make(t);
    assert.equal(await given(one.increment("n", 5n)), 5n);
    assert.equal(await given(one.increment("n", 2n)), 7n);
    assert.equal(await given(one.get("n")), "7");
    assert.match(await fault(one.increment("n", 2n ** 64n - 1n)), /would be over/);
    assert.equal(await given(one.get("n")), "7");
    const sums = await Promise.all([...Array(20)].map(async () => given(one.increment("many", 1n))));
    assert.deepEqual(new Set(sums).size, 20);
    for (const text of ["", "-1", "x", "99999999999999999999", "9".repeat(1000)]) {
      await given(one.set("n", Buffer.from(text)));
      assert.match(await fault(one.increment("n", 1n)), /is no number/);
    }
  });

  test(`${name}: a bucket is full at its limit, and what does not fit changes nothing`, async (t) => {
    const one = make(t, { bytesMax: 1000, keyBytesMax: 4, valueBytesMax: 600 });
    assert.match(await fault(one.set("keyää", Buffer.from("x"))), /longer than 4 bytes/);
    assert.match(await fault(one.set("k", Buffer.alloc(601))), /601 bytes/);
    await given(one.set("a", Buffer.alloc(600)));
    const entries = [
      ["b", Buffer.from("1")],
      ["c", Buffer.alloc(300)],
    ] as const;
    assert.match(await fault(one.setMany(entries)), /full/);
    assert.equal(await given(one.exists("b")), false);
    await given(one.set("a", Buffer.alloc(10)));
    await given(one.setMany(entries));
    await given(one.deleteMany(["a", "b", "none"]));
    const [none, found] = (await given(one.getMany(["a", "c"]))) as (Uint8Array | undefined)[];
    assert.deepEqual([none, found && [...found]], [undefined, Array(300).fill(0)]);
    // The same key twice: the last counts, once.
    await given(
      one.setMany([
        ["c", Buffer.alloc(500)],
        ["c", Buffer.alloc(600)],
      ]),
    );
    await given(one.delete("c"));
    await given(one.set("d", Buffer.alloc(600)));
  });
}
