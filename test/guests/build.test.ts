import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { buildGuest, type GuestName, guests, requireToolchain } from "./build.ts";

for (const [name, language] of Object.entries(guests) as [GuestName, (typeof guests)[GuestName]][]) {
  test(`buildGuest() makes ${name} a program of plain preview 1`, async (t) => {
    if (!(await requireToolchain(t, language))) return;
    const module = await WebAssembly.compile(await readFile(await buildGuest(name)));
    assert.deepEqual([...new Set(WebAssembly.Module.imports(module).map((i) => i.module))], ["wasi_snapshot_preview1"]);
    const exports = WebAssembly.Module.exports(module).map((e) => e.name);
    assert.ok(exports.includes("_start") && exports.includes("memory"), exports.join());
  });
}
