import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { filetype } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { code, contents, reading, writing } from "./file-ground.suite.ts";
import { type MountSpec, openMounts } from "./mount.ts";
import type { OpenDirectory } from "./open-directory.ts";
import { OpenFile } from "./open-file.ts";
import { rights } from "./rights.ts";
import { makeTree } from "./scratch-tree.suite.ts";

const tree = { "etc/app.conf": "one", "etc/key": "two", "etc/secret": "secret", "other/log": "three" } as const;

function mounted(specs: readonly MountSpec[]): OpenDirectory[] & Disposable {
  const directories = openMounts(specs);
  return Object.assign(directories, {
    [Symbol.dispose]: () => {
      for (const directory of directories) directory.close();
    },
  });
}

function names(directory: OpenDirectory): string[] {
  const found: string[] = [];
  const result = directory.readEntries(0n, 1000, ({ name }) => {
    found.push(new TextDecoder().decode(name));
    return true;
  });
  assert.equal(result, 0);
  return found;
}

test("a mounted file is seen in its target's directory, and nothing else of its own", () => {
  using scratch = makeTree(tree);
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  {
    using directories = mounted([
      { source: scratch.path("etc/app.conf"), target: "/etc/shop/conf", mode: "ro" },
      { source: scratch.path("other/log"), target: "/etc/shop/log", mode: "rw" },
      { source: scratch.path("etc/key"), target: "/keys/key", mode: "ro" },
    ]);
    const [shop, keys] = directories as unknown as [OpenDirectory, OpenDirectory];
    assert.deepEqual([shop.preopen, keys.preopen], ["/etc/shop", "/keys"]);
    assert.deepEqual(names(shop), [".", "..", "conf", "log"]);
    assert.deepEqual(names(keys), [".", "..", "key"]);
    assert.equal(contents(shop, "conf"), "one");
    assert.equal(contents(shop, "./log"), "three");
    for (const path of ["secret", "app.conf", "../secret", "conf/..", "conf/../secret", "/etc/passwd", ".."]) {
      const result = contents(shop, path);
      assert.ok(typeof result === "number" && result !== 0, path);
    }
    assert.equal(contents(shop, "secret"), errno.NOENT);
    assert.equal(contents(shop, "conf/x"), errno.NOTDIR);
    assert.equal(contents(shop, "../secret"), errno.PERM);
    const status = shop.statusAt("conf", true);
    assert.ok(typeof status !== "number" && status.type === filetype.regularFile && status.size === 3n);
    const inner = shop.open(".", { ...reading, directory: true });
    assert.ok(typeof inner !== "number" && !(inner instanceof OpenFile));
    assert.equal(contents(inner, "log"), "three");
    inner.close();
    assert.equal(contents(shop, "log"), "three");
  }
  assert.equal(open(), before);
});

test("a mounted file is written to where it is read-write only, and its name stays", () => {
  using scratch = makeTree(tree);
  using directories = mounted([
    { source: scratch.path("etc/app.conf"), target: "/etc/conf", mode: "ro" },
    { source: scratch.path("other/log"), target: "/etc/log", mode: "rw" },
  ]);
  const [root] = directories as unknown as [OpenDirectory];
  const before = readFileSync(scratch.path("etc/app.conf"));
  const cases: readonly [what: string, result: number, expected: number][] = [
    ["write ro", code(root.open("conf", writing)), errno.ROFS],
    ["write only ro", code(root.open("conf", { ...reading, rights: rights.write })), errno.ROFS],
    ["truncate ro", code(root.open("conf", { ...reading, truncate: true })), errno.ROFS],
    ["times ro", code(root.setTimesAt("conf", true, 0n, 0n)), errno.ROFS],
    ["times rw", code(root.setTimesAt("log", true, 0n, 5_000_000_000n)), 0],
    ["create", code(root.open("new", { ...writing, create: true })), errno.ROFS],
    ["create what is there", code(root.open("log", { ...writing, create: true })), 0],
    ["exclusive", code(root.open("log", { ...writing, create: true, exclusive: true })), errno.EXIST],
    ["unlink", code(root.unlink("log")), errno.BUSY],
    ["rmdir", code(root.removeDirectory("log")), errno.NOTDIR],
    ["rename", code(root.rename("log", root, "conf")), errno.BUSY],
    ["rename over", code(root.rename("conf", root, "log")), errno.BUSY],
    ["mkdir", code(root.makeDirectory("new")), errno.ROFS],
    ["mkdir there", code(root.makeDirectory("log")), errno.EXIST],
    ["link", code(root.link("log", false, root, "hard")), errno.ROFS],
    ["symlink", code(root.makeSymbolicLink("log", "soft")), errno.ROFS],
    ["own times", code(root.setTimes(0n, 0n)), errno.ROFS],
  ];
  for (const [what, result, expected] of cases) assert.equal(result, expected, what);
  const file = root.open("conf", reading);
  assert.ok(file instanceof OpenFile);
  assert.equal(file.setTimes(0n, 0n), -errno.ROFS);
  assert.equal(file.write([new Uint8Array(1)]), -errno.BADF);
  assert.equal(file.setSize(0n), -errno.BADF);
  file.close();
  const log = root.open("log", { ...writing, truncate: true });
  assert.ok(log instanceof OpenFile);
  assert.equal(log.write([new TextEncoder().encode("new")]), 3);
  log.close();
  assert.equal(readFileSync(scratch.path("other/log"), "utf8"), "new");
  assert.deepEqual(readFileSync(scratch.path("etc/app.conf")), before);
});

test("a mounted file stays the file that it was, whatever its name comes to mean", () => {
  using scratch = makeTree(tree);
  using directories = mounted([{ source: scratch.path("etc/key"), target: "/key", mode: "ro" }]);
  const [root] = directories as unknown as [OpenDirectory];
  assert.equal(root.preopen, "/");
  renameSync(scratch.path("etc/secret"), scratch.path("etc/key"));
  assert.equal(contents(root, "key"), "two");
  writeFileSync(scratch.path("etc/key"), "three");
  assert.equal(contents(root, "key"), "two");
});

test("openMounts() refuses files that have no place of their own", () => {
  using scratch = makeTree({ ...tree, dir: null });
  const file = (source: string, target: string): MountSpec => ({ source: scratch.path(source), target, mode: "ro" });
  const before = readdirSync("/proc/self/fd").length;
  for (const [specs, code] of [
    [[file("etc/key", "/")], "mount.unusable"],
    [[file("etc/key", "/x/..")], "mount.unusable"],
    [[{ source: "/dev/null", target: "/null", mode: "rw" } as const], "mount.unusable"],
    [[file("etc/key", "/a/key"), file("etc/secret", "/a/key")], "mount.overlap"],
    [[file("dir", "/a"), file("etc/key", "/a/key")], "mount.overlap"],
    [[{ target: "/a/", tmpBytesMax: 100_000 }, file("etc/key", "/a/key")], "mount.overlap"],
    [[{ ...file("etc/key", "/a/key") }, { ...file("etc", "/b"), mode: "rw" as const }], "mount.overlap"],
  ] as const) {
    assert.throws(
      () => openMounts(specs),
      (error) => error instanceof WarrenError && error.code === code,
      JSON.stringify(specs),
    );
    assert.equal(readdirSync("/proc/self/fd").length, before);
  }
  for (const directory of openMounts([file("dir", "/a"), file("etc/key", "/a/b/key")])) directory.close();
});
