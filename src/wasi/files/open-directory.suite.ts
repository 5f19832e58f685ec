import assert from "node:assert/strict";
import { test } from "node:test";
import { filetype } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { code, contents, type Ground, reading, writing } from "./file-ground.suite.ts";
import { type GuestOpen, OpenDirectory } from "./open-directory.ts";
import { OpenFile } from "./open-file.ts";
import { rights } from "./rights.ts";
import type { FileStatus } from "./status.ts";

/** What a directory opened for a guest does, wherever its files are. */
export function openDirectorySuite({ name, plant }: Ground): void {
  const outside = { "outside/secret": "secret", "outside/dir/file": "secret" } as const;

  test(`${name}: links that a guest makes lead nowhere outside`, () => {
    using scratch = plant({ ...outside, "in/dir/file": "inside" });
    using root = scratch.mount("in");
    // The chain by which a guest read /etc/passwd through node:wasi.
    assert.equal(root.makeSymbolicLink(".", "up"), 0);
    assert.equal(root.makeSymbolicLink("up/up/up/../../../etc", "k"), 0);
    assert.equal(contents(root, "k/passwd"), errno.PERM);
    assert.equal(root.makeSymbolicLink("dir/../../outside/secret", "s"), 0);
    assert.equal(contents(root, "s"), errno.PERM);
    assert.equal(contents(root, "s", { create: true, rights: rights.write }), errno.PERM);
    assert.equal(code(root.statusAt("s", true)), errno.PERM);
    assert.equal(root.setTimesAt("s", true, 0n, 0n), -errno.PERM);
    assert.equal(root.link("s", true, root, "hard"), -errno.PERM);
    assert.equal(root.makeSymbolicLink("/etc/passwd", "abs"), -errno.PERM);
  });

  test(`${name}: no operation takes a path that leads out`, () => {
    using scratch = plant({
      ...outside,
      "in/dir/file": "inside",
      "in/out": { link: "../outside" },
      "in/etc": { link: "/etc" },
    });
    using root = scratch.mount("in");
    const before = scratch.status("outside/secret");
    for (const base of ["../outside", "out", "dir/../../outside", "dir/../out", "etc", "/etc"]) {
      const path = `${base}/secret`;
      const results: Record<string, number> = {
        open: code(root.open(path, reading)),
        create: code(root.open(`${base}/new`, { ...writing, create: true })),
        truncate: code(root.open(path, { ...writing, truncate: true })),
        status: code(root.statusAt(path, false)),
        times: code(root.setTimesAt(path, false, 0n, 0n)),
        mkdir: code(root.makeDirectory(`${base}/new`)),
        rmdir: code(root.removeDirectory(`${base}/dir`)),
        unlink: code(root.unlink(path)),
        readlink: code(root.readLink(path, new Uint8Array(100))),
        symlink: code(root.makeSymbolicLink("x", `${base}/new`)),
        "rename from": code(root.rename(path, root, "mine")),
        "rename to": code(root.rename("dir/file", root, `${base}/new`)),
        "link from": code(root.link(path, false, root, "mine")),
        "link to": code(root.link("dir/file", false, root, `${base}/new`)),
      };
      for (const [operation, result] of Object.entries(results))
        assert.equal(result, errno.PERM, `${operation} ${path}`);
    }
    assert.deepEqual(scratch.status("outside/secret").modified, before.modified);
    assert.equal(scratch.exists("in/mine"), false);
    assert.equal(scratch.exists("outside/new"), false);
  });

  test(`${name}: a directory that the guest opened is a root of its own`, () => {
    using scratch = plant({ "in/a/b/file": "b", "in/a/up": { link: ".." }, "in/file": "top" });
    using root = scratch.mount("in");
    const inner = root.open("a", { ...reading, directory: true });
    assert.ok(inner instanceof OpenDirectory);
    assert.equal(contents(inner, "b/file"), "b");
    assert.equal(contents(inner, "b/../b/file"), "b");
    assert.equal(contents(inner, "../file"), errno.PERM);
    assert.equal(contents(inner, "up/file"), errno.PERM);
    inner.close();
  });

  test(`${name}: a directory moved out while open does not lead out`, () => {
    using scratch = plant({ ...outside, "in/a/b/file": "b", "outside/file": "secret" });
    using root = scratch.mount("in");
    const inner = root.open("a/b", { ...reading, directory: true });
    assert.ok(inner instanceof OpenDirectory);
    assert.equal(scratch.all.rename("in/a/b", scratch.all, "outside/b"), 0);
    assert.equal(contents(inner, "file"), "b");
    assert.equal(contents(inner, "../file"), errno.PERM);
    assert.equal(contents(inner, ".."), errno.PERM);
    assert.equal(contents(root, "a/b/file"), errno.NOENT);
    inner.close();
  });

  test(`${name}: a dangling link with create makes its target inside, and nothing outside`, () => {
    using scratch = plant({
      ...outside,
      "in/inside": { link: "made" },
      "in/outside": { link: "../outside/made" },
      "in/deep": { link: "missing/made" },
    });
    using root = scratch.mount("in");
    const create = { ...writing, create: true };
    assert.equal(code(root.open("inside", { ...create, exclusive: true })), errno.EXIST);
    assert.equal(code(root.open("inside", { ...create, follow: false })), errno.LOOP);
    assert.equal(code(root.open("inside", create)), 0);
    assert.equal(scratch.status("in/made", false).type === filetype.regularFile, true);
    assert.equal(code(root.open("outside", create)), errno.PERM);
    assert.equal(scratch.exists("outside/made"), false);
    assert.equal(code(root.open("deep", create)), errno.NOENT);
  });

  test(`${name}: links at the end of a path are followed when asked for`, () => {
    const chain = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`in/l${n}`, { link: n === 0 ? "dir/file" : `l${n - 1}` }] as const),
    );
    using scratch = plant({
      "in/dir/file": "text",
      "in/link": { link: "dir/file" },
      "in/dir/sibling": { link: "file" },
      "in/dir/round": { link: "../link" },
      "in/self": { link: "self" },
      "in/up": { link: "dir/.." },
      ...chain,
    });
    using root = scratch.mount("in");
    for (const path of ["link", "dir/sibling", "dir/round", "l20"]) {
      assert.equal(contents(root, path), "text", path);
      assert.equal(contents(root, path, { follow: false }), errno.LOOP, path);
      assert.equal((root.statusAt(path, false) as FileStatus).type, filetype.symbolicLink);
      assert.equal((root.statusAt(path, true) as FileStatus).type, filetype.regularFile);
    }
    assert.equal(contents(root, "l39"), errno.LOOP);
    assert.equal(contents(root, "self"), errno.LOOP);
    assert.equal(code(root.statusAt("self", true)), errno.LOOP);
    assert.equal((root.statusAt("up", true) as FileStatus).type, filetype.directory);
    assert.equal(root.setTimesAt("link", true, undefined, 5_000_000_001n), 0);
    assert.equal(scratch.status("in/dir/file").modified, 5_000_000_001n);
    assert.equal(root.setTimesAt("link", false, undefined, 7_000_000_000n), 0);
    assert.equal(scratch.status("in/link", false).modified, 7_000_000_000n);
    assert.equal(root.link("link", true, root, "hard"), 0);
    assert.equal(scratch.status("in/hard", false).inode, scratch.status("in/dir/file", false).inode);
    assert.equal(root.link("link", false, root, "soft"), 0);
    assert.equal(scratch.linkText("in/soft"), "dir/file");
  });

  test(`${name}: a trailing slash means a directory everywhere`, () => {
    using scratch = plant({
      "in/file": "text",
      "in/dir/file": "text",
      "in/to-file": { link: "file" },
      "in/to-dir": { link: "dir" },
      "in/gone": { link: "missing" },
    });
    using root = scratch.mount("in");
    const create = { ...writing, create: true };
    const cases: readonly [what: string, result: number, expected: number][] = [
      ["open file/", code(root.open("file/", reading)), errno.NOTDIR],
      ["open file///", code(root.open("file///", reading)), errno.NOTDIR],
      ["open to-file/", code(root.open("to-file/", reading)), errno.NOTDIR],
      ["open to-dir/ without following", code(root.open("to-dir/", { ...reading, follow: false })), 0],
      ["open dir//", code(root.open("dir//", reading)), 0],
      ["open dir/file/", code(root.open("dir/file/", reading)), errno.NOTDIR],
      ["create new/", code(root.open("new/", create)), errno.ISDIR],
      ["create gone/", code(root.open("gone/", create)), errno.ISDIR],
      ["create dir/", code(root.open("dir/", create)), errno.ISDIR],
      ["stat file/", code(root.statusAt("file/", false)), errno.NOTDIR],
      ["stat to-file/", code(root.statusAt("to-file/", false)), errno.NOTDIR],
      ["stat to-dir/", code(root.statusAt("to-dir/", false)), 0],
      ["stat gone/", code(root.statusAt("gone/", false)), errno.NOENT],
      ["times file/", code(root.setTimesAt("file/", false, 0n, 0n)), errno.NOTDIR],
      ["times dir/", code(root.setTimesAt("dir/", false, 0n, 0n)), 0],
      ["unlink file/", code(root.unlink("file/")), errno.NOTDIR],
      ["unlink dir/", code(root.unlink("dir/")), errno.ISDIR],
      ["unlink to-file/", code(root.unlink("to-file/")), errno.NOTDIR],
      ["rmdir file/", code(root.removeDirectory("file/")), errno.NOTDIR],
      ["rmdir to-dir/", code(root.removeDirectory("to-dir/")), errno.NOTDIR],
      ["readlink to-dir/", code(root.readLink("to-dir/", new Uint8Array(9))), errno.INVAL],
      ["symlink new/", code(root.makeSymbolicLink("file", "new/")), errno.NOENT],
      ["symlink dir/", code(root.makeSymbolicLink("file", "dir/")), errno.EXIST],
      ["symlink file/", code(root.makeSymbolicLink("file", "file/")), errno.NOTDIR],
      ["link file/", code(root.link("file/", false, root, "new")), errno.NOTDIR],
      ["link to new/", code(root.link("file", false, root, "new/")), errno.NOENT],
      ["rename file/", code(root.rename("file/", root, "new")), errno.NOTDIR],
      ["rename file to new/", code(root.rename("file", root, "new/")), errno.NOTDIR],
      ["rename to-dir/", code(root.rename("to-dir/", root, "new")), errno.NOTDIR],
      ["rename dir/ to to-dir/", code(root.rename("dir/", root, "to-dir/")), errno.NOTDIR],
      ["mkdir new/", code(root.makeDirectory("new/")), 0],
      ["mkdir dir/", code(root.makeDirectory("dir/")), errno.EXIST],
      ["rename new/ to newer/", code(root.rename("new/", root, "newer/")), 0],
      ["rmdir newer//", code(root.removeDirectory("newer//")), 0],
    ];
    for (const [what, result, expected] of cases) assert.equal(result, expected, what);
  });

  test(`${name}: the root itself can be opened and told, not removed or replaced`, () => {
    using scratch = plant({ "in/dir/file": "text" });
    using root = scratch.mount("in");
    for (const path of [".", "./", "dir/..", "dir/../."]) {
      assert.equal(code(root.open(path, reading)), 0, path);
      assert.equal((root.statusAt(path, true) as FileStatus).inode, scratch.status("in").inode, path);
      assert.equal(code(root.removeDirectory(path)), errno.INVAL, path);
      assert.equal(code(root.unlink(path)), errno.ISDIR, path);
      assert.equal(code(root.rename(path, root, "dir/x")), errno.BUSY, path);
      assert.equal(code(root.rename("dir", root, path)), errno.BUSY, path);
      assert.equal(code(root.makeDirectory(path)), errno.EXIST, path);
      assert.equal(code(root.makeSymbolicLink("x", path)), errno.EXIST, path);
      assert.equal(code(root.open(path, { ...writing, create: true })), errno.ISDIR, path);
    }
    for (const path of ["", "..", "../in"]) {
      const expected = path === "" ? errno.NOENT : errno.PERM;
      assert.equal(code(root.removeDirectory(path)), expected, path);
      assert.equal(code(root.unlink(path)), expected, path);
      assert.equal(code(root.open(path, reading)), expected, path);
      assert.equal(code(root.statusAt(path, true)), expected, path);
    }
  });

  test(`${name}: a mount whose directory was removed answers NOENT`, () => {
    using scratch = plant({ "in/nested": null });
    using root = scratch.mount("in");
    using nested = scratch.mount("in/nested");
    assert.equal(root.removeDirectory("nested"), 0);
    assert.equal(code(nested.open("new", { ...writing, create: true })), errno.NOENT);
    assert.equal(code(nested.makeDirectory("new")), errno.NOENT);
    assert.equal(
      nested.readEntries(0n, 100, () => true),
      -errno.NOENT,
    );
  });

  test(`${name}: a read-only mount refuses every kind of write`, () => {
    using scratch = plant({ "in/file": "text", "in/dir/x": "x", "in/link": { link: "file" }, "in/empty": null });
    using root = scratch.mount("in", "ro");
    const before = scratch.status("in/file");
    const results: Record<string, number> = {
      "open for writing": code(root.open("file", writing)),
      "open for writing only": code(root.open("file", { ...reading, rights: rights.write })),
      "through a link": code(root.open("link", writing)),
      create: code(root.open("new", { ...reading, create: true })),
      "create existing": code(root.open("file", { ...reading, create: true })),
      truncate: code(root.open("file", { ...reading, truncate: true })),
      "truncate without rights": code(root.open("file", { ...reading, truncate: true, rights: 0 })),
      mkdir: code(root.makeDirectory("new")),
      rmdir: code(root.removeDirectory("empty")),
      unlink: code(root.unlink("file")),
      rename: code(root.rename("file", root, "new")),
      link: code(root.link("file", false, root, "new")),
      symlink: code(root.makeSymbolicLink("file", "new")),
      times: code(root.setTimesAt("file", true, 0n, 0n)),
      "own times": code(root.setTimes(0n, 0n)),
    };
    for (const [operation, result] of Object.entries(results)) assert.equal(result, errno.ROFS, operation);
    assert.equal(code(root.makeDirectory("dir")), errno.EXIST);

    const file = root.open("file", { ...reading, rights: rights.read | rights.setSize | rights.allocate });
    assert.ok(file instanceof OpenFile);
    assert.equal(file.write([new Uint8Array(1)]), -errno.BADF);
    assert.equal(file.writeAt([new Uint8Array(1)], 0), -errno.BADF);
    assert.equal(file.setSize(0n), -errno.BADF);
    assert.equal(file.allocate(0n, 100n), -errno.BADF);
    assert.equal(file.setTimes(0n, 0n), -errno.ROFS);
    file.close();

    const inner = root.open("dir", { ...reading, directory: true });
    assert.ok(inner instanceof OpenDirectory);
    assert.equal(code(inner.unlink("x")), errno.ROFS);
    assert.equal(code(inner.open("x", writing)), errno.ROFS);
    inner.close();

    assert.equal(contents(root, "link"), "text");
    assert.equal(scratch.status("in/file").modified, before.modified);
  });

  test(`${name}: nothing is renamed or linked from one mount to another`, () => {
    using scratch = plant({ "in/file": "text", "in/nested/file": "text", "other/x": "" });
    using readOnly = scratch.mount("in/nested", "ro");
    using outer = scratch.mount("in");
    using other = scratch.mount("other");
    for (const [from, to] of [
      [readOnly, outer],
      [outer, readOnly],
      [readOnly, other],
      [outer, other],
    ] as const) {
      assert.equal(from.rename("file", to, "new"), -errno.XDEV);
      assert.equal(from.link("file", false, to, "new"), -errno.XDEV);
      assert.equal(from.link("file", true, to, "new"), -errno.XDEV);
    }
    const inner = outer.open("nested", { ...reading, directory: true });
    assert.ok(inner instanceof OpenDirectory);
    assert.equal(outer.link("file", false, inner, "hard"), 0);
    assert.equal(inner.rename("hard", outer, "moved"), 0);
    inner.close();
    // The same file by a hard link of the host's has the rights of the mount that it is reached through.
    assert.equal(scratch.all.link("in/file", false, scratch.all, "in/nested/hard"), 0);
    assert.equal(code(readOnly.open("hard", writing)), errno.ROFS);
  });

  test(`${name}: a read-write mount inside of a read-only one widens nothing outside of itself`, () => {
    using scratch = plant({ "in/file": "text", "in/cache/x": "x" });
    using outer = scratch.mount("in", "ro");
    using cache = scratch.mount("in/cache");
    assert.equal(code(cache.open("x", writing)), 0);
    assert.equal(code(outer.open("cache/x", writing)), errno.ROFS);
    assert.equal(code(cache.open("../file", writing)), errno.PERM);
    assert.equal(cache.makeSymbolicLink("../file", "out"), 0);
    assert.equal(code(cache.open("out", writing)), errno.PERM);
  });

  test(`${name}: names with NUL are refused, and long ones`, () => {
    using scratch = plant({ "in/file": "text" });
    using root = scratch.mount("in");
    assert.equal(code(root.open("file\0x", reading)), errno.INVAL);
    assert.equal(code(root.makeDirectory("a/b\0")), errno.INVAL);
    assert.equal(code(root.makeSymbolicLink("a\0b", "new")), errno.INVAL);
    assert.equal(code(root.makeSymbolicLink("", "new")), errno.NOENT);
    assert.equal(code(root.open("x".repeat(256), reading)), errno.NAMETOOLONG);
    assert.equal(code(root.open("./".repeat(3000), reading)), errno.NAMETOOLONG);
    assert.equal(code(root.makeSymbolicLink("x".repeat(4096), "new")), errno.NAMETOOLONG);
  });

  test(`${name}: opening does what the request says`, () => {
    using scratch = plant({ "in/file": "text", "in/dir": null });
    using root = scratch.mount("in");
    const cases: readonly [path: string, how: Partial<GuestOpen>, expected: number][] = [
      ["missing", {}, errno.NOENT],
      ["missing/x", { create: true }, errno.NOENT],
      ["file/x", {}, errno.NOTDIR],
      ["file", { directory: true }, errno.NOTDIR],
      ["dir", { directory: true }, 0],
      ["dir", {}, 0],
      ["dir", { rights: rights.read | rights.write }, errno.ISDIR],
      ["dir", { directory: true, rights: rights.read | rights.write }, errno.ISDIR],
      ["dir", { truncate: true }, errno.ISDIR],
      ["dir", { create: true }, errno.ISDIR],
      ["dir", { create: true, exclusive: true }, errno.EXIST],
      ["file", { create: true, exclusive: true }, errno.EXIST],
      ["new", { create: true, directory: true }, errno.INVAL],
      ["new", { create: true, exclusive: true }, 0],
      ["new", { create: true }, 0],
    ];
    for (const [path, how, expected] of cases) {
      assert.equal(code(root.open(path, { ...reading, ...how })), expected, `${path} ${JSON.stringify(how)}`);
    }
    assert.equal(scratch.text("in/file"), "text");
    assert.equal(code(root.open("file", { ...reading, truncate: true, rights: 0 })), 0);
    assert.equal(scratch.text("in/file"), "");
  });

  test(`${name}: rights that were given up are gone, for what is opened beneath as well`, () => {
    using scratch = plant({ "in/file": "text", "in/dir": null });
    using root = scratch.mount("in");
    assert.equal(root.limitRights(root.rights & ~rights.unlinkFile, root.inheriting & ~rights.write), 0);
    assert.equal(root.limitRights(root.rights | rights.unlinkFile, root.inheriting), -errno.NOTCAPABLE);
    assert.equal(root.limitRights(root.rights, root.inheriting | rights.write), -errno.NOTCAPABLE);
    assert.equal(code(root.unlink("file")), errno.NOTCAPABLE);
    assert.equal(code(root.open("file", writing)), errno.NOTCAPABLE);
    assert.equal(contents(root, "file"), "text");
    const inner = root.open("dir", { ...reading, directory: true });
    assert.ok(inner instanceof OpenDirectory);
    assert.equal(code(inner.open("new", { ...writing, create: true })), errno.NOTCAPABLE);
    inner.close();
    assert.equal(root.limitRights(0, 0), 0);
    for (const result of [
      root.open("file", reading),
      root.makeDirectory("x"),
      root.statusAt("file", true),
      root.readLink("x", new Uint8Array(1)),
      root.readEntries(0n, 100, () => true),
      root.status(),
    ]) {
      assert.equal(code(result), errno.NOTCAPABLE);
    }
  });

  test(`${name}: readLink() cuts off where the buffer ends`, () => {
    using scratch = plant({ "in/link": { link: "some/where" }, "in/file": "" });
    using root = scratch.mount("in");
    const buffer = new Uint8Array(20).fill(46);
    assert.equal(root.readLink("link", buffer), 10);
    assert.equal(new TextDecoder().decode(buffer), "some/where..........");
    assert.equal(root.readLink("link", buffer.subarray(0, 4)), 4);
    assert.equal(root.readLink("link", new Uint8Array(0)), 0);
    assert.equal(root.readLink("file", buffer), -errno.INVAL);
    assert.equal(root.readLink("missing", buffer), -errno.NOENT);
  });

  test(`${name}: entries are resumed at any cookie, whatever was removed in between`, () => {
    using scratch = plant({ "in/a": "", "in/b/x": "", "in/c": { link: "a" } });
    for (let n = 0; n < 200; n++) scratch.all.makeDirectory(`in/n${n}`);
    using root = scratch.mount("in");
    type Entry = { name: string; type: number; inode: bigint; next: bigint };
    const list = (cookie: bigint, bytesMax = 300, most = Number.POSITIVE_INFINITY): Entry[] => {
      const found: Entry[] = [];
      const result = root.readEntries(cookie, bytesMax, ({ name: bytes, type, inode, next }) => {
        found.push({ name: new TextDecoder().decode(bytes), type, inode, next });
        return found.length < most;
      });
      assert.equal(result, 0);
      return found;
    };
    const all = list(0n);
    assert.equal(all.length, 205);
    assert.equal(new Set(all.map((entry) => entry.name)).size, 205);
    assert.ok(all.some((entry) => entry.name === "."));
    assert.ok(all.some((entry) => entry.name === ".."));
    assert.deepEqual(list(0n, 30_000), all);
    for (const at of [0, 1, 100, 203]) assert.deepEqual(list(all[at]!.next), all.slice(at + 1));
    assert.deepEqual(list(all[204]!.next), []);
    assert.deepEqual(list(all[50]!.next, 300, 2), all.slice(51, 53));
    for (const { name: entry, type, inode } of all) {
      if (entry === "..") continue;
      const status = scratch.status(`in/${entry}`, false);
      assert.equal(inode, status.inode);
      const expected =
        status.type === filetype.regularFile
          ? filetype.regularFile
          : status.type === filetype.directory
            ? filetype.directory
            : filetype.symbolicLink;
      assert.equal(type, expected);
    }
    const rest = all.slice(101).filter((entry) => !entry.name.startsWith("n"));
    for (const entry of all) if (entry.name.startsWith("n")) assert.equal(root.removeDirectory(entry.name), 0);
    assert.deepEqual(
      list(all[100]!.next).map((entry) => entry.name),
      rest.map((entry) => entry.name),
    );
    // Cookies that were never given out: whatever comes, it is an answer.
    for (const cookie of [1n, 12345n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n]) {
      assert.ok(Number.isInteger(root.readEntries(cookie, 100, () => true)));
    }
  });
}
