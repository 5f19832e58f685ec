import assert from "node:assert/strict";
import { test } from "node:test";
import type { CanonicalFunction, ComponentPlan, ExportedFunction, LiftedFunction } from "../plan.ts";
import type { FunctionType, GuestResource, ResourceType, ValueType } from "../types.ts";
import { allocator, type Encoding, echoModule, identity } from "./testdata/echo-guest.ts";
import { borrow, core, exported, functionType, list, options, own, text, u32 } from "./testdata/plan.ts";
import { instantiate, type Rig } from "./testdata/rig.ts";

interface Parts {
  /** Functions that are made for core modules; each instance imports those of its component as `host` `f0` and so on, by index. */
  readonly functions: readonly CanonicalFunction[];
  readonly imports?: readonly { readonly name: string; readonly type: FunctionType }[];
  readonly exports: readonly ExportedFunction[];
}

/** Two components: the first, core instance 0, is called by the second, core instance 1. */
function compose({ functions, imports = [], exports }: Parts): ComponentPlan {
  const given = (component: number) =>
    functions.flatMap((made, index) =>
      made.component === component
        ? [{ module: "host", name: `f${index}`, item: { kind: "canonical", index } as const }]
        : [],
    );
  return {
    modules: [
      { start: 0, end: 0 },
      { start: 0, end: 0 },
    ],
    componentInstances: 2,
    coreInstances: [0, 1].map((component) => ({ module: component, component, imports: given(component) })),
    functions,
    imports: imports.map((one) => ({ interface: "test:host/host", version: "", ...one })),
    exports,
  };
}

const lifted = (component: number, name: string, type: FunctionType, encoding: Encoding = "utf8"): LiftedFunction => ({
  type,
  core: core(name, component),
  options: options(component, { encoding }),
  component,
});
const calls = (callee: LiftedFunction, component: number, encoding: Encoding = "utf8"): CanonicalFunction => ({
  kind: "lower",
  target: { kind: "guest", function: callee },
  options: options(component, { encoding }),
  component,
});
const callsHost = (index: number, component: number): CanonicalFunction => ({
  kind: "lower",
  target: { kind: "host", index },
  options: options(component),
  component,
});
const ofOuter = (name: string, type: FunctionType, encoding: Encoding = "utf8"): ExportedFunction =>
  exported(name, type, { core: core(name, 1), options: options(1, { encoding }), component: 1 });

/** The outer passes to the inner what it gets, the inner to the host, and all the way back. */
async function echoThrough(type: ValueType, inner: Encoding, outer: Encoding, rig: Rig) {
  const echo = identity(type);
  const plan = compose({
    functions: [callsHost(0, 0), calls(lifted(0, "f", echo, inner), 1, outer)].map((made, index) =>
      index === 0 ? { ...made, options: options(0, { encoding: inner }) } : made,
    ) as CanonicalFunction[],
    imports: [{ name: "f", type: echo }],
    exports: [ofOuter("f", echo, outer)],
  });
  return instantiate(plan, [echoModule(echo, "host", "f0", "f"), echoModule(echo, "host", "f1", "f")], rig);
}

const value: ValueType = {
  kind: "record",
  fields: [
    { name: "name", type: text },
    { name: "lists", type: list(list({ kind: "u8" })) },
    { name: "nan", type: { kind: "f64" } },
    {
      name: "choice",
      type: {
        kind: "variant",
        cases: [
          { name: "a", type: { kind: "f32" } },
          { name: "b", type: text },
        ],
      },
    },
    { name: "maybe", type: { kind: "option", some: { kind: "option", some: { kind: "u64" } } } },
  ],
};
const example = {
  name: "a näme of 日本",
  lists: [new Uint8Array([1, 2]), new Uint8Array(100_000).fill(3)],
  nan: Number.NaN,
  choice: { tag: "b", val: "é" },
  maybe: { val: 5n },
};

for (const [inner, outer] of [
  ["utf8", "utf8"],
  ["utf16", "utf8"],
  ["utf8", "latin1+utf16"],
  ["latin1+utf16", "utf16"],
] as const)
  test(`values go from a component in ${outer} to one in ${inner} and back`, async () => {
    let seen: unknown;
    const f = (got: unknown): unknown => {
      seen = structuredClone(got);
      return example;
    };
    const { instance } = await echoThrough(value, inner, outer, { functions: { f } });
    assert.deepEqual(await instance.call("", "f", [example]), example);
    assert.deepEqual(seen, example);
  });

test("a component is suspended through another that called it", async () => {
  const f = (got: unknown): Promise<unknown> => {
    const kept = structuredClone(got);
    return new Promise((resolve) => setImmediate(() => resolve(kept)));
  };
  const { instance } = await echoThrough(value, "utf8", "utf8", { functions: { f }, blocks: () => true });
  const first = instance.call("", "f", [example]);
  // Meanwhile it is not entered again, and that does not harm it.
  await assert.rejects(instance.call("", "f", [example]), /is in a call/);
  assert.deepEqual(await first, example);
  assert.deepEqual(await instance.call("", "f", [example]), example);
});

test("a component is suspended through two others that only call", async () => {
  const type = functionType({ x: u32 }, u32);
  const base = compose({
    functions: [callsHost(0, 0), calls(lifted(0, "f", type), 1), calls(lifted(1, "f", type), 2)],
    imports: [{ name: "f", type }],
    exports: [exported("f", type, { core: core("f", 2), options: options(2), component: 2 })],
  });
  const outer = {
    module: 2,
    component: 2,
    imports: [{ module: "host", name: "f2", item: { kind: "canonical", index: 2 } }],
  };
  const plan = {
    ...base,
    componentInstances: 3,
    modules: [...base.modules, { start: 0, end: 0 }],
    coreInstances: [...base.coreInstances, outer],
  } as ComponentPlan;
  const modules = ["f0", "f1", "f2"].map((name) => echoModule(type, "host", name, "f"));
  const { instance } = await instantiate(plan, modules, {
    functions: { f: (x: number) => new Promise((resolve) => setImmediate(() => resolve(x + 1))) },
    blocks: () => true,
  });
  assert.equal(await instance.call("", "f", [41]), 42);
});

test("a promise that is rejected deep inside ends all with what it was rejected with", async () => {
  const failure = new Error("of the host");
  const { instance } = await echoThrough(value, "utf8", "utf8", {
    functions: { f: () => Promise.reject(failure) },
    blocks: () => true,
  });
  await assert.rejects(instance.call("", "f", [example]), (error) => error === failure);
  await assert.rejects(instance.call("", "f", [example]), (error) => error === failure);
});

test("components may be suspended anywhere when they are preempted", async () => {
  const type = functionType({ x: u32 }, u32);
  const plan = compose({ functions: [calls(lifted(0, "f", type), 1)], exports: [ofOuter("f", type)] });
  const inner = `(module (import "warren" "yield" (func $yield)) ${allocator}
    (func (export "f") (param i32) (result i32) (call $yield) (i32.add (local.get 0) (i32.const 1))))`;
  const jspi = WebAssembly as unknown as { Suspending: new (call: unknown) => WebAssembly.ImportValue };
  let yields = 0;
  const pause = new jspi.Suspending(() => {
    yields++;
    return new Promise(setImmediate);
  });
  const { wat } = await import("../../wasm/rewrite/testdata/wat.ts");
  const modules = await Promise.all(
    [inner, echoModule(type, "host", "f0", "f")].map(
      async (one) => new WebAssembly.Module(new Uint8Array(await wat(one))),
    ),
  );
  const { instance } = await instantiate(plan, [inner, inner], {
    options: { preemptive: true },
    environment: {
      instantiate: (index, imports) =>
        new WebAssembly.Instance(modules[index]!, { ...imports, warren: { yield: pause } }).exports,
    },
  });
  assert.equal(await instance.call("", "f", [41]), 42);
  assert.equal(yields, 1);
});

test("a component that is in a call is not entered again, by whomever", async () => {
  const type = functionType({ x: u32 }, u32);
  // The inner calls a function of the outer, which is calling it.
  const plan = compose({
    functions: [calls(lifted(1, "back", type), 0), calls(lifted(0, "f", type), 1)],
    exports: [ofOuter("f", type)],
  });
  const back = '(func (export "back") (param i32) (result i32) (unreachable))';
  const modules = [echoModule(type, "host", "f0", "f"), echoModule(type, "host", "f1", "f", back)];
  const { instance } = await instantiate(plan, modules);
  await assert.rejects(instance.call("", "f", [1]), /cannot enter a component instance that is in a call/);
  await assert.rejects(instance.call("", "f", [1]), /cannot enter a component instance/);
});

const file: ResourceType = { origin: "host", interface: "test:host/host", name: "file" };

/** The inner has functions that take and give files of the host's; the outer calls them. */
async function passers(rig: Rig = {}) {
  const dropped: unknown[] = [];
  const drop = (component: number): CanonicalFunction => ({ kind: "resource.drop", resource: file, component });
  const types = {
    keep: functionType({ file: own(file) }, u32),
    back: functionType({ handle: u32 }, own(file)),
    look: functionType({ file: borrow(file), drop: u32 }, u32),
    take: functionType({ file: own(file) }, u32),
  };
  const plan = compose({
    functions: [
      drop(0),
      callsHost(0, 0),
      drop(1),
      calls(lifted(0, "keep", types.keep), 1),
      calls(lifted(0, "back", types.back), 1),
      calls(lifted(0, "look", types.look), 1),
    ],
    imports: [{ name: "use", type: functionType({ file: borrow(file) }) }],
    exports: [
      ofOuter("take", types.take),
      ofOuter("pass", functionType({ handle: u32 }, u32)),
      ofOuter("get", functionType({ handle: u32 }, u32)),
      ofOuter("show", functionType({ handle: u32, drop: u32 }, u32)),
      ofOuter("drop", functionType({ handle: u32 })),
      exported("drop-inner", functionType({ handle: u32 }), { core: core("drop") }),
    ],
  });
  const inner = `(module (import "host" "f0" (func $drop (param i32))) (import "host" "f1" (func $use (param i32))) ${allocator}
    (func (export "keep") (param i32) (result i32) (local.get 0))
    (func (export "back") (param i32) (result i32) (local.get 0))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "look") (param i32 i32) (result i32)
      (call $use (local.get 0))
      (if (local.get 1) (then (call $drop (local.get 0)))) (local.get 0)))`;
  const outer = `(module (import "host" "f2" (func $drop (param i32))) (import "host" "f3" (func $keep (param i32) (result i32)))
    (import "host" "f4" (func $back (param i32) (result i32))) (import "host" "f5" (func $look (param i32 i32) (result i32))) ${allocator}
    (func (export "take") (param i32) (result i32) (local.get 0))
    (func (export "pass") (param i32) (result i32) (call $keep (local.get 0)))
    (func (export "get") (param i32) (result i32) (call $back (local.get 0)))
    (func (export "show") (param i32 i32) (result i32) (call $look (local.get 0) (local.get 1)))
    (func (export "drop") (param i32) (call $drop (local.get 0))))`;
  const used: unknown[] = [];
  const made = await instantiate(plan, [inner, outer], {
    ...rig,
    functions: {
      "[resource-drop]file": (one) => dropped.push(one),
      use: (one) => {
        used.push(one);
      },
    },
  });
  const call = (name: string, ...args: readonly unknown[]) => made.instance.call("", name, args);
  return { ...made, call, dropped, used };
}

test("owned handles move from table to table", async () => {
  const one = await passers();
  assert.equal(await one.call("take", "a"), 1);
  assert.equal(await one.call("take", "b"), 2);
  assert.equal(await one.call("pass", 2), 1);
  assert.equal(one.instance.handles, 2);
  await one.call("drop-inner", 1);
  assert.deepEqual(one.dropped, ["b"]);
  assert.equal(await one.call("pass", 1), 1);
  assert.equal(await one.call("get", 1), 1);
  await one.call("drop", 1);
  assert.deepEqual(one.dropped, ["b", "a"]);
  assert.equal(one.instance.handles, 0);
  await assert.rejects(one.call("pass", 1), /a function of component instance 0: file: there is no handle 1/);
});

test("what one component lends to another must be dropped by it", async () => {
  const one = await passers();
  await one.call("take", "a");
  assert.equal(await one.call("show", 1, 1), 1);
  assert.deepEqual(one.used, ["a"]);
  assert.deepEqual(one.dropped, []);
  assert.equal(one.instance.handles, 1);
  await assert.rejects(one.call("show", 1, 0), /handles that were lent for this call are left/);
});

test("what was on its way between two components is dropped once", async () => {
  const one = await passers({ options: { limits: { handlesMax: 1 } } });
  await one.call("take", "a");
  await one.call("pass", 1);
  await one.call("take", "b");
  await assert.rejects(one.call("pass", 1), /holds more than 1 handles/);
  one.instance.resetHandles();
  assert.deepEqual(one.dropped, ["a", "b"]);
});

/** The inner defines a resource, whose destructor waits for the host; the outer uses it. */
async function definers(wait: () => unknown, blocks: boolean) {
  const counter: ResourceType = { origin: "guest", instance: 0, destructor: core("destroy", 0) };
  const types = {
    make: functionType({ rep: u32 }, own(counter)),
    value: functionType({ counter: borrow(counter) }, u32),
  };
  const plan = compose({
    functions: [
      callsHost(0, 0),
      { kind: "resource.new", resource: counter, component: 0 },
      calls(lifted(0, "make", types.make), 1),
      calls(lifted(0, "value", types.value), 1),
      { kind: "resource.drop", resource: counter, component: 1 },
    ],
    imports: [{ name: "wait", type: functionType({ rep: u32 }) }],
    exports: [
      ofOuter("value-of", functionType({ rep: u32 }, u32)),
      ofOuter("forged", functionType({ handle: u32 }, u32)),
      exported("make", types.make),
    ],
  });
  const inner = `(module (import "host" "f0" (func $wait (param i32))) (import "host" "f1" (func $new (param i32) (result i32))) ${allocator}
    (func (export "destroy") (param i32) (call $wait (local.get 0)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "value") (param i32) (result i32) (local.get 0)))`;
  const outer = `(module (import "host" "f2" (func $make (param i32) (result i32))) (import "host" "f3" (func $value (param i32) (result i32)))
    (import "host" "f4" (func $drop (param i32))) ${allocator}
    (func (export "value-of") (param i32) (result i32) (local $counter i32)
      (local.set $counter (call $make (local.get 0)))
      (call $value (local.get $counter))
      (call $drop (local.get $counter)))
    (func (export "forged") (param i32) (result i32) (call $value (local.get 0))))`;
  return instantiate(plan, [inner, outer], { functions: { wait }, blocks: () => blocks });
}

for (const blocks of [false, true])
  test(`a component uses another's resource, whose destructor ${blocks ? "waits" : "does not wait"}`, async () => {
    const waits: unknown[] = [];
    const wait = (rep: number): unknown => {
      waits.push(rep);
      return blocks ? new Promise(setImmediate) : undefined;
    };
    const { instance } = await definers(wait as () => unknown, blocks);
    assert.equal(await instance.call("", "value-of", [7]), 7);
    assert.deepEqual(waits, [7]);
    assert.equal(instance.handles, 0);
    const held = (await instance.call("", "make", [8])) as GuestResource;
    await instance.dropResource(held);
    assert.deepEqual(waits, [7, 8]);
    await assert.rejects(instance.call("", "forged", [1]), /there is no handle 1/);
  });
