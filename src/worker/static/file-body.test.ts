import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { openMounts } from "../../wasi/files/mount.ts";
import { makeTree } from "../../wasi/files/scratch-tree.suite.ts";
import { fileBody } from "./file-body.ts";
import { openStatic } from "./found-file.ts";
import { PiecePool } from "./piece-pool.ts";
import { nextChunk, readAll } from "./site.suite.ts";

function openFile(source: string, name: string) {
  const [root] = openMounts([{ source, target: "/", mode: "ro" }]);
  if (root === undefined) throw new Error("there is one mount");
  const found = openStatic(root, name);
  root.close();
  if (typeof found !== "object") throw new Error(`${name} cannot be opened`);
  return found.file;
}

/** How many descriptors of this process lead to the path. */
function descriptorsOf(path: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;
}

test("fileBody() reads no more than two pieces ahead of a client that does not read", async () => {
  using tree = makeTree({ big: "x".repeat(10_000_000) });
  const body = fileBody(openFile(tree.root, "big"), [{ from: 0, to: 10_000_000 }], new PiecePool());
  assert.ok(body.bytes <= 64 * 1024, `${body.bytes}`);
  await nextChunk(body);
  assert.ok(body.bytes <= 64 * 1024, `${body.bytes}`);
  body.cancel();
  while (descriptorsOf(tree.path("big")) > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("fileBody() has a small file whole, and closed, before anybody reads it", async () => {
  using tree = makeTree({ small: "hello" });
  const file = openFile(tree.root, "small");
  const slow = file.later?.slow;
  const body = fileBody(file, [{ from: 0, to: 5 }], new PiecePool());
  // A disk that was slow lately is another thread's.
  if (!slow) assert.deepEqual([body.closed, body.bytes], [true, 5]);
  assert.equal(String(await readAll(body)), "hello");
  assert.equal(descriptorsOf(tree.path("small")), 0);
});

test("fileBody() leaves a disk that has been slow to another thread", async () => {
  using tree = makeTree({ big: "0123456789".repeat(30_000) });
  const file = openFile(tree.root, "big");
  file.later?.took(1000, 0);
  assert.equal(file.later?.slow, true);
  const body = fileBody(file, [Buffer.from("head"), { from: 5, to: 300_000 }, Buffer.from("tail")], new PiecePool());
  const text = String(await readAll(body));
  assert.ok(text === `head${"0123456789".repeat(30_000).slice(5)}tail`, `${text.length} characters`);
  assert.equal(descriptorsOf(tree.path("big")), 0);
  // One that is given up while the other thread is at work is closed when that comes back.
  const given = openFile(tree.root, "big");
  given.later?.took(1000, 0);
  const cancelled = fileBody(given, [{ from: 0, to: 300_000 }], new PiecePool());
  cancelled.cancel();
  while (descriptorsOf(tree.path("big")) > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cancelled.bytes, 0);
});
