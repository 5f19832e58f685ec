import assert from "node:assert/strict";
import { test } from "node:test";
import { openMount } from "../files/mount.ts";
import { makeTree } from "../files/scratch-tree.suite.ts";
import { makeGuest } from "./preview1-guest.suite.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 20_000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

/** mulberry32: small, seeded, and good enough to choose arguments. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Which parameters are i64. */
const wide: Readonly<Record<string, readonly number[]>> = {
  fd_advise: [1, 2],
  fd_allocate: [1, 2],
  fd_filestat_set_size: [1],
  fd_filestat_set_times: [1, 2],
  fd_pread: [3],
  fd_pwrite: [3],
  fd_readdir: [3],
  fd_seek: [1],
  path_filestat_set_times: [4, 5],
  path_open: [5, 6],
};

test(`whatever the arguments, the functions on files give an errno (seed ${seed}, ${runs} calls)`, () => {
  using scratch = makeTree({ "in/file": "text", "in/dir/x": "x", "in/link": { link: "dir" }, secret: "secret" });
  using guest = makeGuest([
    openMount({ source: scratch.path("in"), target: "/", mode: "rw" }),
    openMount({ source: scratch.path("in"), target: "/ro", mode: "ro" }),
  ]);
  const next = random(seed);
  const pick = <T>(values: readonly T[]): T => values[next() % values.length] as T;
  const size = guest.memory.u8().length;
  const names = ["file", "dir", "dir/x", "new", "link/x", "../secret", ".", "..", "", "/", "a/../file", "dir/"];
  names.forEach((name, index) => {
    guest.text(1024 + 32 * index, name);
  });
  const integer = () =>
    pick([
      () => next() % 8,
      () => next() % 16,
      () => 1024 + 32 * (next() % names.length),
      () => next() % size,
      () => size - (next() % 16),
      () => next() | 0,
      () => pick([0, -1, 2 ** 31 - 1, -(2 ** 31), size]),
    ])();
  const long = () =>
    pick([
      () => BigInt(next() % 5000),
      () => (BigInt(next() | 0) << 32n) | BigInt(next()),
      () => pick([0n, -1n, (1n << 63n) - 1n, -(1n << 63n)]),
    ])();
  for (let run = 0; run < runs; run++) {
    const name = pick(guest.names);
    const args: (number | bigint)[] = [];
    for (let index = 0; index < 9; index++) args.push(wide[name]?.includes(index) ? long() : integer());
    // A file as large as an offset may say would take the disk; what is asked of it is what matters here.
    if (name === "fd_allocate" || name === "fd_pwrite") {
      for (const index of wide[name] ?? [])
        args[index] = (args[index] as bigint) < 0n ? -1n : (args[index] as bigint) % 4096n;
    }
    const result = guest.call(name, ...args);
    assert.ok(Number.isInteger(result) && result >= 0 && result <= 76, `${name}(${args}) gave ${result}`);
    // Descriptors are closed again now and then, so that the table does not stay full.
    if (run % 50 === 0) for (let fd = 2; fd < 64; fd++) guest.table.close(fd);
  }
});
