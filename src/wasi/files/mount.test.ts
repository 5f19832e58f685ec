import assert from "node:assert/strict";
import { readdirSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { type MountSpec, openMount, openMounts } from "./mount.ts";
import { makeTree } from "./scratch-tree.suite.ts";

const open = () => readdirSync("/proc/self/fd").length;

function refused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof WarrenError && error.code === code;
}

test("openMount() names what is wrong with the source", () => {
  using scratch = makeTree({ file: "", dir: null, loop: { link: "loop" } });
  for (const [source, code] of [
    ["missing", "mount.missing"],
    ["file/x", "mount.not-a-directory"],
    ["loop", "mount.denied"],
  ] as const) {
    const before = open();
    assert.throws(() => openMount({ source: scratch.path(source), target: "/x", mode: "ro" }), refused(code));
    assert.equal(open(), before);
  }
});

test("openMount() follows links to the source and keeps what it opened when the name goes elsewhere", () => {
  using scratch = makeTree({ "dir/inside": "" });
  symlinkSync("dir", scratch.path("link"));
  const mount = openMount({ source: scratch.path("link"), target: "/x", mode: "ro" });
  assert.equal(mount.preopen, "/x");
  assert.notEqual(typeof mount.statusAt("inside", false), "number");
  mount.close();
});

test("openMounts() refuses a read-only source inside of a read-write one, and leaves nothing open", () => {
  using scratch = makeTree({ "outer/inner": null, "outer-too": null });
  symlinkSync("outer/inner", scratch.path("alias"));
  const spec = (source: string, mode: "ro" | "rw"): MountSpec => ({
    source: scratch.path(source),
    target: `/${source}`,
    mode,
  });
  for (const [specs, allowed] of [
    [[spec("outer", "ro"), spec("outer/inner", "rw")], true],
    [[spec("outer", "rw"), spec("outer/inner", "rw")], true],
    [[spec("outer", "rw"), spec("outer-too", "ro")], true],
    [[spec("outer", "rw"), spec("outer/inner", "ro")], false],
    [[spec("alias", "ro"), spec("outer", "rw")], false],
    [[spec("outer", "ro"), spec("outer", "rw")], false],
  ] as const) {
    const before = open();
    if (allowed) for (const mount of openMounts(specs)) mount.close();
    else assert.throws(() => openMounts(specs), refused("mount.overlap"));
    assert.equal(open(), before);
  }
  const before = open();
  assert.throws(() => openMounts([spec("outer", "rw"), spec("missing", "rw")]), refused("mount.missing"));
  assert.equal(open(), before);
});
