import assert from "node:assert/strict";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { volumeFileBytes, volumeLinkBytes, volumeNameBytes, volumeWord } from "../../base/volume-page.ts";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { accountPage, code, reading, volumeGround, writing } from "./file-ground.suite.ts";
import { openMounts } from "./mount.ts";
import { openDirectorySuite } from "./open-directory.suite.ts";
import { OpenDirectory } from "./open-directory.ts";
import { openFileSuite } from "./open-file.suite.ts";
import { OpenFile } from "./open-file.ts";
import { makeTree, type ScratchTree } from "./scratch-tree.suite.ts";
import { VolumeAccount } from "./volume-account.ts";
import { VolumeFiles } from "./volume-files.ts";

openDirectorySuite(volumeGround);
openFileSuite(volumeGround);

const create = { ...writing, create: true };

/** What the rules say that a tree costs. */
function measure(path: string, seen: Set<number> = new Set()): number {
  let bytes = 0;
  for (const name of readdirSync(path)) {
    const status = lstatSync(join(path, name));
    bytes += volumeNameBytes;
    if (status.isDirectory()) bytes += measure(join(path, name), seen);
    else if (status.isSymbolicLink()) bytes += volumeLinkBytes(status.size);
    else if (!seen.has(status.ino)) bytes += volumeFileBytes(status.size);
    seen.add(status.ino);
  }
  return bytes;
}

interface Volume extends Disposable {
  readonly page: ArrayBuffer;
  readonly scratch: ScratchTree;
  readonly root: OpenDirectory;
  /** As another process has it. */
  readonly other: OpenDirectory;
  used(): number;
}

function volume(limitBytes: number): Volume {
  const page = accountPage(limitBytes);
  const scratch = makeTree({});
  const mount = () => {
    const files = new VolumeFiles(new VolumeAccount(page));
    const handle = files.open(-100, scratch.root, 0o200000);
    return new OpenDirectory(handle, { target: "/data", readOnly: false, files }, { preopen: "/data" });
  };
  const [root, other] = [mount(), mount()];
  return {
    page,
    scratch,
    root,
    other,
    used: () => Number(new BigInt64Array(page)[volumeWord.changed]),
    [Symbol.dispose]() {
      root.close();
      other.close();
      scratch[Symbol.dispose]();
    },
  };
}

function openFile(root: OpenDirectory, path: string, how = create): OpenFile & Disposable {
  const file = root.open(path, how);
  assert.ok(file instanceof OpenFile, String(file));
  return Object.assign(file, { [Symbol.dispose]: () => file.close() });
}

test("a volume takes what its limit has room for, by whatever call, and no more", () => {
  using made = volume(1_000_000);
  const { root, used } = made;
  {
    using file = openFile(root, "file");
    assert.equal(file.write([new Uint8Array(600_000)]), 600_000);
    // The part that fits, to the end of a block.
    assert.equal(file.write([new Uint8Array(300_000), new Uint8Array(300_000)]), 999_424 - 600_000);
    assert.equal(file.write([new Uint8Array(1)]), -errno.NOSPC);
    assert.equal(file.writeAt([new Uint8Array(1)], 2 ** 40), -errno.NOSPC);
    assert.equal(file.setSize(2n ** 40n), -errno.NOSPC);
    assert.equal(file.allocate(0n, 2n ** 20n), -errno.NOSPC);
    // What is there may be written over.
    assert.equal(file.writeAt([new Uint8Array(500_000)], 0), 500_000);
    using appended = openFile(root, "file", { ...create, flags: fdflags.append });
    assert.equal(appended.write([new Uint8Array(5000)]), -errno.NOSPC);
    assert.equal(file.setSize(10_000n), 0);
    assert.equal(used(), measure(made.scratch.root));
    // A hole counts as if it was written.
    assert.equal(file.setSize(900_000n), 0);
    assert.equal(appended.write([new Uint8Array(200_000)]), 999_424 - 900_000);
    assert.equal(used(), measure(made.scratch.root));
  }
  assert.equal(root.unlink("file"), 0);
  assert.equal(used(), 0);
});

test("names count in a volume, so that empty files do not fill the disk", () => {
  using made = volume(20 * volumeNameBytes);
  const { root, used } = made;
  let files = 0;
  while (code(root.open(`file-${files}`, create)) === 0) files++;
  assert.equal(files, 20);
  assert.equal(code(root.open("more", create)), errno.NOSPC);
  assert.equal(root.makeDirectory("more"), -errno.NOSPC);
  assert.equal(root.makeSymbolicLink("x", "more"), -errno.NOSPC);
  assert.equal(root.link("file-0", false, root, "more"), -errno.NOSPC);
  // One that fails leaves what there is.
  assert.equal(root.removeDirectory("file-0"), -errno.NOTDIR);
  assert.equal(root.rename("file-0", root, "file-1"), 0);
  assert.equal(root.link("file-1", false, root, "hard"), 0);
  assert.equal(used(), 20 * volumeNameBytes);
  assert.equal(used(), measure(made.scratch.root));
});

test("a file that was removed counts until whoever has it open, in any process, has closed it", () => {
  using made = volume(1_000_000);
  const { root, other, used } = made;
  const file = openFile(root, "file");
  file.write([new Uint8Array(500_000)]);
  const elsewhere = openFile(other, "file");
  assert.equal(root.unlink("file"), 0);
  assert.equal(used(), volumeFileBytes(500_000));
  file.close();
  assert.equal(used(), volumeFileBytes(500_000));
  assert.equal(code(root.open("second", create)), 0);
  using second = openFile(root, "second");
  assert.equal(second.write([new Uint8Array(600_000)]), 495_616);
  elsewhere.close();
  assert.equal(second.write([new Uint8Array(200_000)]), 200_000);
  assert.equal(used(), measure(made.scratch.root));
});

test("a file that another process may be writing to is not given back when it is cut off", () => {
  using made = volume(1_000_000);
  const { root, other, used } = made;
  using file = openFile(root, "file");
  file.write([new Uint8Array(500_000)]);
  {
    using _elsewhere = openFile(other, "file", reading);
    assert.equal(file.setSize(0n), 0);
    assert.equal(used(), volumeNameBytes + volumeFileBytes(500_000));
  }
  assert.equal(file.setSize(100n), 0);
});

test("a file that replaces another takes its room over", () => {
  using made = volume(1_000_000);
  const { root, used } = made;
  for (const [name, bytes] of [
    ["one", 100_000],
    ["two", 300_000],
  ] as const) {
    using file = openFile(root, name);
    file.write([new Uint8Array(bytes)]);
  }
  root.link("two", false, root, "also-two");
  assert.equal(root.rename("one", root, "two"), 0);
  assert.equal(used(), measure(made.scratch.root));
  assert.equal(root.rename("two", root, "also-two"), 0);
  assert.equal(used(), volumeNameBytes + volumeFileBytes(100_000));
});

test("without a limit a volume is counted all the same", () => {
  using made = volume(-1);
  using file = openFile(made.root, "file");
  assert.equal(file.setSize(2n ** 40n), 0);
  assert.equal(made.used(), volumeNameBytes + 2 ** 40);
});

test("openMounts() takes a volume by its descriptor, wherever it lies", () => {
  using made = volume(100_000);
  const account = new VolumeAccount(made.page);
  const directory = new VolumeFiles(account).open(-100, made.scratch.root, 0o200000);
  const given = { source: "the volume shop", target: "/data", mode: "rw", volume: { directory, account } } as const;
  const [root] = openMounts([given]);
  assert.ok(root !== undefined);
  using file = openFile(root, "file");
  assert.equal(file.write([new Uint8Array(200_000)]), 98_304);
  root.close();
});

/** mulberry32 */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const steps = Number(process.env.WARREN_FUZZ_RUNS ?? 4000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

test(`whatever is done to a volume by turns, its count is what is there (seed ${seed}, ${steps} steps)`, () => {
  using made = volume(3_000_000);
  const next = random(seed);
  const pick = <T>(values: readonly T[]): T => values[next() % values.length] as T;
  const names = ["a", "b", "c", "d", "dir", "dir/a", "dir/b", "dir/dir", "gone"];
  const size = () => next() % pick([100, 5000, 400_000]);
  const open: OpenFile[] = [];
  for (let step = 0; step < steps; step++) {
    const directory = pick([made.root, made.other]);
    const [name, second] = [pick(names), pick(names)];
    const file = open.length > 0 ? pick(open) : undefined;
    pick<() => unknown>([
      () => directory.makeDirectory(name),
      () => directory.removeDirectory(name),
      () => directory.unlink(name),
      () => directory.unlink(name),
      () => directory.rename(name, directory, second),
      () => directory.link(name, false, directory, second),
      () => directory.makeSymbolicLink("x".repeat(1 + (next() % 100)), name),
      () => {
        const opened = directory.open(name, { ...create, follow: false, truncate: next() % 4 === 0 });
        if (opened instanceof OpenFile) open.push(opened);
        else code(opened);
      },
      () => file?.write([new Uint8Array(size()), new Uint8Array(size())]),
      () => file?.writeAt([new Uint8Array(size())], size()),
      () => file?.setSize(BigInt(size())),
      () => file?.allocate(BigInt(size()), BigInt(size())),
      () => file?.seek(BigInt(size()), 0),
      () => {
        if (open.length > 3) open.splice(next() % open.length, 1)[0]?.close();
      },
    ])();
    assert.ok(made.used() <= 3_000_000);
    if (step % 50 === 0) assert.ok(made.used() >= measure(made.scratch.root), `step ${step}`);
  }
  for (const file of open) file.close();
});
