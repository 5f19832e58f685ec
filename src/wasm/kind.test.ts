import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModule } from "./decode.ts";
import { type ProgramKind, programKind } from "./kind.ts";
import * as build from "./testdata/build-module.ts";
import { compileAssemblyScript, compileC, compileGo, packagedGuests } from "./testdata/guests.ts";

const { exportItem, importFunction, module, oneBody, oneFunction, section, voidType } = build;
const memory = section(5, [1, 0, 1]);

/** A module with the given function imports and exports of its one function, a memory, and its memory exported. */
function program(imports: readonly [string, string][], entries: readonly string[], type = voidType): Uint8Array {
  const items = imports.map(([from, name]) => importFunction(from, name));
  const exported = entries.map((entry) => exportItem(entry, 0, imports.length));
  return module(
    type,
    ...(items.length > 0 ? [build.imports(...items)] : []),
    oneFunction,
    memory,
    build.exports(...exported, exportItem("memory", 2, 0)),
    oneBody,
  );
}

function kindOf(bytes: Uint8Array): ProgramKind["kind"] {
  return programKind(decodeModule(bytes)).kind;
}

test("programKind() tells commands from reactors", () => {
  const wasi: [string, string][] = [["wasi_snapshot_preview1", "fd_write"]];
  assert.equal(kindOf(program(wasi, ["_start"])), "command");
  assert.equal(kindOf(program(wasi, ["_initialize", "handle"])), "reactor");
  assert.equal(kindOf(program([], ["_start"])), "command");
});

test("programKind() names the host that a program was made for and what to do", () => {
  for (const [from, name, code, hint] of [
    ["gojs", "runtime.wasmExit", "program.gojs", /GOOS=wasip1/],
    ["go", "debug", "program.gojs", /GOOS=wasip1/],
    ["wasi_unstable", "fd_write", "program.preview-0", /wasm32-wasip1/],
    ["wasix_32v1", "thread_spawn_v2", "program.wasix", /wasm32-wasip1/],
    ["env", "emscripten_notify", "program.emscripten", /wasm32-wasip1/],
    ["wasi", "thread-spawn", "program.threads", /wasm32-wasip1/],
    ["wasi:cli/environment@0.2.0", "get-environment", "program.component-core", /warren build/],
    ["__wbindgen_placeholder__", "__wbindgen_throw", "program.wasm-bindgen", /without wasm-bindgen/],
    ["env", "abort", "program.assemblyscript-env", /wasi-shim/],
    ["env", "emscripten_resize_heap", "program.emscripten", /wasm32-wasip1/],
    ["env", "invoke_vi", "program.emscripten", /wasm32-wasip1/],
  ] as const) {
    const bytes = program([[from, name]], ["_start"]);
    assert.throws(
      () => programKind(decodeModule(bytes)),
      (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, code);
        assert.ok(error.message.includes(`${from}.${name}`), error.message);
        assert.match(error.hint, hint);
        return true;
      },
    );
  }
});

test("programKind() refuses what cannot be entered", () => {
  const refuse = (bytes: Uint8Array, code: string): void => assert.throws(() => kindOf(bytes), { code });
  refuse(program([], ["main"]), "program.no-entry");
  refuse(module(), "program.no-entry");
  refuse(module(memory, build.exports(exportItem("_start", 2, 0))), "program.bad-entry");
  refuse(program([], ["_start"], section(1, [1, 0x60, 1, 0x7f, 0])), "program.bad-entry");
  const imported = build.imports(importFunction("wasi_snapshot_preview1", "fd_write"));
  const start = build.exports(exportItem("_start", 0, 1));
  refuse(module(voidType, imported, oneFunction, start, oneBody), "program.no-memory");
});

test("programKind() knows real programs", () => {
  for (const make of [compileC, compileGo]) {
    const guest = make();
    if (guest !== undefined) assert.equal(kindOf(guest.bytes), "command", guest.name);
  }
  for (const { name, bytes } of packagedGuests()) {
    assert.equal(kindOf(bytes), name.includes("ruby") ? "reactor" : "command", name);
  }
  const script = compileAssemblyScript();
  if (script !== undefined) assert.throws(() => kindOf(script.bytes), { code: "program.assemblyscript-env" });
});
