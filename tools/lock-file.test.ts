import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const text = readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8");
const { packages } = JSON.parse(text) as { packages: Record<string, Entry> };

// npm leaves out of a lock file what the registry it asked did not have, and `npm ci` then refuses the file elsewhere.
test("the lock file names every package that another one may need", () => {
  for (const [path, { dependencies = {}, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = Object.keys(packages).some((key) => key.endsWith(`node_modules/${name}`));
      assert.ok(found, `${name}, needed by ${path || "the project"}, is missing`);
    }
  }
});

test("the lock file holds no registry's address", () => {
  assert.ok(!Object.values(packages).some((entry) => entry.resolved !== undefined));
  assert.doesNotMatch(text, /https?:\/\/[^"]*registry/);
});
