// The WebAssembly specification's test-suite behaves the same rewritten as not, with the epoch raised before every action.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { test } from "node:test";
import { capsDefault } from "../../src/wasm/caps.ts";
import { decodeModule } from "../../src/wasm/decode.ts";
import { rewriteModule } from "../../src/wasm/rewrite/rewrite.ts";
import { cell, instantiate } from "../../src/wasm/rewrite/testdata/preemption.ts";
import { runScript, type World } from "./script.ts";
import { specSuiteTool, suiteFolder } from "./spec-suite.ts";

// The suite has modules of more memories than a service may have.
const caps = { ...capsDefault, memories: 100 };

const plain: World = {
  compile: (bytes) => new WebAssembly.Module(bytes as BufferSource),
  instantiate: (module, imports) => new WebAssembly.Instance(module, imports).exports,
};

function rewrittenWorld(): World {
  const made = new WeakMap<WebAssembly.Module, ReturnType<typeof rewriteModule>>();
  return {
    compile: (bytes) => {
      const rewritten = rewriteModule(decodeModule(bytes, caps));
      const module = new WebAssembly.Module(rewritten.bytes as BufferSource);
      made.set(module, rewritten);
      return module;
    },
    instantiate: (module, imports) => {
      const { exports } = instantiate(made.get(module)!, module, { imports });
      (exports["warren.start"] as (() => void) | undefined)?.();
      return exports;
    },
    beforeAction: () => {
      cell[0] = 1;
    },
  };
}

/** Where the rewritten suite differs, and is meant to. */
const differencesExpected: readonly string[] = [
  // The start function is exported, which counts as a declaration that references to it may be made.
  "reference-types.ref_func.json 113 assert_invalid: refused → compiled",
  "wasm-latest.ref_func.json 113 assert_invalid: refused → compiled",
  // Nobody's table may be as large.
  "wasm-latest.table.json 9 module_definition: CompileError → WarrenError: the module has 4294967295 entries in its tables (at 0xb), the limit is 200000",
];

test("the specification's test-suite behaves the same rewritten as not", (t) => {
  let folder = process.env.WARREN_SPEC_SUITE;
  if (folder === undefined) {
    const tool = specSuiteTool(t);
    if (tool === undefined) return;
    folder = suiteFolder("scripts");
    execFileSync(tool, ["suite", folder]);
  }
  let commands = 0;
  const differences: string[] = [];
  for (const name of globSync("*.json", { cwd: folder }).sort()) {
    const expected = runScript(folder, name, plain);
    const actual = runScript(folder, name, rewrittenWorld());
    commands += expected.length;
    for (const [i, line] of expected.entries()) {
      if (line === actual[i]) continue;
      differences.push(`${name} ${line} → ${actual[i]!.slice(actual[i]!.indexOf(": ") + 2)}`);
    }
  }
  assert.ok(commands > 50_000, `the suite has only ${commands} commands`);
  t.diagnostic(`${commands} commands, the same but for ${differences.length}`);
  assert.deepEqual(differences, differencesExpected);
});
