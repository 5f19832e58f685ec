import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { openMount } from "../files/mount.ts";
import { makeTree, type ScratchTree } from "../files/scratch-tree.suite.ts";
import { makeGuest, type Preview1Guest } from "./preview1-guest.suite.ts";

const FOLLOW = 1;
const [CREAT, DIRECTORY, EXCL, TRUNC] = [1, 2, 4, 8];
const [READ, WRITE] = [2n, 64n];

function guestOf(scratch: ScratchTree, mode: "ro" | "rw" = "rw", descriptorsMax?: number): Preview1Guest {
  return makeGuest([openMount({ source: scratch.root, target: "/", mode })], descriptorsMax);
}

/** path_open beneath descriptor 0; the new number, or the negated errno. */
function open(guest: Preview1Guest, path: string, oflags = 0, rights = READ): number {
  const result = guest.call("path_open", 0, FOLLOW, ...guest.text(100, path), oflags, rights, 0n, 0, 8);
  return result === 0 ? guest.memory.getU32(8) : -result;
}

test("path functions do what their names say", () => {
  using scratch = makeTree({ file: "text" });
  using guest = guestOf(scratch);
  const path = (text: string) => guest.text(100, text);
  const other = (text: string) => guest.text(300, text);
  const steps: readonly [what: string, act: () => number, holds: () => boolean][] = [
    [
      "mkdir",
      () => guest.call("path_create_directory", 0, ...path("dir")),
      () => statSync(scratch.path("dir")).isDirectory(),
    ],
    ["symlink", () => guest.call("path_symlink", ...path("../file"), 0, ...other("dir/link")), () => true],
    ["link", () => guest.call("path_link", 0, 0, ...path("file"), 0, ...other("dir/hard")), () => true],
    ["rename", () => guest.call("path_rename", 0, ...path("dir/hard"), 0, ...other("renamed")), () => true],
    [
      "set times",
      () => guest.call("path_filestat_set_times", 0, FOLLOW, ...path("dir/link"), 0n, 9_000_000_000n, 4),
      () => statSync(scratch.path("renamed")).mtimeMs === 9000,
    ],
    ["unlink", () => guest.call("path_unlink_file", 0, ...path("renamed")), () => !existsSync(scratch.path("renamed"))],
  ];
  for (const [what, act, holds] of steps) {
    assert.equal(act(), 0, what);
    assert.ok(holds(), what);
  }
  assert.equal(readlinkSync(scratch.path("dir/link")), "../file");
  assert.equal(guest.call("path_readlink", 0, ...path("dir/link"), 500, 100, 8), 0);
  assert.equal(guest.memory.getU32(8), 7);
  assert.equal(new TextDecoder().decode(guest.memory.bytes(500, 7)), "../file");
  assert.equal(guest.call("path_unlink_file", 0, ...path("dir/link")), 0);
  assert.equal(guest.call("path_remove_directory", 0, ...path("dir")), 0);
  assert.equal(existsSync(scratch.path("dir")), false);
});

test("path_filestat_get stores a filestat", () => {
  using scratch = makeTree({ file: "text", link: { link: "file" } });
  using guest = guestOf(scratch);
  for (const [lookup, name, type] of [
    [FOLLOW, "file", 4],
    [0, "link", 7],
  ] as const) {
    assert.equal(guest.call("path_filestat_get", 0, lookup, ...guest.text(100, lookup ? "link" : name), 512), 0);
    const host = lstatSync(scratch.path(name), { bigint: true });
    const stored = Array.from({ length: 8 }, (_, field) => guest.memory.getU64(512 + 8 * field));
    assert.deepEqual(stored.slice(1), [
      host.ino,
      BigInt(type),
      host.nlink,
      host.size,
      host.atimeNs,
      host.mtimeNs,
      host.ctimeNs,
    ]);
  }
});

test("path_open honours its flags", () => {
  using scratch = makeTree({ file: "text", dir: null });
  using guest = guestOf(scratch);
  assert.equal(open(guest, "file"), 1);
  assert.equal(open(guest, "file", CREAT | EXCL), -errno.EXIST);
  assert.equal(open(guest, "file", DIRECTORY), -errno.NOTDIR);
  assert.equal(open(guest, "dir", DIRECTORY), 2);
  assert.equal(open(guest, "new", CREAT, READ | WRITE), 3);
  assert.equal(open(guest, "file", TRUNC, WRITE), 4);
  assert.equal(readFileSync(scratch.path("file"), "utf8"), "");
  // Bits that have no meaning are ignored: Go sets some of them.
  assert.equal(open(guest, "file", 0, -1n), 5);
});

test("a path's bytes are checked before anything else is done with it", () => {
  using scratch = makeTree({ file: "text" });
  using guest = guestOf(scratch);
  const cases: readonly [bytes: readonly number[], expected: number][] = [
    [[0x66, 0x69, 0x6c, 0x65, 0], errno.INVAL],
    [[0], errno.INVAL],
    [[0x66, 0xff], errno.ILSEQ],
    [[0xc0, 0xae, 0xc0, 0xae, 0x2f], errno.ILSEQ],
    [[0xed, 0xa0, 0x80], errno.ILSEQ],
    [[], errno.NOENT],
    [[0x2f], errno.PERM],
    [[0x2e, 0x2e], errno.PERM],
  ];
  for (const [bytes, expected] of cases) {
    const path = guest.text(100, Uint8Array.from(bytes));
    const results = {
      path_open: guest.call("path_open", 0, 0, ...path, CREAT, READ, 0n, 0, 8),
      path_create_directory: guest.call("path_create_directory", 0, ...path),
      path_filestat_get: guest.call("path_filestat_get", 0, 1, ...path, 512),
      path_unlink_file: guest.call("path_unlink_file", 0, ...path),
      path_readlink: guest.call("path_readlink", 0, ...path, 512, 10, 8),
      path_rename: guest.call("path_rename", 0, ...path, 0, ...path),
      path_symlink: guest.call("path_symlink", ...path, 0, ...path),
    };
    for (const [name, result] of Object.entries(results)) assert.equal(result, expected, `${name} ${bytes}`);
  }
  assert.equal(guest.call("path_open", 0, 0, 100, 5000, 0, READ, 0n, 0, 8), errno.NAMETOOLONG);
});

test("an error leaves nothing behind: no file when the table is full or the pointer bad", () => {
  using scratch = makeTree({});
  using guest = guestOf(scratch, "rw", 2);
  const path = guest.text(100, "new");
  assert.equal(guest.call("path_open", 0, 0, ...path, CREAT, READ, 0n, 0, 131070), errno.FAULT);
  assert.equal(existsSync(scratch.path("new")), false);
  assert.equal(open(guest, ".", DIRECTORY), 1);
  assert.equal(open(guest, "new", CREAT), -errno.MFILE);
  assert.equal(existsSync(scratch.path("new")), false);
});

test("numbers that are given out again mean the new descriptor", () => {
  using scratch = makeTree({ "a/file": "a", "b/file": "b" });
  using guest = guestOf(scratch);
  const [a, b] = [open(guest, "a", DIRECTORY), open(guest, "b", DIRECTORY)];
  const read = (fd: number) => {
    const result = guest.call("path_open", fd, 0, ...guest.text(100, "file"), 0, READ, 0n, 0, 8);
    if (result !== 0) return result;
    const buffer = new Uint8Array(1);
    guest.table.get(guest.memory.getU32(8))?.read([buffer]);
    guest.table.close(guest.memory.getU32(8));
    return String.fromCharCode(buffer[0] as number);
  };
  assert.deepEqual([read(a), read(b)], ["a", "b"]);
  assert.equal(guest.table.renumber(b, a), 0);
  assert.deepEqual([read(a), read(b)], ["b", errno.BADF]);
  assert.equal(open(guest, "a/file"), b);
  assert.equal(read(b), errno.NOTDIR);
  guest.table.close(a);
  assert.equal(read(a), errno.BADF);
  // The preopen itself replaced: what is beneath it is out of reach.
  assert.equal(open(guest, "a", DIRECTORY), a);
  assert.equal(guest.table.renumber(a, 0), 0);
  assert.equal(guest.call("path_filestat_get", 0, 0, ...guest.text(100, "file"), 512), 0);
  assert.equal(guest.call("path_filestat_get", 0, 0, ...guest.text(100, "b"), 512), errno.NOENT);
  assert.equal(guest.call("path_filestat_get", 0, 0, ...guest.text(100, "../b"), 512), errno.PERM);
});

test("a read-only mount and a second one are kept apart", () => {
  using scratch = makeTree({ file: "text" });
  using guest = makeGuest([
    openMount({ source: scratch.root, target: "/ro", mode: "ro" }),
    openMount({ source: scratch.root, target: "/rw", mode: "rw" }),
  ]);
  const [from, to] = [guest.text(100, "file"), guest.text(300, "new")];
  assert.equal(guest.call("path_link", 0, 0, ...from, 1, ...to), errno.XDEV);
  assert.equal(guest.call("path_rename", 0, ...from, 1, ...to), errno.XDEV);
  assert.equal(open(guest, "file", TRUNC, READ), -errno.ROFS);
  assert.equal(open(guest, "file", 0, WRITE), -errno.ROFS);
  assert.equal(guest.call("path_filestat_set_times", 0, 0, ...from, 0n, 0n, 3), errno.INVAL);
  assert.equal(guest.call("path_filestat_set_times", 0, 0, ...from, 0n, 0n, 5), errno.ROFS);
});
