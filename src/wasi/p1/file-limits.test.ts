import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { openMount } from "../files/mount.ts";
import { makeTree, type ScratchTree } from "../files/scratch-tree.suite.ts";
import { pollFunctions } from "./poll.ts";
import { makeGuest, type Preview1Guest } from "./preview1-guest.suite.ts";
import { call, testHost } from "./testdata/test-host.ts";

const far = 6n * 2n ** 30n + 5n;
const offsetMax = 2n ** 63n - 1n;

/** A guest with the tree at descriptor 0 and `file` at 1, for reading and writing. */
function guestOf(scratch: ScratchTree): Preview1Guest {
  const guest = makeGuest([openMount({ source: scratch.root, target: "/", mode: "rw" })]);
  assert.equal(guest.call("path_open", 0, 0, ...guest.text(100, "file"), 0, -1n, 0n, 0, 8), 0);
  return guest;
}

test("offsets and sizes have 64 bits, and holes take no room", () => {
  using scratch = makeTree({ file: "" });
  using guest = guestOf(scratch);
  const bytes = guest.text(1000, "end");
  guest.memory.setU32(200, bytes[0]);
  guest.memory.setU32(204, bytes[1]);
  assert.equal(guest.call("fd_pwrite", 1, 200, 1, far, 8), 0);
  assert.equal(guest.call("fd_seek", 1, 0n, 2, 16), 0);
  assert.equal(guest.memory.getU64(16), far + 3n);
  assert.equal(guest.call("fd_filestat_get", 1, 512), 0);
  assert.equal(guest.memory.getU64(544), far + 3n);
  assert.ok(statSync(scratch.path("file")).blocks < 1000);
  // A read from the hole into the end.
  guest.memory.setU32(200, 1100);
  guest.memory.setU32(204, 10);
  guest.memory.bytes(1100, 10).fill(7);
  assert.equal(guest.call("fd_pread", 1, 200, 1, far - 2n, 8), 0);
  assert.equal(guest.memory.getU32(8), 5);
  assert.deepEqual([...guest.memory.bytes(1100, 6)], [0, 0, 101, 110, 100, 7]);
  assert.equal(guest.call("fd_seek", 1, -1n, 1, 16), 0);
  assert.equal(guest.call("fd_tell", 1, 16), 0);
  assert.equal(guest.memory.getU64(16), far + 2n);
  assert.equal(guest.call("fd_filestat_set_size", 1, 2n ** 40n), 0);
  assert.equal(guest.call("fd_advise", 1, 2n ** 39n, 2n ** 30n, 4), 0);
  assert.equal(guest.call("fd_seek", 1, 0n, 2, 16), 0);
  assert.equal(guest.memory.getU64(16), 2n ** 40n);
});

test("offsets that no file has are refused, whichever way they are given", () => {
  using scratch = makeTree({ file: "text" });
  using guest = guestOf(scratch);
  guest.memory.setU32(200, 1000);
  guest.memory.setU32(204, 1);
  const cases: readonly [name: string, args: readonly (number | bigint)[], expected: number][] = [
    ["fd_seek", [offsetMax, 0, 16], errno.INVAL],
    ["fd_seek", [offsetMax, 1, 16], errno.INVAL],
    ["fd_seek", [offsetMax, 2, 16], errno.INVAL],
    ["fd_seek", [-5n, 2, 16], errno.INVAL],
    ["fd_seek", [0n, 3, 16], errno.INVAL],
    ["fd_pread", [200, 1, -1n, 8], errno.INVAL],
    ["fd_pwrite", [200, 1, -1n, 8], errno.INVAL],
    ["fd_pwrite", [200, 1, 2n ** 52n, 8], errno.FBIG],
    ["fd_filestat_set_size", [-1n], errno.INVAL],
    ["fd_filestat_set_size", [offsetMax], errno.FBIG],
    ["fd_allocate", [0n, 0n], errno.INVAL],
    ["fd_allocate", [-1n, 1n], errno.INVAL],
    ["fd_allocate", [offsetMax, offsetMax], errno.FBIG],
    ["fd_advise", [0n, -1n, 0], errno.INVAL],
    ["fd_advise", [0n, 0n, 6], errno.INVAL],
  ];
  for (const [name, args, expected] of cases) assert.equal(guest.call(name, 1, ...args), expected, `${name}(${args})`);
  assert.equal(guest.call("fd_tell", 1, 16), 0);
  assert.equal(guest.memory.getU64(16), 0n);
  assert.equal(statSync(scratch.path("file")).size, 4);
});

test("times are kept to the nanosecond", () => {
  using scratch = makeTree({ file: "text", link: { link: "file" } });
  using guest = guestOf(scratch);
  const [accessed, modified] = [1_234_567_890_123_456_789n, 987_654_321n];
  assert.equal(guest.call("path_filestat_set_times", 0, 1, ...guest.text(100, "link"), accessed, modified, 5), 0);
  assert.equal(guest.call("fd_filestat_get", 1, 512), 0);
  assert.deepEqual([guest.memory.getU64(552), guest.memory.getU64(560)], [accessed, modified]);
  assert.equal(guest.call("fd_filestat_set_times", 1, 5n, 6n, 1), 0);
  assert.equal(guest.call("path_filestat_get", 0, 0, ...guest.text(100, "file"), 512), 0);
  assert.deepEqual([guest.memory.getU64(552), guest.memory.getU64(560)], [5n, modified]);
  // More than a signed number holds: the file system takes what it can.
  assert.equal(guest.call("fd_filestat_set_times", 1, 0n, -1n, 4), 0);
});

test("a poll of a file tells how much is left to read, beyond 4 GiB too", async () => {
  using scratch = makeTree({ file: "" });
  using guest = guestOf(scratch);
  assert.equal(guest.call("fd_filestat_set_size", 1, far), 0);
  const host = testHost({ table: guest.table, memory: guest.memory });
  const { poll_oneoff } = pollFunctions(host);
  const poll = async () => {
    guest.memory.bytes(2048, 48).fill(0);
    guest.memory.setU64(2048, 77n);
    guest.memory.setU8(2056, 1);
    guest.memory.setU32(2064, 1);
    assert.equal(await call(poll_oneoff, 2048, 3000, 1, 8), 0);
    assert.deepEqual([guest.memory.getU32(8), guest.memory.getU64(3000), guest.memory.getU32(3008)], [1, 77n, 1 << 16]);
    return guest.memory.getU64(3016);
  };
  assert.equal(await poll(), far);
  assert.equal(guest.call("fd_seek", 1, -3n, 2, 16), 0);
  assert.equal(await poll(), 3n);
  assert.equal(guest.call("fd_seek", 1, 100n, 2, 16), 0);
  assert.equal(await poll(), 0n);
});
