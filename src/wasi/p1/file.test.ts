import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { type Descriptor, filetype } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { openMount } from "../files/mount.ts";
import { makeTree, type ScratchTree } from "../files/scratch-tree.suite.ts";
import { makeGuest, type Preview1Guest } from "./preview1-guest.suite.ts";

/** A guest with the tree at descriptor 0 and `file` at 1, for reading and writing. */
function guestOf(scratch: ScratchTree): Preview1Guest {
  const guest = makeGuest([openMount({ source: scratch.root, target: "/", mode: "rw" })]);
  assert.equal(guest.call("path_open", 0, 0, ...guest.text(100, "file"), 0, -1n, 0n, 0, 8), 0);
  assert.equal(guest.memory.getU32(8), 1);
  return guest;
}

/** A descriptor that is neither file nor directory. */
const stream: Descriptor = {
  type: filetype.streamSocket,
  flags: 0,
  wake: undefined,
  read: () => 0,
  write: () => 0,
  poll: () => undefined,
  close: () => undefined,
};

function iovs(
  guest: Preview1Guest,
  at: number,
  ...list: readonly [pointer: number, length: number][]
): [number, number] {
  list.forEach(([pointer, length], index) => {
    guest.memory.setU32(at + 8 * index, pointer);
    guest.memory.setU32(at + 8 * index + 4, length);
  });
  return [at, list.length];
}

test("fd_pread and fd_pwrite leave the position, fd_seek and fd_tell give it", () => {
  using scratch = makeTree({ file: "0123456789" });
  using guest = guestOf(scratch);
  assert.equal(guest.call("fd_seek", 1, 3n, 0, 16), 0);
  assert.equal(guest.memory.getU64(16), 3n);
  const list = iovs(guest, 200, [1000, 2], [1100, 3]);
  assert.equal(guest.call("fd_pread", 1, ...list, 5n, 8), 0);
  assert.equal(guest.memory.getU32(8), 5);
  assert.equal(new TextDecoder().decode(guest.memory.bytes(1100, 3)), "789");
  assert.equal(guest.call("fd_pwrite", 1, ...list, 0n, 8), 0);
  assert.equal(guest.call("fd_tell", 1, 16), 0);
  assert.equal(guest.memory.getU64(16), 3n);
  assert.equal(readFileSync(scratch.path("file"), "utf8"), "5678956789");
  assert.equal(guest.call("fd_seek", 1, -4n, 0, 16), errno.INVAL);
  assert.equal(guest.call("fd_pread", 1, ...list, -1n, 8), errno.INVAL);
  assert.equal(guest.call("fd_seek", 1, -1n, 2, 16), 0);
  assert.equal(guest.memory.getU64(16), 9n);
});

test("fd functions on size, times and room reach the file", () => {
  using scratch = makeTree({ file: "0123456789" });
  using guest = guestOf(scratch);
  assert.equal(guest.call("fd_filestat_set_size", 1, 4n), 0);
  assert.equal(guest.call("fd_filestat_set_times", 1, 0n, 8_000_000_000n, 4), 0);
  assert.equal(guest.call("fd_filestat_set_times", 1, 0n, 0n, 12), errno.INVAL);
  assert.equal(guest.call("fd_filestat_get", 1, 512), 0);
  assert.equal(guest.memory.getU64(544), 4n);
  assert.equal(guest.memory.getU64(560), 8_000_000_000n);
  assert.equal(guest.call("fd_allocate", 1, 0n, 50n), 0);
  assert.equal(guest.call("fd_advise", 1, 0n, 0n, 3), 0);
  assert.equal(guest.call("fd_sync", 1), 0);
  assert.equal(guest.call("fd_datasync", 1), 0);
  assert.equal(readFileSync(scratch.path("file")).length, 50);
});

test("what is no file is refused by kind", () => {
  using scratch = makeTree({ file: "" });
  using guest = guestOf(scratch);
  const socket = guest.table.add(stream);
  const list = iovs(guest, 200, [1000, 2]);
  const cases: readonly [name: string, args: readonly (number | bigint)[], directory: number, stream: number][] = [
    ["fd_seek", [0n, 0, 16], errno.ISDIR, errno.SPIPE],
    ["fd_tell", [16], errno.ISDIR, errno.SPIPE],
    ["fd_pread", [...list, 0n, 8], errno.ISDIR, errno.SPIPE],
    ["fd_pwrite", [...list, 0n, 8], errno.ISDIR, errno.SPIPE],
    ["fd_advise", [0n, 0n, 0], errno.ISDIR, errno.SPIPE],
    ["fd_allocate", [0n, 1n], errno.ISDIR, errno.NODEV],
    ["fd_filestat_set_size", [0n], errno.ISDIR, errno.INVAL],
    ["fd_filestat_set_times", [0n, 0n, 0], 0, errno.INVAL],
    ["fd_sync", [], 0, errno.INVAL],
    ["fd_filestat_get", [512], 0, 0],
    ["fd_readdir", [1000, 100, 0n, 8], 0, errno.NOTDIR],
  ];
  for (const [name, args, directory, other] of cases) {
    assert.equal(guest.call(name, 0, ...args), directory, `${name} of a directory`);
    assert.equal(guest.call(name, socket, ...args), other, `${name} of a socket`);
    assert.equal(guest.call(name, 40, ...args), errno.BADF, `${name} of nothing`);
    assert.equal(guest.call(name, -1, ...args), errno.BADF, `${name} of -1`);
  }
  assert.equal(guest.call("fd_filestat_get", socket, 512), 0);
  assert.equal(guest.memory.getU64(528), BigInt(filetype.streamSocket));
});

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Reads a whole directory as wasi-libc does it, with a buffer of so many bytes. */
function list(guest: Preview1Guest, size: number, between: () => void = () => undefined): string[] {
  const names: string[] = [];
  let cookie = 0n;
  for (;;) {
    assert.equal(guest.call("fd_readdir", 0, 2000, size, cookie, 8), 0);
    const used = guest.memory.getU32(8);
    assert.ok(used <= size);
    let at = 0;
    while (at + 24 <= used) {
      const length = guest.memory.getU32(2000 + at + 16);
      if (at + 24 + length > used) break;
      cookie = guest.memory.getU64(2000 + at);
      names.push(new TextDecoder().decode(guest.memory.bytes(2000 + at + 24, length)));
      at += 24 + length;
    }
    if (used < size) return names;
    between();
  }
}

test("fd_readdir gives every entry once, whatever the buffer, filled to its end until the last", () => {
  using scratch = makeTree({ file: "" });
  for (let n = 0; n < 100; n++) writeFileSync(scratch.path(`${n}-${"é".repeat(n)}`), "");
  using guest = guestOf(scratch);
  const expected = [".", "..", ...readdirSync(scratch.root)].sort(byText);
  for (const size of [280, 281, 300, 333, 1024, 4096, 60_000]) {
    assert.deepEqual(list(guest, size).sort(byText), expected, `a buffer of ${size}`);
  }
  assert.equal(guest.call("fd_readdir", 0, 2000, 10, 0n, 8), 0);
  assert.equal(guest.memory.getU32(8), 10);
  assert.equal(guest.call("fd_readdir", 0, 2000, 0, 0n, 8), 0);
  assert.equal(guest.memory.getU32(8), 0);
});

test("fd_readdir gives what stays, while other entries come and go", () => {
  using scratch = makeTree({ file: "" });
  for (let n = 0; n < 100; n++) writeFileSync(scratch.path(`stays-${n}`), "");
  using guest = guestOf(scratch);
  let serial = 0;
  const seen = list(guest, 400, () => {
    writeFileSync(scratch.path(`comes-${serial}`), "");
    if (serial > 2) guest.call("path_unlink_file", 0, ...guest.text(100, `comes-${serial - 3}`));
    serial++;
  });
  const staying = seen.filter((name) => name.startsWith("stays-"));
  assert.equal(staying.length, 100);
  assert.equal(new Set(staying).size, 100);
});
