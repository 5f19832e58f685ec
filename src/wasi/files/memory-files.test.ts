import assert from "node:assert/strict";
import { test } from "node:test";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { code, memoryGround, reading, writing } from "./file-ground.suite.ts";
import { MemoryFiles } from "./memory-files.ts";
import { openDirectorySuite } from "./open-directory.suite.ts";
import { OpenDirectory } from "./open-directory.ts";
import { openFileSuite } from "./open-file.suite.ts";
import { OpenFile } from "./open-file.ts";

openDirectorySuite(memoryGround);
openFileSuite(memoryGround);

const create = { ...writing, create: true };

function memory(bytesMax: number): { files: MemoryFiles; root: OpenDirectory } {
  const files = new MemoryFiles(bytesMax, () => 1n);
  const root = new OpenDirectory(files.root, { target: "/tmp", readOnly: false, files }, { preopen: "/tmp" });
  return { files, root };
}

function openFile(root: OpenDirectory, path: string, how = create): OpenFile {
  const file = root.open(path, how);
  assert.ok(file instanceof OpenFile);
  return file;
}

test("MemoryFiles writes what there is room for, then says ENOSPC, and has the room again when it is freed", () => {
  const { files, root } = memory(2 ** 20);
  const file = openFile(root, "file");
  const written = file.write([new Uint8Array(2 ** 21)]);
  assert.ok(written > 900_000 && written < 2 ** 20, String(written));
  assert.equal(file.write([new Uint8Array(70_000)]), -errno.NOSPC);
  assert.ok(files.heldBytes <= 2 ** 20);
  assert.equal(file.setSize(100n), 0);
  assert.ok(files.heldBytes < 80_000);
  assert.equal(file.writeAt([new Uint8Array(70_000)], 0), 70_000);
  assert.equal(file.allocate(0n, 2n ** 21n), -errno.NOSPC);
  assert.equal(file.setSize(0n), 0);
  file.close();
  assert.equal(root.unlink("file"), 0);
  assert.equal(files.heldBytes, 0);
});

test("MemoryFiles counts a file until its last name and its last descriptor are gone", () => {
  const { files, root } = memory(2 ** 20);
  const file = openFile(root, "file");
  file.write([new Uint8Array(300_000)]);
  assert.equal(root.link("file", false, root, "hard"), 0);
  assert.equal(root.unlink("file"), 0);
  assert.ok(files.heldBytes > 300_000);
  assert.equal(root.unlink("hard"), 0);
  assert.ok(files.heldBytes > 300_000);
  const buffer = new Uint8Array(10);
  assert.equal(file.readAt([buffer], 299_995), 5);
  file.close();
  assert.equal(files.heldBytes, 0);
});

test("MemoryFiles holds nothing for holes, and they read as zeros", () => {
  const { files, root } = memory(2 ** 20);
  const file = openFile(root, "file");
  assert.equal(file.setSize(2n ** 43n), 0);
  assert.equal(file.writeAt([Uint8Array.of(1)], 2 ** 42 + 5), 1);
  assert.ok(files.heldBytes < 70_000);
  const buffer = new Uint8Array(4).fill(9);
  assert.equal(file.readAt([buffer], 2 ** 42 + 3), 4);
  assert.deepEqual([...buffer], [0, 0, 1, 0]);
  assert.equal(file.setSize(2n ** 45n), -errno.FBIG);
  // What was cut off does not come back.
  file.setSize(0n);
  file.write([new Uint8Array(100).fill(7)]);
  file.setSize(50n);
  file.setSize(100n);
  assert.equal(file.readAt([buffer], 48), 4);
  assert.deepEqual([...buffer], [7, 7, 0, 0]);
  file.close();
});

test("MemoryFiles gives no more names than its limit has room for", () => {
  const { files, root } = memory(64 * 1024);
  let made = 0;
  while (code(root.makeDirectory(`directory-${made}`)) === 0) made++;
  assert.ok(made > 50 && made < 128, String(made));
  assert.equal(code(root.open("file", create)), errno.NOSPC);
  assert.equal(root.makeSymbolicLink("target", "link"), -errno.NOSPC);
  assert.equal(root.removeDirectory("directory-0"), 0);
  assert.equal(root.rename("directory-1", root, "n".repeat(255)), 0);
  for (let n = 2; n < made; n++) assert.equal(root.removeDirectory(`directory-${n}`), 0);
  assert.equal(root.removeDirectory("n".repeat(255)), 0);
  assert.equal(files.heldBytes, 0);
});

test("MemoryFiles keeps listings right while names come and go", () => {
  const { root } = memory(2 ** 22);
  for (let n = 0; n < 500; n++) assert.equal(root.makeDirectory(`stays-${n}`), 0);
  for (let n = 0; n < 500; n++) assert.equal(root.makeDirectory(`goes-${n}`), 0);
  const seen: string[] = [];
  let cookie = 0n;
  for (let round = 0; ; round++) {
    let taken = 0;
    root.readEntries(cookie, 1000, ({ name, next }) => {
      seen.push(new TextDecoder().decode(name));
      cookie = next;
      return ++taken < 7;
    });
    if (taken < 7) break;
    for (let n = 5 * round; n < Math.min(500, 5 * round + 5); n++) root.removeDirectory(`goes-${n}`);
  }
  const stays = seen.filter((name) => name.startsWith("stays"));
  assert.equal(stays.length, 500);
  assert.equal(new Set(stays).size, 500);
});

test("MemoryFiles renames as rename(2) does", () => {
  const { root } = memory(2 ** 20);
  for (const name of ["a", "a/b", "empty", "full", "full/x"]) assert.equal(root.makeDirectory(name), 0);
  openFile(root, "file").close();
  const cases: readonly [from: string, to: string, expected: number][] = [
    ["a", "a/b/c", errno.INVAL],
    ["a", "full", errno.NOTEMPTY],
    ["a", "file", errno.NOTDIR],
    ["file", "a", errno.ISDIR],
    ["file", "file", 0],
    ["missing", "x", errno.NOENT],
    ["a", "empty", 0],
    ["empty/b", "b", 0],
    ["file", "b/moved", 0],
  ];
  for (const [from, to, expected] of cases) assert.equal(code(root.rename(from, root, to)), expected, `${from} ${to}`);
  assert.equal(code(root.statusAt("b/moved", false)), 0);
  assert.equal(code(root.open("a", reading)), errno.NOENT);
});

test("MemoryFiles appends where the end is, also for a position that is given", () => {
  const { root } = memory(2 ** 20);
  const file = openFile(root, "file", { ...create, flags: fdflags.append });
  file.write([Uint8Array.of(1, 2)]);
  assert.equal(file.writeAt([Uint8Array.of(3)], 0), 1);
  const buffer = new Uint8Array(3);
  assert.equal(file.readAt([buffer], 0), 3);
  assert.deepEqual([...buffer], [1, 2, 3]);
  file.close();
});
