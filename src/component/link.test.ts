import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeComponent } from "./decode.ts";
import type { CanonicalFunction } from "./plan.ts";
import { assemble, link, linkText } from "./testdata/assemble.ts";
import { wacked, withShim } from "./testdata/samples.ts";
import type { FunctionType, ResourceType } from "./types.ts";

test("linkComponent() puts late-bound functions in the place of a shim and its fixup", async () => {
  const plan = await linkText(withShim);
  const memory = { kind: "export", instance: 0, name: "memory" };
  const options = { encoding: "utf8", memory: undefined, realloc: undefined, postReturn: undefined };
  const write: FunctionType = { parameters: [{ name: "text", type: { kind: "string" } }], result: undefined };
  const count: FunctionType = { parameters: [], result: { kind: "u32" } };
  const bytes = await assemble(withShim);
  const [main] = decodeComponent(bytes).modules;
  assert.deepEqual(plan, {
    modules: [main],
    componentInstances: 1,
    coreInstances: [
      {
        module: 0,
        component: 0,
        imports: [
          { module: "test:io/out@0.2.3", name: "write", item: { kind: "canonical", index: 1 } },
          { module: "test:io/out@0.2.3", name: "count", item: { kind: "canonical", index: 0 } },
        ],
      },
    ],
    functions: [
      { kind: "lower", target: { kind: "host", index: 0 }, options, component: 0 },
      { kind: "lower", target: { kind: "host", index: 1 }, options: { ...options, memory }, component: 0 },
    ],
    imports: [
      { interface: "test:io/out", version: "0.2.3", name: "count", type: count },
      { interface: "test:io/out", version: "0.2.3", name: "write", type: write },
    ],
    exports: [
      {
        interface: "test:io/main",
        version: "0.2.3",
        name: "run",
        function: { type: count, core: { kind: "export", instance: 0, name: "run" }, options, component: 0 },
      },
    ],
  });
});

/** The fixup calls `_initialize` of the module, as in every reactor. */
const starting = withShim
  .replace('(func (export "run")', '(func (export "_initialize")) (func (export "run")')
  .replace("(elem (i32.const 0) func 0)", '(import "main" "_initialize" (func)) (elem (i32.const 0) func 0) (start 1)')
  .replace('(with "actual"', '(with "main" (instance $main)) (with "actual"');

test("linkComponent() calls what a fixup would have called", async () => {
  const { coreInstances } = await linkText(starting);
  assert.deepEqual(
    coreInstances.map(({ initializer }) => initializer),
    ["_initialize"],
  );
});

test("linkComponent() keeps a fixup that calls something else than the last instance's function", async () => {
  const between = "(core module $N) (core instance (instantiate $N)) (core instance (instantiate $Fixup";
  const { coreInstances } = await linkText(starting.replace("(core instance (instantiate $Fixup", between));
  assert.equal(coreInstances.length, 4);
  assert.ok(coreInstances.every(({ initializer }) => initializer === undefined));
});

test("linkComponent() keeps a shim that does anything else", async () => {
  const changed: readonly (readonly [what: string, from: string, to: string])[] = [
    ["a function that calls another entry", "(i32.const 0)))\n  )", "(i32.const 1)))\n  )"],
    ["parameters in another order", "(local.get 0) (local.get 1)", "(local.get 1) (local.get 0)"],
    ["a start function", "(table $imports 1 1 funcref)", "(table $imports 1 1 funcref) (func $s) (start $s)"],
    ["a memory", "(table $imports 1 1 funcref)", "(table $imports 1 1 funcref) (memory 1)"],
    ["a fixup that fills another entry", "(elem (i32.const 0) func 0)", "(elem (i32.const 1) func 0)"],
    ["a fixup that exports", "(elem (i32.const 0) func 0)", `(elem (i32.const 0) func 0) (export "f" (func 0))`],
    [
      "a core instance before the fixup that has the table",
      "(core instance $main",
      `(core module $Peek (import "s" "$imports" (table 1 1 funcref)))
       (core instance (instantiate $Peek (with "s" (instance $shim))))
       (core instance $main`,
    ],
  ];
  for (const [what, from, to] of changed) {
    const text = withShim.replace(from, to).replaceAll("1 1 funcref", "2 2 funcref");
    assert.notEqual(text.replaceAll("2 2 funcref", "1 1 funcref"), withShim, what);
    assert.equal((await linkText(text)).coreInstances.length, what.startsWith("a core instance") ? 4 : 3, what);
  }
});

test("linkComponent() gives a late-bound destructor its place after the shim is gone", async () => {
  const plan = await linkText(`(component
    (core module $Shim
      (type $t (func (param i32)))
      (table $imports 1 1 funcref)
      (export "$imports" (table $imports))
      (func (export "0") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
    (core module $Fixup
      (type $t (func (param i32)))
      (import "actual" "0" (func (type $t)))
      (import "shim" "$imports" (table 1 1 funcref))
      (elem (i32.const 0) func 0))
    (core module $Main (import "r" "drop" (func (param i32))) (func (export "destroy") (param i32)))
    (core instance $shim (instantiate $Shim))
    (type $r (resource (rep i32) (dtor (core func $shim "0"))))
    (core func $drop (canon resource.drop $r))
    (core instance $main (instantiate $Main (with "r" (instance (export "drop" (func $drop))))))
    (core instance (instantiate $Fixup
      (with "actual" (instance (export "0" (func $main "destroy"))))
      (with "shim" (instance $shim)))))`);
  const destructor = { kind: "export", instance: 0, name: "destroy" };
  assert.deepEqual(plan.functions, [
    { kind: "resource.drop", resource: { origin: "guest", instance: 0, destructor }, component: 0 },
  ]);
  assert.equal(plan.coreInstances.length, 1);
});

test("linkComponent() keeps shims that stand behind each other", async () => {
  const shim = (name: string) => `
    (core module $Shim${name}
      (type $t (func))
      (table $imports 1 1 funcref)
      (export "$imports" (table $imports))
      (func (export "0") (type $t) (call_indirect (type $t) (i32.const 0))))
    (core instance $shim${name} (instantiate $Shim${name}))`;
  const fixup = (name: string, other: string) => `
    (core instance (instantiate $Fixup
      (with "actual" (instance (export "0" (func $shim${other} "0"))))
      (with "shim" (instance $shim${name}))))`;
  const plan = await linkText(`(component ${shim("A")} ${shim("B")}
    (core module $Fixup
      (type $t (func))
      (import "actual" "0" (func (type $t)))
      (import "shim" "$imports" (table 1 1 funcref))
      (elem (i32.const 0) func 0))
    ${fixup("A", "B")} ${fixup("B", "A")}
    (func (export "f") (canon lift (core func $shimA "0"))))`);
  assert.equal(plan.coreInstances.length, 4);
});

function dropped(functions: readonly CanonicalFunction[]): ResourceType[] {
  return functions.flatMap((item) => (item.kind === "resource.drop" ? [item.resource] : []));
}

test("linkComponent() gives every instance of a component resources, tables and core instances of its own", async () => {
  const plan = await linkText(wacked);
  assert.equal(plan.componentInstances, 4);
  assert.equal(plan.modules.length, 3);
  assert.deepEqual(
    plan.coreInstances.map(({ module, component }) => ({ module, component })),
    [
      { module: 0, component: 1 },
      { module: 1, component: 1 },
      { module: 0, component: 2 },
      { module: 1, component: 2 },
      { module: 2, component: 3 },
    ],
  );
  assert.deepEqual(
    plan.imports.map(({ interface: name, version, name: func }) => `${name}@${version}.${func}`),
    ["test:io/log@0.2.0.log"],
  );
  // The app uses the second store: its resource is that one's.
  const [resource] = dropped(plan.functions);
  assert.deepEqual(resource, {
    origin: "guest",
    instance: 2,
    destructor: { kind: "export", instance: 3, name: "drop" },
  });
  const calls = plan.functions.filter((item) => item.kind === "lower" && item.target.kind === "guest");
  assert.deepEqual(
    calls.map((item) => item.kind === "lower" && item.target.kind === "guest" && item.target.function),
    [
      {
        type: { parameters: [], result: { kind: "own", resource } },
        core: { kind: "export", instance: 3, name: "new" },
        options: { encoding: "utf8", memory: undefined, realloc: undefined, postReturn: undefined },
        component: 2,
      },
      {
        type: {
          parameters: [{ name: "self", type: { kind: "borrow", resource } }],
          result: { kind: "u32" },
        },
        core: { kind: "export", instance: 3, name: "get" },
        options: { encoding: "utf8", memory: undefined, realloc: undefined, postReturn: undefined },
        component: 2,
      },
    ],
  );
  assert.ok(calls.every((item) => item.component === 3));
  assert.deepEqual(
    plan.exports.map(({ interface: name, name: func, function: lifted }) => [name, func, lifted.component]),
    [["", "run", 3]],
  );
});

test("linkComponent() knows a resource of the host's by its interface and name, wherever it is used", async () => {
  const plan = await linkText(`(component
    (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:io/streams@0.2.0" (instance $streams
      (alias outer 1 $pollable (type $p))
      (export "pollable" (type $q (eq $p)))
      (export "subscribe" (func (result (own $q))))))
    (alias export $streams "pollable" (type $same))
    (core func (canon lower (func $streams "subscribe")))
    (core func (canon resource.drop $pollable))
    (core func (canon resource.drop $same)))`);
  const [one, other] = dropped(plan.functions);
  assert.deepEqual(one, { origin: "host", interface: "wasi:io/poll", name: "pollable" });
  assert.equal(one, other);
  const { result } = plan.imports[0]!.type;
  assert.ok(result?.kind === "own" && result.resource === one);
});

test("linkComponent() leaves out exports that only pass on what the host gives", async () => {
  const plan = await linkText(`(component
    (import "test:io/log" (instance $log (export "log" (func))))
    (export "test:io/log" (instance $log)))`);
  assert.deepEqual(plan.exports, []);
  assert.deepEqual(plan.imports, []);
});

test("linkComponent() takes modules that rewriting gave more imports only when it is told", async () => {
  const text = `(component
    (core module $M (import "warren" "epoch" (memory 1)) (func (export "f")))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))`;
  await assert.rejects(linkText(text), { code: "component.import-missing" });
  const plan = await linkText(text, { prepared: true });
  assert.deepEqual(plan.coreInstances, [{ module: 0, component: 0, imports: [] }]);
});

test("decodeModules() says where in the component a core module is malformed", async () => {
  const bytes = await assemble(`(component (core module (func)) (core module (func)))`);
  const component = decodeComponent(bytes);
  const { start, end } = component.modules[1]!;
  bytes[end - 1] = 0xff;
  assert.throws(
    () => link(component),
    (error: { code: string; message: string; at: number }) => {
      assert.match(error.code, /^module\./);
      assert.match(error.message, /^core module 1 of the component/);
      assert.ok(error.at >= start && error.at <= end);
      return true;
    },
  );
});
