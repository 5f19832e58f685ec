import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DerivedStore } from "./derived-store.ts";

async function newStore(t: TestContext): Promise<{ store: DerivedStore; path: string }> {
  const path = mkdtempSync(join(tmpdir(), "warren-derived-"));
  t.after(() => rmSync(path, { recursive: true }));
  return { store: await DerivedStore.open(path), path };
}

async function keep(store: DerivedStore, key: string, text: string): Promise<void> {
  const write = await store.create();
  await write.handle.writeFile(text);
  store.keep(key, write);
}

async function read(store: DerivedStore, key: string): Promise<string | undefined> {
  const found = await store.find(key);
  if (found === undefined) return undefined;
  const text = await found.handle.readFile("utf8");
  assert.equal(found.bytes, text.length);
  await found.handle.close();
  return text;
}

test("DerivedStore finds a file at once, under its name, and after the next start", async (t) => {
  const { store, path } = await newStore(t);
  assert.equal(await read(store, "one.v1"), undefined);
  await keep(store, "one.v1", "first");
  assert.equal(await read(store, "one.v1"), "first");
  await store.close();
  assert.deepEqual(readdirSync(join(path, "tmp")), []);
  assert.equal(await read(store, "one.v1"), "first");
  assert.equal(await read(await DerivedStore.open(path), "one.v1"), "first");
});

test("DerivedStore keeps nothing of a write that was given up or cut off", async (t) => {
  const { store, path } = await newStore(t);
  await store.discard(await store.create());
  assert.deepEqual(readdirSync(join(path, "tmp")), []);
  const cut = await store.create();
  await cut.handle.writeFile("half");
  await cut.handle.close();
  const next = await DerivedStore.open(path);
  assert.deepEqual(readdirSync(join(path, "tmp")), []);
  assert.deepEqual(readdirSync(join(path, "files")), []);
  assert.equal(await read(next, "one.v1"), undefined);
});

test("DerivedStore.collect() removes what is neither wanted nor new", async (t) => {
  const { store, path } = await newStore(t);
  for (const key of ["wanted", "old", "new"]) await keep(store, key, key);
  await store.close();
  for (const key of ["wanted", "old"]) utimesSync(join(path, "files", key), 1000, 1000);
  assert.equal(await store.collect(new Set(["wanted"])), 1);
  assert.deepEqual(readdirSync(join(path, "files")).sort(), ["new", "wanted"]);
});
