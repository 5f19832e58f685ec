import assert from "node:assert/strict";
import { fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { closeFile } from "./calls.ts";
import type { FileSystem } from "./file-system.ts";
import { makeTree } from "./scratch-tree.suite.ts";

/** What {@link FileSystem.resolve} does with the host's files, by either way. */
export function resolverSuite(name: string, files: FileSystem): void {
  const chain = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`in/l${n}`, { link: n === 0 ? "dir" : `l${n - 1}` }] as const),
  );
  const tree = {
    "in/dir/sub/file": "inside",
    "in/other/x": "inside",
    "in/to-dir": { link: "dir" },
    "in/to-sub": { link: "dir/sub" },
    "in/to-sub-slash": { link: "dir/sub///" },
    "in/dir/up": { link: ".." },
    "in/here": { link: "." },
    "in/out": { link: "../outside" },
    "in/out-and-back": { link: "../in/dir" },
    "in/absolute": { link: "/etc" },
    "in/absolute-in": { link: "/" },
    "in/loop": { link: "loop" },
    "in/ping": { link: "pong" },
    "in/pong": { link: "ping" },
    "in/dangling": { link: "missing/x" },
    "in/through-file": { link: "dir/sub/file/x" },
    "in/dir/ümläut 🐇/x": "",
    "outside/secret": "secret",
    ...chain,
  } as const;

  // Where a path leads beneath the root, or the errno.
  const cases: readonly [path: string, result: string | number][] = [
    [".", ""],
    ["dir", "dir"],
    ["dir/", "dir"],
    ["dir//sub/", "dir/sub"],
    ["./dir/./sub/.", "dir/sub"],
    ["dir/sub/..", "dir"],
    ["dir/../dir/sub/../../other", "other"],
    ["dir/..", ""],
    ["to-dir", "dir"],
    ["to-dir/sub", "dir/sub"],
    // `..` is physical: the parent of what the link leads to, not of the link.
    ["to-sub/..", "dir"],
    ["to-sub/../..", ""],
    ["to-sub-slash", "dir/sub"],
    ["dir/up/other", "other"],
    ["dir/up/dir/up/dir/up/other", "other"],
    ["here/here/here/dir", "dir"],
    ["dir/ümläut 🐇", "dir/ümläut 🐇"],
    ["l10", "dir"],
    ["l59", errno.LOOP],
    ["loop", errno.LOOP],
    ["ping/x", errno.LOOP],
    ["..", errno.PERM],
    ["../", errno.PERM],
    ["../in", errno.PERM],
    ["dir/../..", errno.PERM],
    ["dir/../../in/dir", errno.PERM],
    ["dir/up/..", errno.PERM],
    ["to-sub/../../..", errno.PERM],
    ["here/..", errno.PERM],
    ["out", errno.PERM],
    ["out-and-back", errno.PERM],
    ["absolute", errno.PERM],
    ["absolute-in", errno.PERM],
    ["/", errno.PERM],
    ["/etc", errno.PERM],
    ["missing", errno.NOENT],
    ["missing/..", errno.NOENT],
    ["dangling", errno.NOENT],
    ["dir/sub/file", errno.NOTDIR],
    ["dir/sub/file/..", errno.NOTDIR],
    ["dir/sub/file/", errno.NOTDIR],
    ["through-file", errno.NOTDIR],
    ["x".repeat(256), errno.NAMETOOLONG],
    ["x/".repeat(4000), errno.NAMETOOLONG],
  ];

  test(`${name} leads where the path says, and never out`, () => {
    using scratch = makeTree(tree);
    const root = openSync(scratch.path("in"), "r");
    try {
      for (const [path, expected] of cases) {
        const fd = files.resolve(root, path);
        if (typeof expected === "number") {
          assert.equal(fd, -expected, path.slice(0, 80));
          continue;
        }
        assert.ok(fd >= 0, `${path}: errno ${-fd}`);
        const [found, wanted] = [fstatSync(fd), statSync(scratch.path(`in/${expected}`))];
        closeFile(fd);
        assert.deepEqual([found.dev, found.ino], [wanted.dev, wanted.ino], path);
      }
    } finally {
      closeFile(root);
    }
  });

  test(`${name} leaves no descriptor open but the one it gives`, () => {
    using scratch = makeTree(tree);
    const root = openSync(scratch.path("in"), "r");
    try {
      const open = () => readdirSync("/proc/self/fd").length;
      const before = open();
      for (const [path] of cases) {
        const fd = files.resolve(root, path);
        assert.equal(open(), before + (fd >= 0 ? 1 : 0), path.slice(0, 80));
        if (fd >= 0) closeFile(fd);
      }
    } finally {
      closeFile(root);
    }
  });

  test(`${name} does not follow the links of /proc`, () => {
    const root = openSync("/proc/self", "r");
    try {
      for (const path of ["root", "root/etc", "cwd", `fd/${root}`, `fd/${root}/..`, "exe"]) {
        assert.ok([-errno.PERM, -errno.LOOP].includes(files.resolve(root, path)), path);
      }
    } finally {
      closeFile(root);
    }
  });
}
