import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isComponent } from "../../src/component/preamble.ts";
import { buildGuest, type GuestName, guests, requireToolchain } from "./build.ts";

const components: readonly GuestName[] = ["c-handler", "c-keyvalue", "rust-handler"];

for (const [name, language] of Object.entries(guests) as [GuestName, (typeof guests)[GuestName]][]) {
  const component = components.includes(name);
  test(`buildGuest() makes ${name} a ${component ? "component" : "program of plain preview 1"}`, async (t) => {
    if (!(await requireToolchain(t, language))) return;
    const bytes = await readFile(await buildGuest(name));
    assert.equal(isComponent(bytes), component);
    if (component) return;
    const module = await WebAssembly.compile(bytes);
    assert.deepEqual([...new Set(WebAssembly.Module.imports(module).map((i) => i.module))], ["wasi_snapshot_preview1"]);
    const exports = WebAssembly.Module.exports(module).map((e) => e.name);
    assert.ok(exports.includes("_start") && exports.includes("memory"), exports.join());
  });
}
