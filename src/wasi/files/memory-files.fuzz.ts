import assert from "node:assert/strict";
import { test } from "node:test";
import { fdflags, filetype } from "../descriptor.ts";
import type { Result } from "../errno.ts";
import { hostGround, memoryGround, type Plot, reading } from "./file-ground.suite.ts";
import { OpenDirectory } from "./open-directory.ts";
import { OpenFile } from "./open-file.ts";
import { rights } from "./rights.ts";
import type { FileStatus } from "./status.ts";

const steps = Number(process.env.WARREN_FUZZ_RUNS ?? 4000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

/** mulberry32 */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** What a guest can tell of a file, but for what differs anyway: numbers of devices and inodes, times, lengths of directories. */
function told(status: FileStatus | Result): unknown {
  if (typeof status === "number") return status;
  const { type, links, size } = status;
  return type === filetype.directory ? { type, links } : { type, links, size };
}

/** One side: a directory and what is open in it. */
class Side {
  readonly root: OpenDirectory & Disposable;
  readonly files: (OpenFile | undefined)[] = [];
  readonly directories: (OpenDirectory | undefined)[] = [];

  constructor(plot: Plot) {
    this.root = plot.mount("in");
    this.directories.push(this.root);
  }

  open(from: number, path: string, how: Parameters<OpenDirectory["open"]>[1]): unknown {
    const opened = this.directories[from]?.open(path, how);
    if (opened instanceof OpenFile) this.files.push(opened);
    else if (opened instanceof OpenDirectory) this.directories.push(opened);
    return typeof opened === "number" ? opened : opened?.type;
  }

  /** Names with their types, in no order. */
  list(from: number): unknown {
    const found: string[] = [];
    const result = this.directories[from]?.readEntries(0n, 4096, ({ name, type }) => {
      found.push(`${new TextDecoder().decode(name)} ${type}`);
      return true;
    });
    return [result, found.sort((a, b) => (a < b ? -1 : 1))];
  }

  close(): void {
    for (const open of [...this.files, ...this.directories]) open?.close();
  }
}

test(`files in memory do what those of the host do (seed ${seed}, ${steps} steps)`, () => {
  const tree = { "in/a": "text", "in/d/e": null, "in/l": { link: "d" }, outside: "secret" } as const;
  using host = hostGround("walk").plant(tree);
  using memory = memoryGround.plant(tree);
  const sides = [new Side(host), new Side(memory)] as const;
  const next = random(seed);
  const pick = <T>(values: readonly T[]): T => values[next() % values.length] as T;
  const names = [
    "a",
    "b",
    "c",
    "d",
    "l",
    "d/a",
    "d/e",
    "d/e/a",
    "l/b",
    "d/l",
    "e",
    ".",
    "d/.",
    "d/..",
    "..",
    "",
    "x".repeat(256),
  ];
  const path = () => pick(names) + pick(["", "", "", "", "/", "/."]);
  const small = () => next() % pick([10, 300, 70_000, 200_000]);
  for (let step = 0; step < steps; step++) {
    const [one, two] = [path(), path()];
    const [from, to] = [next() % (sides[0].directories.length + 1), next() % sides[0].directories.length];
    const file = next() % (sides[0].files.length + 1);
    const follow = next() % 2 === 0;
    const [length, position] = [small(), small()];
    const bytes = new Uint8Array(length).fill(next());
    const how = {
      ...reading,
      follow,
      create: next() % 2 === 0,
      exclusive: next() % 6 === 0,
      truncate: next() % 8 === 0,
      directory: next() % 6 === 0,
      rights: pick([rights.read, rights.write, rights.read | rights.write, 0]),
      flags: pick([0, 0, fdflags.append]),
    };
    const target = pick(["a", "d", "../outside", "l", "missing", "d/e", ".", "..", "d/../a"]);
    const act = pick<[name: string, act: (side: Side) => unknown]>([
      ["open", (side) => side.open(from, one, how)],
      ["open", (side) => side.open(from, one, how)],
      ["mkdir", (side) => side.directories[from]?.makeDirectory(one)],
      ["rmdir", (side) => side.directories[from]?.removeDirectory(one)],
      ["unlink", (side) => side.directories[from]?.unlink(one)],
      ["rename", (side) => side.directories[from]?.rename(one, side.directories[to] as OpenDirectory, two)],
      ["link", (side) => side.directories[from]?.link(one, follow, side.directories[to] as OpenDirectory, two)],
      ["symlink", (side) => side.directories[from]?.makeSymbolicLink(target, one)],
      ["stat", (side) => told(side.directories[from]?.statusAt(one, follow) ?? 0)],
      ["times", (side) => side.directories[from]?.setTimesAt(one, follow, 1n, 2n)],
      ["list", (side) => side.list(from)],
      ["own stat", (side) => told(side.directories[from]?.status() ?? 0)],
      [
        "readlink",
        (side) => {
          const buffer = new Uint8Array(20);
          return [side.directories[from]?.readLink(one, buffer), ...buffer];
        },
      ],
      [
        "read",
        (side) => {
          const buffer = new Uint8Array(length);
          return [side.files[file]?.read([buffer]), Buffer.from(buffer).toString("latin1")];
        },
      ],
      [
        "pread",
        (side) => {
          const [first, second] = [new Uint8Array(10), new Uint8Array(length)];
          const count = side.files[file]?.readAt([first, second], position);
          return [count, Buffer.concat([first, second]).toString("latin1")];
        },
      ],
      ["write", (side) => [side.files[file]?.write([bytes, bytes.subarray(0, 5)]), side.files[file]?.position]],
      ["pwrite", (side) => side.files[file]?.writeAt([bytes], position)],
      ["seek", (side) => side.files[file]?.seek(BigInt(position) - 100n, next() % 1)],
      ["size", (side) => side.files[file]?.setSize(BigInt(position))],
      ["allocate", (side) => side.files[file]?.allocate(BigInt(position), BigInt(length))],
      ["fstat", (side) => told(side.files[file]?.status() ?? 0)],
      [
        "flags",
        (side) => {
          const open = side.files[file];
          if (open !== undefined) open.flags = how.flags;
        },
      ],
      [
        "close",
        (side) => {
          side.files[file]?.close();
          if (file < side.files.length) side.files[file] = undefined;
        },
      ],
    ]);
    const [wanted, got] = [act[1](sides[0]), act[1](sides[1])];
    const what = JSON.stringify([step, act[0], from, to, one, two, follow, target, file, length, position, how]);
    assert.deepEqual(got, wanted, what);
  }
  for (const side of sides) side.close();
});
