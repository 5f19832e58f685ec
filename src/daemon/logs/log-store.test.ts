import assert from "node:assert/strict";
import { appendFileSync, existsSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { LogLine } from "../../control/service.ts";
import { noSmallDisk, withSmallDisk } from "../../store/small-disk.suite.ts";
import { LogStore, type LogStoreOptions } from "./log-store.ts";

let clock = Date.UTC(2026, 0, 1);

/** Lines a second apart. */
function lines(...texts: string[]): LogLine[] {
  return texts.map((text) => {
    clock += 1000;
    return { at: new Date(clock).toISOString(), stream: "stdout", revision: 1, text };
  });
}

function numbered(from: number, to: number, width = 0): LogLine[] {
  return lines(...Array.from({ length: to - from }, (_, index) => String(from + index).padStart(width, "0")));
}

const textsOf = (read: readonly LogLine[]): string[] => read.map(({ text }) => text);

const noDisk = await noSmallDisk();

describe("LogStore", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-logs-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const newStore = (options: LogStoreOptions = {}): { store: LogStore; path: string } => {
    const path = mkdtempSync(join(folder, "store-"));
    return { store: new LogStore(path, options), path };
  };
  const all = async (store: LogStore, more: { tail?: number; since?: number } = {}): Promise<string[]> => {
    const { signal } = new AbortController();
    return textsOf((await Array.fromAsync(store.read("default", "shop", { follow: false, signal, ...more }))).flat());
  };

  it("gives back what was added, to a later daemon too", async () => {
    const { store, path } = newStore();
    assert.deepEqual(await all(store), []);
    store.append("default", "shop", lines("one", "zwei\nü\u0000", ""));
    store.append("default", "other", lines("elsewhere"));
    assert.deepEqual(await all(store), ["one", "zwei\nü\u0000", ""]);
    await store.close();
    const next = new LogStore(path);
    next.append("default", "shop", lines("four"));
    assert.deepEqual(await all(next), ["one", "zwei\nü\u0000", "", "four"]);
    await next.close();
    assert.equal(statSync(join(path, "default/shop/00000001.ndjson")).mode & 0o777, 0o600);
  });

  it("rotates and keeps the newest files", async () => {
    const { store, path } = newStore({ fileBytesMax: 1000, filesMax: 3 });
    for (let round = 0; round < 20; round++) {
      store.append("default", "shop", numbered(round * 10, round * 10 + 10));
      await store.tail("default", "shop", 0);
    }
    const names = globSync("default/shop/*", { cwd: path });
    assert.equal(names.length, 3);
    const texts = await all(store);
    assert.equal(texts.at(-1), "199");
    assert.deepEqual(texts, textsOf(numbered(200 - texts.length, 200)));
    await store.close();
    assert.deepEqual(await all(new LogStore(path, { fileBytesMax: 1000, filesMax: 3 })), texts);
  });

  it("finds any tail, over files and blocks", async () => {
    const { store } = newStore({ fileBytesMax: 150_000, filesMax: 10 });
    // 400 lines of 1 KB: more than one block in a file, and more than one file.
    for (let from = 0; from < 400; from += 50) {
      store.append("default", "shop", numbered(from, from + 50, 1000));
      await store.tail("default", "shop", 0);
    }
    const expected = textsOf(numbered(0, 400, 1000));
    for (const count of [0, 1, 2, 49, 50, 63, 64, 65, 66, 128, 150, 151, 200, 399, 400, 401, 100_000]) {
      assert.deepEqual(await all(store, { tail: count }), count === 0 ? [] : expected.slice(-count), `tail ${count}`);
    }
    await store.close();
  });

  it("reads lines that are longer than a block, and cuts what is too long", async () => {
    const { store } = newStore();
    const long = "\u0001".repeat(60_000);
    store.append("default", "shop", lines("before", long, "x".repeat(70_000), "after"));
    assert.deepEqual(await all(store), ["before", long, `${"x".repeat(65_536)}…`, "after"]);
    assert.deepEqual(await all(store, { tail: 3 }), [long, `${"x".repeat(65_536)}…`, "after"]);
    await store.close();
  });

  it("finds the lines since a time", async () => {
    const { store } = newStore({ fileBytesMax: 500, filesMax: 100 });
    const written = numbered(0, 60);
    for (let from = 0; from < 60; from += 5) {
      store.append("default", "shop", written.slice(from, from + 5));
      await store.tail("default", "shop", 0);
    }
    for (const from of [0, 1, 4, 5, 6, 30, 59]) {
      const since = Date.parse(written[from]?.at ?? "");
      assert.deepEqual(await all(store, { since }), textsOf(written.slice(from)), `since line ${from}`);
    }
    assert.deepEqual(await all(store, { since: clock + 1 }), []);
    assert.deepEqual(await all(store, { since: Date.parse(written[50]?.at ?? ""), tail: 3 }), ["57", "58", "59"]);
    await store.close();
  });

  it("follows without gaps or repetitions while files rotate", async () => {
    const { store } = newStore({ fileBytesMax: 2000, filesMax: 50, flushMs: 1 });
    store.append("default", "shop", numbered(0, 10));
    const abort = new AbortController();
    const followers = [0, 5].map(async (tail) => {
      const seen: string[] = [];
      for await (const group of store.read("default", "shop", { follow: true, tail, signal: abort.signal })) {
        seen.push(...textsOf(group));
        if (seen.at(-1) === "999") return seen;
      }
      return seen;
    });
    // The followers must have begun before there is more.
    await all(store);
    for (let from = 10; from < 1000; from += 10) {
      store.append("default", "shop", numbered(from, from + 10));
      if (from % 70 === 0) await all(store, { tail: 1 });
    }
    const [fromEnd, fromTail] = await Promise.all(followers);
    assert.deepEqual(fromEnd, textsOf(numbered(10, 1000)));
    assert.deepEqual(fromTail, textsOf(numbered(5, 1000)));
    abort.abort();
    await store.close();
  });

  it("gives a slow reader the rest of a file that was rotated meanwhile", async () => {
    const { store } = newStore({ fileBytesMax: 200_000 });
    store.append("default", "shop", numbered(0, 100, 1000));
    const { signal } = new AbortController();
    const reader = store.read("default", "shop", { follow: true, signal });
    const first = await reader.next();
    const seen = textsOf(first.value ?? []);
    assert.ok(seen.length < 100);
    for (let from = 100; from < 400; from += 100) {
      store.append("default", "shop", numbered(from, from + 100, 1000));
      await store.tail("default", "shop", 0);
    }
    while (seen.length < 400) seen.push(...textsOf((await reader.next()).value ?? []));
    assert.deepEqual(seen, textsOf(numbered(0, 400, 1000)));
    await reader.return();
    await store.close();
  });

  it("tells a reader what was dropped before it could read it", async () => {
    const { store } = newStore({ fileBytesMax: 1000, filesMax: 2 });
    store.append("default", "shop", lines("first"));
    const { signal } = new AbortController();
    const reader = store.read("default", "shop", { follow: true, signal });
    const first = await reader.next();
    assert.deepEqual(
      first.value?.map(({ text }) => text),
      ["first"],
    );
    for (let round = 0; round < 10; round++) {
      store.append("default", "shop", numbered(round * 10, round * 10 + 10));
      await store.tail("default", "shop", 0);
    }
    const second = await reader.next();
    assert.deepEqual(
      second.value?.map(({ stream }) => stream),
      ["warren"],
    );
    const third = await reader.next();
    assert.ok(Number(third.value?.[0]?.text) > 0);
    await reader.return();
    await store.close();
  });

  it("ends followers by the signal, and when the service is deleted with its log", async () => {
    const { store, path } = newStore();
    store.append("default", "shop", lines("one"));
    const abort = new AbortController();
    const stopped = Array.fromAsync(store.read("default", "shop", { follow: true, signal: abort.signal }));
    const deleted = Array.fromAsync(
      store.read("default", "shop", { follow: true, signal: new AbortController().signal }),
    );
    await all(store);
    abort.abort();
    assert.deepEqual(textsOf((await stopped).flat()), ["one"]);
    store.append("default", "shop", lines("never written"));
    const removed = store.remove("default", "shop");
    store.append("default", "shop", lines("a new life"));
    await removed;
    await deleted;
    assert.deepEqual(await all(store), ["a new life"]);
    await store.remove("default", "shop");
    assert.equal(existsSync(join(path, "default/shop")), false);
    await store.close();
  });

  it("goes on after a line that a killed daemon left half written", async () => {
    const { store, path } = newStore();
    store.append("default", "shop", lines("one"));
    await store.close();
    appendFileSync(join(path, "default/shop/00000001.ndjson"), '{"at":"2026-01-');
    const next = new LogStore(path);
    next.append("default", "shop", lines("two"));
    assert.deepEqual(await all(next), ["one", "two"]);
    await next.close();
  });

  it("drops and counts what comes faster than the disk takes it", async () => {
    const { store } = newStore({ bufferBytesMax: 1000 });
    store.append("default", "shop", numbered(0, 100));
    const texts = await all(store);
    assert.ok(texts.length < 20);
    const [notice, ...kept] = texts;
    assert.equal(notice, `${100 - kept.length} lines are missing here: they came faster than the disk takes them`);
    store.append("default", "shop", lines("after"));
    assert.deepEqual(await all(store), [...texts, "after"]);
    await store.close();
  });

  it("bounds what waits of all services together", async () => {
    const { store } = newStore({ bufferBytesTotalMax: 1000 });
    for (let index = 0; index < 50; index++) store.append("default", `s${index}`, lines("x".repeat(100)));
    assert.deepEqual(textsOf(await store.tail("default", "s0", 9)), ["x".repeat(100)]);
    assert.match(textsOf(await store.tail("default", "s49", 9))[0] ?? "", /^1 lines are missing here/);
    await store.close();
  });

  it("refuses names that are no labels: they become paths", () => {
    const { store } = newStore();
    for (const name of ["", "..", "a/b", "A", "a\0"])
      assert.throws(() => store.append("default", name, []), /DNS labels/);
  });

  it("survives a full disk and says so once there is room", { skip: noDisk }, async () => {
    await withSmallDisk("256k", async (path) => {
      const store = new LogStore(path, { fileBytesMax: 100 });
      store.append("default", "shop", lines("before"));
      await all(store);
      const abort = new AbortController();
      const following = Array.fromAsync(store.read("default", "shop", { follow: true, tail: 0, signal: abort.signal }));
      const ballast = join(path, "ballast");
      assert.throws(() => writeFileSync(ballast, Buffer.alloc(1_000_000)), { code: "ENOSPC" });
      store.append("default", "shop", numbered(0, 200, 100));
      assert.equal((await all(store))[0], "before");
      rmSync(ballast);
      store.append("default", "shop", lines("after"));
      const notice = "200 lines are missing here: the disk was full";
      assert.deepEqual(await all(store), ["before", notice, "after"]);
      abort.abort();
      assert.deepEqual(textsOf((await following).flat()), [notice, "after"]);
      await store.close();
    });
  });
});
