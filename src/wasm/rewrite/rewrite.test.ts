import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModule } from "../decode.ts";
import { functionName } from "../function-name.ts";
import { cell, instantiate, rewrite } from "./testdata/preemption.ts";
import { wat } from "./testdata/wat.ts";

async function refuses(text: string, code: string): Promise<void> {
  const bytes = await wat(`(module ${text})`);
  assert.throws(() => rewrite(bytes), { code }, text);
}

test("rewriteModule() refuses a module that uses the reserved names", async () => {
  await refuses('(import "warren" "mem0" (func))', "module.reserved-name");
  await refuses('(func (export "warren.start"))', "module.reserved-name");
  rewrite(await wat('(module (import "warrens" "x" (func)) (func (export "warren")))'));
});

test("rewriteModule() turns memories into imports and shows what is hidden", async () => {
  const bytes = await wat(`(module
    (import "host" "memory" (memory 1))
    (memory $own (export "memory") 2 3)
    (memory $wide i64 1)
    (table $t 2 5 funcref)
    (global $counter (mut i32) (i32.const 7))
    (global $constant i32 (i32.const 8))
    (global $far (mut i64) (i64.const 9))
    (data (memory $own) (i32.const 4) "hello")
    (func $set (global.set $counter (i32.const 70)))
    (func (export "far") (result i64) (drop (i64.load $wide (i64.const 0))) (global.get $far))
    (start $set))`);
  const rewritten = rewrite(bytes);
  assert.deepEqual(rewritten.memories, [
    { name: "mem0", min: 2, max: 3, is64: false },
    { name: "mem1", min: 1, max: undefined, is64: true },
  ]);
  assert.deepEqual(
    rewritten.globals.map(({ name }) => name),
    ["warren.global.0", "warren.global.2"],
  );
  assert.deepEqual(
    rewritten.tables.map(({ name }) => name),
    ["warren.table.0"],
  );
  assert.equal(rewritten.hasStart, true);
  const imported = new WebAssembly.Memory({ initial: 1 });
  const { exports, memories } = instantiate(rewritten, new WebAssembly.Module(rewritten.bytes as BufferSource), {
    imports: { host: { memory: imported } },
    pagesMax: 10,
  });
  assert.equal(exports.memory, memories[0]);
  assert.equal(Buffer.from(memories[0]!.buffer, 4, 5).toString(), "hello");
  const counter = exports["warren.global.0"] as WebAssembly.Global;
  assert.equal(counter.value, 7);
  (exports["warren.start"] as () => void)();
  assert.equal(counter.value, 70);
  assert.equal((exports.far as () => bigint)(), 9n);
});

test("a loop calls the tick when the cell is raised", async () => {
  const rewritten = rewrite(
    await wat(`(module (func (export "count") (param $n i32) (result i32) (local $i i32)
      (loop $again (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (local.get $n)))) (local.get $i)))`),
  );
  let ticks = 0;
  const module = new WebAssembly.Module(rewritten.bytes as BufferSource);
  const { exports } = instantiate(rewritten, module, {
    tick: () => {
      ticks++;
      return 1;
    },
  });
  const count = exports.count as (n: number) => number;
  cell[0] = 0;
  assert.equal(count(100_000), 100_000);
  assert.equal(ticks, 0);
  cell[0] = 1;
  assert.equal(count(100_000), 100_000);
  assert.equal(ticks, 1);
});

test("a trap tells the names of the guest's functions and of the rewriter's", async () => {
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.parseText(`(module (func $inner (loop $l (br $l)))
    (func $outer (call $inner)) (func (export "spin") (call $outer)))`);
  binaryen.setDebugInfo(true);
  const bytes = module.emitBinary();
  binaryen.setDebugInfo(false);
  const rewritten = rewrite(bytes);
  assert.equal(functionName(decodeModule(bytes), 1), "outer");
  const { exports } = instantiate(rewritten, new WebAssembly.Module(rewritten.bytes as BufferSource), {
    tick: () => -1,
  });
  cell[0] = 1;
  assert.throws(exports.spin as () => void, (error: Error) => {
    const names = [...error.stack!.matchAll(/at ([\w.]+) \(wasm:/g)].map(([, name]) => name);
    assert.deepEqual(names, ["warren.slow", "inner", "outer"]);
    return true;
  });
});
