import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { closedToOthers } from "./pieces.ts";
import { buildWall } from "./wall.ts";

test("closedToOthers() names the first part of a path that keeps others out", (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "warren-closed-")));
  t.after(() => rmSync(root, { recursive: true }));
  const [outer, inner] = [join(root, "outer"), join(root, "outer/inner")];
  const file = join(inner, "file");
  mkdirSync(inner, { recursive: true });
  writeFileSync(file, "");
  const set = (rights: Record<string, number>) => {
    for (const [path, mode] of Object.entries(rights)) chmodSync(path, mode);
  };
  const open = { [root]: 0o755, [outer]: 0o711, [inner]: 0o755, [file]: 0o644 };
  const check = (changed: Record<string, number>, path: string, expected: string | undefined) => {
    set({ ...open, ...changed });
    assert.equal(closedToOthers(path), expected, JSON.stringify(changed));
  };
  check({}, file, undefined);
  check({}, inner, undefined);
  check({ [file]: 0o640 }, file, file);
  check({ [inner]: 0o750 }, file, inner);
  check({ [outer]: 0o700, [file]: 0o600 }, file, outer);
  check({ [inner]: 0o711 }, inner, inner);
  set(open);
  symlinkSync(file, join(root, "link"));
  check({ [outer]: 0o700 }, join(root, "link"), outer);
  check({}, join(root, "none"), undefined);
});

test('buildWall("off") puts nothing up and says so', () => {
  const wall = buildWall("off");
  assert.equal(wall.state.landlock || wall.state.seccomp, false);
  assert.equal(wall.user, undefined);
  assert.match(wall.missing.join(), /off/);
});
