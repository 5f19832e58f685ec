import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readProgram } from "./read-program.ts";

test("readProgram() says what a path is that is no program", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-read-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, "main.go");
  writeFileSync(source, "package main\n");
  for (const [path, code, hint] of [
    [join(folder, "x.wasm"), "program.not-found", undefined],
    [folder, "program.unreadable", "Name a .wasm file; `warren build` makes one of a Go package."],
    [source, "module.not-wasm", `\`warren build ${source}\` makes one of it.`],
  ] as const)
    assert.throws(
      () => readProgram(path),
      (error: { code?: string; hint?: string }) => error.code === code && error.hint === hint,
      path,
    );
  writeFileSync(join(folder, "a.wasm"), "changed");
  assert.throws(() => readProgram(join(folder, "a.wasm"), "0".repeat(64)), { code: "program.changed" });
  assert.equal(readProgram(join(folder, "a.wasm")).length, 7);
});
