// Calls a guest that many times, and says what is left of it: node:test keeps something of each promise, so that this is a process of its own.
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CanonicalFunction } from "../../plan.ts";
import type { GuestResource, ResourceType } from "../../types.ts";
import { allocator } from "./echo-guest.ts";
import { borrow, core, exported, functionType, own, plan, text } from "./plan.ts";
import { instantiate } from "./rig.ts";

const calls = Number(process.argv[2]);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const file: ResourceType = { origin: "host", interface: "test:host/host", name: "file" };
const counter: ResourceType = { origin: "guest", instance: 0, destructor: core("destroy") };

let open = 0;
const functions: readonly (
  | CanonicalFunction
  | { readonly name: string; readonly type: ReturnType<typeof functionType> }
)[] = [
  { kind: "resource.drop", resource: file, component: 0 },
  { kind: "resource.new", resource: counter, component: 0 },
  { name: "open", type: functionType({ name: text }, { kind: "result", ok: own(file), error: text }) },
  { name: "read", type: functionType({ file: borrow(file) }, { kind: "list", element: text }) },
  { name: "wait", type: functionType({ file: borrow(file) }, text) },
];
const module = `(module
  (import "host" "f0" (func $drop (param i32))) (import "host" "f1" (func $new (param i32) (result i32)))
  (import "host" "f2" (func $open (param i32 i32 i32))) (import "host" "f3" (func $read (param i32 i32)))
  (import "host" "f4" (func $wait (param i32 i32)))
  ${allocator}
  (data (i32.const 16) "a name")
  (func (export "destroy") (param i32))
  (func (export "run") (param $given i32) (param $lent i32) (result i32) (local $file i32)
    (global.set $top (i32.const 1024))
    (call $open (i32.const 16) (i32.const 6) (i32.const 64))
    (local.set $file (i32.load (i32.const 68)))
    (call $read (local.get $file) (i32.const 64))
    (call $wait (local.get $lent) (i32.const 64))
    (call $drop (local.get $given)) (call $drop (local.get $lent)) (call $drop (local.get $file))
    (call $new (local.get $file))))`;
const type = functionType({ given: own(file), lent: borrow(file) }, own(counter));
const { instance, cores } = await instantiate(plan({ functions, exports: [exported("run", type)] }), [module], {
  blocks: ({ name }) => name === "wait",
  functions: {
    "[resource-drop]file": () => open--,
    open: () => {
      open++;
      return { tag: "ok", val: {} };
    },
    read: () => ["one", "two"],
    wait: () => (open % 4 === 0 ? Promise.resolve("x") : "x"),
  },
});
const run = async (count: number): Promise<void> => {
  for (let index = 0; index < count; index++) {
    open++;
    const made = (await instance.call("", "run", [{}, {}])) as GuestResource;
    // Handles are used again: a number that grows would be one that is left.
    assert.ok(made.rep < 5);
    if (index % 2 === 0) await instance.dropResource(made);
    assert.equal(instance.handles, 0);
    assert.equal(open, 0);
  }
};
await run(2_000);
collect();
const { heapUsed, arrayBuffers } = process.memoryUsage();
await run(calls);
collect();
const after = process.memoryUsage();
const grown = after.heapUsed - heapUsed + after.arrayBuffers - arrayBuffers;
const memory = cores[0]!.memory as WebAssembly.Memory;
console.log(JSON.stringify({ grown, guestBytes: memory.buffer.byteLength }));
