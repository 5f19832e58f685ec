import assert from "node:assert/strict";
import { test } from "node:test";
import type { ComponentPlan } from "../plan.ts";
import { instantiate } from "./testdata/rig.ts";

const initialized = `(module
  (import "host" "read" (func $read (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "hi")
  (global (export "done") (mut i32) (i32.const 0))
  (func (export "_initialize")
    (call $read (i32.const 0) (i32.const 2))
    (global.set 0 (i32.const 1))))`;
const after = `(module (import "a" "done" (global (mut i32))) (global (export "seen") (mut i32) (i32.const 0))
  (func $start (global.set 1 (global.get 0))) (start $start))`;

function plan(): ComponentPlan {
  const memory = { kind: "export", instance: 0, name: "memory" } as const;
  const options = { encoding: "utf8", memory, realloc: undefined, postReturn: undefined } as const;
  const done = { kind: "export", instance: 0, name: "done" } as const;
  return {
    modules: [],
    componentInstances: 1,
    coreInstances: [
      {
        module: 0,
        component: 0,
        imports: [{ module: "host", name: "read", item: { kind: "canonical", index: 0 } }],
        initializer: "_initialize",
      },
      { module: 1, component: 0, imports: [{ module: "a", name: "done", item: done }] },
    ],
    functions: [{ kind: "lower", target: { kind: "host", index: 0 }, options, component: 0 }],
    imports: [
      {
        interface: "test:host/echo",
        version: "",
        name: "read",
        type: { parameters: [{ name: "text", type: { kind: "string" } }], result: undefined },
      },
    ],
    exports: [],
  };
}

test("an initializer runs once its instance is there, with memory for what it calls, before the next is made", async () => {
  const read: string[] = [];
  const functions = { read: (text: string) => void read.push(text) };
  const { cores } = await instantiate(plan(), [initialized, after], { functions });
  assert.deepEqual(read, ["hi"]);
  assert.equal((cores[1]!.seen as WebAssembly.Global).value, 1);
});

test("a trap of an initializer fails the instantiation", async () => {
  const functions = {
    read: () => {
      throw new Error("no");
    },
  };
  await assert.rejects(instantiate(plan(), [initialized, after], { functions }), /no/);
});
