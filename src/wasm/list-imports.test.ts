import assert from "node:assert/strict";
import { test } from "node:test";
import { listImports } from "./list-imports.ts";

test("listImports() names the first eight, each no longer than fits a message, and counts the rest", () => {
  const imports = Array.from(
    { length: 9 },
    (_, i) => ({ module: "env", name: `f${i + 2}`, kind: "func", type: 0 }) as const,
  );
  assert.match(listImports(imports), /^env\.f2, env\.f3, .*env\.f9 and 1 more$/);
  assert.equal(listImports([{ module: "env", name: "x".repeat(1000), kind: "func", type: 0 }]).length, 60);
});
