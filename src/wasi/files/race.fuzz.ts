import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { filetype } from "../descriptor.ts";
import { code, contents, reading, writing } from "./file-ground.suite.ts";
import { HostFiles } from "./host-files.ts";
import { openMount } from "./mount.ts";
import type { OpenDirectory } from "./open-directory.ts";
import { kernelResolves } from "./resolve-kernel.ts";
import { rights } from "./rights.ts";
import { makeTree, type ScratchTree } from "./scratch-tree.suite.ts";

/** How long each operation races: two seconds in all by default, a minute in CI, and `WARREN_FUZZ_MS=12000` is ten minutes. */
const milliseconds = Number(process.env.WARREN_FUZZ_MS ?? (process.env.CI === undefined ? 40 : 1200));

if (isMainThread) main();
else swap(workerData as string);

/**
 * Swaps, as fast as it can, a directory and a file of the mount for links that lead out, and moves a directory out of the
 * mount and back: what an attacker with a second guest, or a host process, would do. Restores what operations removed.
 */
function swap(root: string): void {
  parentPort?.postMessage("started");
  const quietly = (act: () => void) => {
    try {
      act();
    } catch {
      // The other side may have got in between: the next round goes on.
    }
  };
  const path = (name: string) => `${root}/${name}`;
  for (;;) {
    quietly(() => writeFileSync(path("in/a/tmp"), "inside"));
    quietly(() => renameSync(path("in/a/tmp"), path("in/a/f")));
    quietly(() => symlinkSync("../../outside/f", path("in/a/tmp")));
    quietly(() => renameSync(path("in/a/tmp"), path("in/a/f")));
    quietly(() => writeFileSync(path("in/a/b/f"), "inside", { flag: "wx" }));
    quietly(() => renameSync(path("in/a/b"), path("in/a/b.real")));
    quietly(() => symlinkSync("../../outside", path("in/a/b")));
    quietly(() => unlinkSync(path("in/a/b")));
    quietly(() => renameSync(path("in/a/b.real"), path("in/a/b")));
    quietly(() => renameSync(path("in/a/d"), path("outside/x/d")));
    quietly(() => renameSync(path("outside/x/d"), path("in/a/d")));
  }
}

function main(): void {
  for (const how of kernelResolves() ? (["walk", "kernel"] as const) : (["walk"] as const)) {
    test(`no operation escapes by the ${how} while directories are swapped for links`, async (t) => {
      using scratch = makeTree({
        "in/a/b/f": "inside",
        "in/a/f": "inside",
        "in/a/d/e/f": "inside",
        "in/f": "inside",
        "outside/f": "secret",
        "outside/x/f": "secret",
        "outside/removable/f": "secret",
      });
      mkdirSync(scratch.path("outside/empty"));
      const worker = new Worker(new URL(import.meta.url), { workerData: scratch.root });
      try {
        await new Promise((started) => worker.once("message", started));
        const root = openMount({ source: scratch.path("in"), target: "/in", mode: "rw" }, new HostFiles(how));
        const counts = race(root, scratch);
        root.close();
        for (const [operation, { done, refused }] of counts) {
          t.diagnostic(`${operation}: ${done} done, ${refused} refused`);
        }
      } finally {
        await worker.terminate();
      }
    });
  }
}

type Counts = Map<string, { done: number; refused: number }>;

/** Runs each operation for its time and looks after it, and during, whether anything outside was reached. */
function race(root: OpenDirectory, scratch: ScratchTree): Counts {
  const counts: Counts = new Map();
  const outside = ["f", "x/f", "removable/f"].map((name) => scratch.path(`outside/${name}`));
  const inodes = new Set(outside.map((path) => BigInt(statSync(path).ino)));
  const told = () =>
    outside.map((path) => `${statSync(path).mtimeMs} ${statSync(path).nlink} ${readFileSync(path, "utf8")}`);
  const before = told();
  let serial = 0;

  const open = (path: string, follow: boolean) => {
    const text = contents(root, path, { follow });
    assert.notEqual(text, "secret", `read ${path}`);
    return typeof text === "number" ? text : 0;
  };
  const look = (path: string, follow: boolean) => {
    const status = root.statusAt(path, follow);
    if (typeof status === "number") return -status;
    assert.ok(!inodes.has(status.inode), `told of ${path}`);
    return 0;
  };
  const readLink = () => {
    const buffer = new Uint8Array(100);
    const count = root.readLink("a/f", buffer);
    return count < 0 ? -count : 0;
  };
  const list = () => {
    const directory = root.open("a/b", { ...reading, directory: true });
    if (typeof directory === "number") return -directory;
    assert.equal(directory.type, filetype.directory);
    const names: string[] = [];
    (directory as OpenDirectory).readEntries(0n, 1000, ({ name }) => names.push(new TextDecoder().decode(name)) > 0);
    directory.close();
    assert.ok(!names.includes("removable"), "listed the outside");
    return 0;
  };

  const operations: Readonly<Record<string, () => number>> = {
    "open through a swapped directory": () => open("a/b/f", true),
    "open a swapped file": () => open("a/f", true),
    "open a swapped file, no links": () => open("a/f", false),
    "open by .. of a moved directory": () => open("a/d/e/../../f", true),
    "open by ../.. of a moved directory": () => open("a/d/e/../../../f", true),
    "open and truncate": () => code(root.open("a/f", { ...writing, truncate: true })),
    "open and truncate beneath": () => code(root.open("a/b/f", { ...writing, truncate: true })),
    "create beneath": () => code(root.open(`a/b/new-${serial++ % 50}`, { ...writing, create: true })),
    "create exclusively beneath": () =>
      code(root.open(`a/b/own-${serial++ % 50}`, { ...writing, create: true, exclusive: true })),
    "create where a link was": () => code(root.open("a/f", { ...reading, create: true, rights: rights.write })),
    status: () => look("a/b/f", true),
    "status of a swapped file": () => look("a/f", true),
    "status by ..": () => look("a/d/e/../../f", true),
    "times beneath": () => code(root.setTimesAt("a/b/f", true, 1n, 1n)),
    "times of a swapped file": () => code(root.setTimesAt("a/f", true, 1n, 1n)),
    list,
    readlink: readLink,
    mkdir: () => code(root.makeDirectory(`a/b/new-dir-${serial++ % 50}`)),
    rmdir: () => {
      root.makeDirectory("a/b/empty-one");
      return code(root.removeDirectory("a/b/empty-one"));
    },
    "rmdir outside's": () => code(root.removeDirectory("a/b/empty")),
    symlink: () => code(root.makeSymbolicLink("f", `a/b/new-link-${serial++ % 50}`)),
    "link from": () => code(root.link("a/b/f", true, root, `linked-${serial++}`)),
    "link to": () => code(root.link("f", false, root, `a/b/new-hard-${serial++ % 50}`)),
    "rename from": () => {
      const result = code(root.rename("a/b/f", root, "moved"));
      if (result === 0) {
        assert.notEqual(contents(root, "moved"), "secret");
        root.rename("moved", root, "a/b/f");
      }
      return result;
    },
    "rename to": () => {
      writeFileSync(scratch.path("in/mine"), "mine");
      return code(root.rename("mine", root, `a/b/new-name-${serial++ % 50}`));
    },
    unlink: () => {
      const result = code(root.unlink("a/b/f"));
      code(root.open("a/b/f", { ...writing, create: true }));
      return result;
    },
  };

  for (const [operation, run] of Object.entries(operations)) {
    const count = { done: 0, refused: 0 };
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      if (run() === 0) count.done++;
      else count.refused++;
    }
    counts.set(operation, count);
    assert.deepEqual(told(), before, `${operation} changed something outside`);
    assert.deepEqual(
      // Folder by folder: a recursive listing fails when it meets x/d as that is moved away.
      ["", "x/", "removable/", "empty/"]
        .flatMap((folder) => readdirSync(scratch.path(`outside/${folder}`)).map((name) => folder + name))
        // The directory that is moved out and back.
        .filter((name) => !name.startsWith("x/d"))
        .sort(),
      ["empty", "f", "removable", "removable/f", "x", "x/f"],
      `${operation} made or removed something outside`,
    );
    for (const name of readdirSync(scratch.path("in"))) {
      if (!name.startsWith("linked-")) continue;
      assert.ok(!inodes.has(statSync(scratch.path(`in/${name}`), { bigint: true }).ino), "linked the outside");
      rmSync(scratch.path(`in/${name}`));
    }
  }
  return counts;
}
