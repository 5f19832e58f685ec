import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { coversMounts, identifyMounts, unionOfMounts } from "./mount-cover.ts";

test("coversMounts() goes by directories, not by their names", (t) => {
  const root = mkdtempSync(join(tmpdir(), "warren-mounts-"));
  t.after(() => rmSync(root, { recursive: true }));
  const [a, b, link] = ["a", "b", "link"].map((name) => join(root, name)) as [string, string, string];
  mkdirSync(a);
  mkdirSync(b);
  symlinkSync(a, link);
  const granted = identifyMounts([
    { source: a, mode: "ro" },
    { source: b, mode: "rw" },
    { source: join(root, "later"), mode: "rw" },
  ]);
  const check = (source: string, mode: "ro" | "rw", covered: boolean) =>
    assert.equal(coversMounts(granted, [{ source, mode }]), covered, `${source} ${mode}`);
  check(a, "ro", true);
  check(a, "rw", false);
  check(b, "ro", true);
  check(b, "rw", true);
  check(link, "ro", true);
  check(root, "ro", false);
  check(join(root, "none"), "ro", true);
  mkdirSync(join(root, "later"));
  check(join(root, "later"), "ro", false);
  // Replaced by another of the same name.
  renameSync(b, join(root, "c"));
  mkdirSync(b);
  check(b, "ro", false);
  check(join(root, "c"), "rw", true);
});

test("unionOfMounts() keeps each once, and the right to write", () => {
  assert.deepEqual(
    unionOfMounts([
      [
        { source: "/a", mode: "ro" },
        { source: "/b", mode: "rw" },
      ],
      [
        { source: "/a", mode: "rw" },
        { source: "/b", mode: "ro" },
      ],
    ]),
    [
      { source: "/a", mode: "rw" },
      { source: "/b", mode: "rw" },
    ],
  );
});
