import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

test("the tests that SECURITY.md names are there", () => {
  const named = readFileSync(join(root, "SECURITY.md"), "utf8").matchAll(/`((?:src|test)\/[^`]+\.ts)`/g);
  const files = [...new Set(Array.from(named, ([, file]) => file as string))];
  assert.ok(files.length > 30);
  assert.deepEqual(
    files.filter((file) => globSync(file, { cwd: root }).length === 0),
    [],
  );
});
