import assert from "node:assert/strict";
import { test } from "node:test";
import type { CanonicalFunction } from "../plan.ts";
import type { GuestResource, ResourceType } from "../types.ts";
import { allocator } from "./testdata/echo-guest.ts";
import { borrow, exported, functionType, list, own, plan, text, u32 } from "./testdata/plan.ts";
import { instantiate, type Rig } from "./testdata/rig.ts";

const file: ResourceType = { origin: "host", interface: "test:host/host", name: "file" };
const socket: ResourceType = { origin: "host", interface: "test:host/host", name: "socket" };

/** A guest that does with handles what it is told. */
async function puppet(rig: Rig = {}) {
  const dropped: unknown[] = [];
  const drop = (resource: ResourceType): CanonicalFunction => ({ kind: "resource.drop", resource, component: 0 });
  const both = { file: borrow(file), other: own(file) };
  const sent = { file: own(file), text };
  const functions = [
    drop(file),
    { name: "use", type: functionType({ file: borrow(file) }) },
    { name: "both", type: functionType(both) },
    { name: "reversed", type: functionType({ other: own(file), file: borrow(file) }) },
    { name: "send", type: functionType(sent) },
    { name: "all", type: functionType({ files: list(own(file)) }) },
    { name: "open", type: functionType({ name: u32 }, own(file)) },
    { name: "listing", type: functionType({}, list({ kind: "tuple", items: [own(file), text] })) },
  ];
  const exports = [
    exported("take", functionType({ file: own(file) }, u32)),
    exported("take-socket", functionType({ socket: own(socket) }, u32)),
    exported("give", functionType({ handle: u32 }, own(file))),
    exported("lend", functionType({ file: borrow(file), drop: u32 }, u32)),
    ...["drop", "use", "open"].map((name) =>
      exported(name, functionType({ handle: u32 }, name === "open" ? u32 : undefined)),
    ),
    ...["both", "reversed"].map((name) => exported(name, functionType({ a: u32, b: u32 }))),
    exported("send", functionType({ handle: u32, pointer: u32, length: u32 })),
    exported("all", functionType({ a: u32, b: u32 })),
    exported("listing", functionType({})),
  ];
  const module = `(module
    (import "host" "f0" (func $drop (param i32)))
    (import "host" "f1" (func $use (param i32)))
    (import "host" "f2" (func $both (param i32 i32)))
    (import "host" "f3" (func $reversed (param i32 i32)))
    (import "host" "f4" (func $send (param i32 i32 i32)))
    (import "host" "f5" (func $all (param i32 i32)))
    (import "host" "f6" (func $open (param i32) (result i32)))
    (import "host" "f7" (func $listing (param i32)))
    ${allocator}
    (func (export "take") (param i32) (result i32) (local.get 0))
    (func (export "take-socket") (param i32) (result i32) (local.get 0))
    (func (export "give") (param i32) (result i32) (local.get 0))
    (func (export "lend") (param i32 i32) (result i32)
      (if (local.get 1) (then (call $drop (local.get 0)))) (local.get 0))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "use") (param i32) (call $use (local.get 0)))
    (func (export "open") (param i32) (result i32) (call $open (local.get 0)))
    (func (export "both") (param i32 i32) (call $both (local.get 0) (local.get 1)))
    (func (export "reversed") (param i32 i32) (call $reversed (local.get 0) (local.get 1)))
    (func (export "send") (param i32 i32 i32) (call $send (local.get 0) (local.get 1) (local.get 2)))
    (func (export "all") (param i32 i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
      (call $all (i32.const 16) (i32.const 2)))
    (func (export "listing") (call $listing (i32.const 16))))`;
  const made = await instantiate(plan({ functions, exports }), [module], {
    ...rig,
    functions: {
      "[resource-drop]file": (one) => dropped.push(one),
      "[resource-drop]socket": (one) => dropped.push(one),
      use() {},
      both() {},
      reversed() {},
      send() {},
      all() {},
      open: (name: number) => `file ${name}`,
      listing: () => [
        ["one", "x"],
        ["two", "y"],
      ],
      ...rig.functions,
    },
  });
  const { instance } = made;
  const call = (name: string, ...args: readonly unknown[]) => instance.call("", name, args);
  return { ...made, call, dropped };
}

/** It must trap, and the instance must be of no use afterwards. */
async function traps(
  one: Awaited<ReturnType<typeof puppet>>,
  pattern: RegExp,
  name: string,
  ...args: readonly unknown[]
): Promise<void> {
  await assert.rejects(one.call(name, ...args), (error) => {
    assert.ok(error instanceof WebAssembly.RuntimeError, String(error));
    assert.match(error.message, pattern);
    return true;
  });
  await assert.rejects(one.call("take", {}), WebAssembly.RuntimeError);
}

test("an owned object goes into the table, is dropped by the guest once, and its handle is used again", async () => {
  const one = await puppet();
  assert.equal(await one.call("take", "a"), 1);
  assert.equal(await one.call("take", "b"), 2);
  assert.equal(one.instance.handles, 2);
  await one.call("drop", 1);
  assert.deepEqual(one.dropped, ["a"]);
  assert.equal(await one.call("take", "c"), 1);
  assert.equal(await one.call("take", "d"), 3);
  await traps({ ...one }, /^test:host\/host \[resource-drop\]file: there is no handle 9$/, "drop", 9);
});

test("a handle that is dropped twice traps", async () => {
  const one = await puppet();
  await one.call("take", "a");
  await one.call("drop", 1);
  await traps(one, /there is no handle 1/, "drop", 1);
});

test("a handle of another resource traps, and so does one that never was", async () => {
  for (const handle of [0, 1, 2, 7, 2 ** 31, 2 ** 32 - 1]) {
    const one = await puppet();
    await one.call("take-socket", "s");
    await traps(one, handle === 1 ? /of another resource/ : /there is no handle/, "drop", handle);
    assert.deepEqual(one.dropped, []);
    const other = await puppet();
    await other.call("take-socket", "s");
    await traps(other, /test:host\/host use: file: (handle 1 is of another|there is no)/, "use", handle);
    const third = await puppet();
    await third.call("take-socket", "s");
    await traps(third, /give: result: (handle 1 is of another|there is no)/, "give", handle);
  }
});

test("an object given to the host is the guest's no more", async () => {
  const one = await puppet();
  await one.call("take", "a");
  assert.equal(await one.call("give", 1), "a");
  assert.equal(one.instance.handles, 0);
  await traps(one, /there is no handle 1/, "use", 1);
  assert.deepEqual(one.dropped, []);
});

test("a borrow must be dropped before its call returns, and its owner does not notice", async () => {
  const one = await puppet();
  assert.equal(await one.call("lend", "a", 1), 1);
  assert.deepEqual(one.dropped, []);
  assert.equal(one.instance.handles, 0);
  await traps(one, /lend: handles that were lent for this call are left/, "lend", "a", 0);
  one.instance.resetHandles();
  assert.deepEqual(one.dropped, []);
});

test("what is lent to a call cannot be given away in it, in either order", async () => {
  const one = await puppet();
  await one.call("take", "a");
  await one.call("take", "b");
  await one.call("both", 1, 2);
  await traps(one, /both: other: handle 1 is lent/, "both", 1, 1);
  const two = await puppet();
  await two.call("take", "a");
  await traps(two, /reversed: file: there is no handle 1/, "reversed", 1, 1);
  const three = await puppet();
  await three.call("take", "a");
  await traps(three, /all: files: there is no handle 1/, "all", 1, 1);
});

test("what was taken for a call that trapped is dropped with the rest", async () => {
  const one = await puppet();
  await one.call("take", "a");
  await one.call("take", "b");
  await traps(one, /send: text: pointer 0xfffffff0 with 100 bytes is out of bounds/, "send", 1, 2 ** 32 - 16, 100);
  one.instance.resetHandles();
  assert.deepEqual(one.dropped, ["b", "a"]);
  const two = await puppet();
  await two.call("take", "a");
  await traps(two, /all: files: there is no handle 7/, "all", 1, 7);
  two.instance.resetHandles();
  assert.deepEqual(two.dropped, ["a"]);
});

test("handles have a limit, and what did not fit is dropped", async () => {
  const one = await puppet({ options: { limits: { handlesMax: 3 } } });
  for (let name = 0; name < 3; name++) await one.call("open", name);
  await traps(one, /open: result: the guest holds more than 3 handles/, "open", 3);
  assert.deepEqual(one.dropped, ["file 3"]);
  one.instance.resetHandles();
  assert.deepEqual(one.dropped, ["file 3", "file 0", "file 1", "file 2"]);
  const two = await puppet({ options: { limits: { handlesMax: 1 } } });
  await traps(two, /listing: result: the guest holds more than 1 handles/, "listing");
  assert.deepEqual(two.dropped, ["two"]);
  two.instance.resetHandles();
  assert.deepEqual(two.dropped, ["two", "one"]);
});

test("an argument that did not get into the guest is dropped", async () => {
  const one = await puppet({ options: { limits: { handlesMax: 0 } } });
  await assert.rejects(one.call("take", "a"), /take: file: the guest holds more than 0 handles/);
  assert.deepEqual(one.dropped, ["a"]);
});

test("resetHandles() drops everything, goes on after an error, and begins again at the first handle", async () => {
  const dropped: unknown[] = [];
  const one = await puppet({
    functions: {
      "[resource-drop]file": (what) => {
        dropped.push(what);
        if (what === "b") throw new Error("cannot drop b");
      },
    },
  });
  for (const name of ["a", "b", "c"]) await one.call("take", name);
  await one.call("drop", 1);
  assert.throws(() => one.instance.resetHandles(), /cannot drop b/);
  assert.deepEqual(dropped, ["a", "b", "c"]);
  assert.equal(one.instance.handles, 0);
  assert.equal(await one.call("take", "d"), 1);
});

// A resource that the guest defines: its destructor counts in a global and keeps what it was called with.
const counter: ResourceType = {
  origin: "guest",
  instance: 0,
  destructor: { kind: "export", instance: 0, name: "destroy" },
};

async function definer() {
  const functions: readonly CanonicalFunction[] = [
    { kind: "resource.new", resource: counter, component: 0 },
    { kind: "resource.rep", resource: counter, component: 0 },
    { kind: "resource.drop", resource: counter, component: 0 },
  ];
  const module = `(module
    (import "host" "f0" (func $new (param i32) (result i32)))
    (import "host" "f1" (func $rep (param i32) (result i32)))
    (import "host" "f2" (func $drop (param i32)))
    ${allocator}
    (global $dropped (mut i32) (i32.const 0))
    (func (export "destroy") (param i32)
      (if (i32.eq (local.get 0) (i32.const 666)) (then (unreachable)))
      (global.set $dropped (i32.add (i32.mul (global.get $dropped) (i32.const 10)) (local.get 0))))
    (func (export "dropped") (result i32) (global.get $dropped))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "make-and-drop") (param i32) (call $drop (call $new (local.get 0))))
    (func (export "value") (param i32) (result i32) (local.get 0))
    (func (export "rep-of") (param i32) (result i32) (call $rep (local.get 0))))`;
  const exports = [
    exported("dropped", functionType({}, u32)),
    exported("make", functionType({ rep: u32 }, own(counter))),
    exported("make-and-drop", functionType({ rep: u32 })),
    exported("value", functionType({ counter: borrow(counter) }, u32)),
    exported("rep-of", functionType({ counter: own(counter) }, u32)),
  ];
  const made = await instantiate(plan({ functions, exports }), [module]);
  return { ...made, call: (name: string, ...args: readonly unknown[]) => made.instance.call("", name, args) };
}

test("a guest's resource is an object for the host, and its representation for the guest", async () => {
  const one = await definer();
  const made = (await one.call("make", 7)) as GuestResource;
  assert.equal(made.type, counter);
  assert.equal(one.instance.handles, 0);
  // A borrow of what it defines itself is the representation.
  assert.equal(await one.call("value", made), 7);
  // An own is a handle.
  assert.equal(await one.call("rep-of", made), 7);
  assert.equal(one.instance.handles, 1);
  await assert.rejects(one.call("rep-of", made), /dropped, given back or only lent/);
});

test("the destructor runs when the guest drops a resource, and when the host does", async () => {
  const one = await definer();
  await one.call("make-and-drop", 1);
  const made = (await one.call("make", 2)) as GuestResource;
  assert.equal(await one.call("dropped"), 1);
  await one.instance.dropResource(made);
  assert.equal(await one.call("dropped"), 12);
  await assert.rejects(one.instance.dropResource(made), /dropped, given back or only lent/);
  one.instance.suspends = true;
  await one.instance.dropResource((await one.call("make", 3)) as GuestResource);
  assert.equal(await one.call("dropped"), 123);
});

test("a trap in a destructor ends the guest", async () => {
  const one = await definer();
  await assert.rejects(one.call("make-and-drop", 666), WebAssembly.RuntimeError);
  await assert.rejects(one.call("dropped"), WebAssembly.RuntimeError);
  const two = await definer();
  await assert.rejects(
    two.instance.dropResource((await two.call("make", 666)) as GuestResource),
    WebAssembly.RuntimeError,
  );
  await assert.rejects(two.call("dropped"), WebAssembly.RuntimeError);
});

test("a guest's resources are void after a reset, and belong to their instance only", async () => {
  const one = await definer();
  const made = (await one.call("make", 1)) as GuestResource;
  one.instance.resetHandles();
  await assert.rejects(one.call("value", made), /from before a reset/);
  const two = await definer();
  const three = await definer();
  const other = (await two.call("make", 1)) as GuestResource;
  await assert.rejects(three.call("value", other), /of another instance or type/);
  await assert.rejects(three.instance.dropResource(other), /of another instance or type/);
});

test("resetHandles() goes back to what was kept, and says when that is gone", async () => {
  const one = await puppet();
  await one.call("take", "a");
  await one.call("take", "b");
  await one.call("take", "c");
  await one.call("drop", 2);
  one.instance.keepHandles();
  // Into the free place, and beyond.
  assert.equal(await one.call("take", "d"), 2);
  assert.equal(await one.call("take", "e"), 4);
  one.dropped.length = 0;
  assert.equal(one.instance.resetHandles(), true);
  assert.deepEqual(one.dropped, ["d", "e"]);
  assert.equal(one.instance.handles, 2);
  assert.equal(await one.call("take", "f"), 2);
  assert.equal(await one.call("take", "g"), 4);
  // One that was kept is dropped, and its place taken by another.
  await one.call("drop", 1);
  assert.equal(await one.call("take", "h"), 1);
  one.dropped.length = 0;
  assert.equal(one.instance.resetHandles(), false);
  assert.deepEqual(one.dropped, ["h", "f", "g"]);
});

for (const blocks of [false, true])
  test(`destructors that drop more have a limit${blocks ? ", also when they may be suspended" : ""}`, async () => {
    const functions: readonly CanonicalFunction[] = [
      { kind: "resource.new", resource: counter, component: 0 },
      { kind: "resource.drop", resource: counter, component: 0 },
    ];
    const module = `(module
      (import "host" "f0" (func $new (param i32) (result i32))) (import "host" "f1" (func $drop (param i32)))
      ${allocator}
      (func (export "destroy") (param i32)
        (if (local.get 0) (then (call $drop (call $new (i32.sub (local.get 0) (i32.const 1)))))))
      (func (export "run") (param i32) (call $drop (call $new (local.get 0)))))`;
    const made = async () =>
      instantiate(plan({ functions, exports: [exported("run", functionType({ depth: u32 }))] }), [module], {
        options: { preemptive: blocks },
      });
    const one = await made();
    for (let times = 0; times < 3; times++) await one.instance.call("", "run", [199]);
    await assert.rejects(one.instance.call("", "run", [200]), /more than 200 destructors run within each other/);
    const two = await made();
    await assert.rejects(two.instance.call("", "run", [1_000_000]), /more than 200 destructors/);
  });
