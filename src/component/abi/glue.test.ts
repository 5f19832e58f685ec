import assert from "node:assert/strict";
import { test } from "node:test";
import type { ComponentPlan } from "../plan.ts";
import type { ValueType, VariantCase } from "../types.ts";
import { ComponentCode } from "./component-code.ts";
import { generateGlue } from "./glue.ts";
import { echoModule, echoPlan, identity } from "./testdata/echo-guest.ts";
import { core, exported, functionType, list, options, plan, text, u32 } from "./testdata/plan.ts";
import { instantiate, roundTrip } from "./testdata/rig.ts";

const glue = (of: ComponentPlan): string => generateGlue(of, { blocks: () => false, preemptive: false });

// Each ends or escapes something that generated code could have it in.
const hostile = [
  '"]=0;globalThis.broken=1;//',
  "'];globalThis.broken=1;//",
  "`$" + "{globalThis.broken=1}`",
  "*/globalThis.broken=1;/*",
  "\\",
  '\\"',
  "\n",
  "\u2028globalThis.broken=1",
  "\u2029",
  "\0",
  "]]>",
  "$&",
  "$`",
  "$" + "{globalThis.broken=1}",
  "__proto__",
  "constructor",
  "toString",
  "then",
  "",
  "\ud800",
];

test("no name of a component's gets out of its quotes", async () => {
  for (const name of hostile) {
    const type: ValueType = {
      kind: "record",
      fields: [
        { name, type: u32 },
        { name: "e", type: { kind: "enum", names: [name, "other"] } },
        { name: "v", type: { kind: "variant", cases: [{ name, type: { kind: "flags", names: [name] } }] } },
      ],
    };
    const echo = { parameters: [{ name, type }], result: type };
    const base = echoPlan(echo);
    const of: ComponentPlan = {
      ...base,
      imports: [{ interface: name, version: name, name, type: echo }],
      exports: [{ ...base.exports[0]!, interface: name, version: name, name }],
      coreInstances: base.coreInstances.map((one) => ({
        ...one,
        imports: [...one.imports, { module: name, name, item: { kind: "canonical", index: 0 } }],
      })),
    };
    const key = Object.keys(
      Object.fromEntries([
        [
          name
            .split("-")
            .map((word, at) => (at === 0 ? word.toLowerCase() : word))
            .join(""),
          0,
        ],
      ]),
    )[0]!;
    const value = Object.defineProperty({ e: name, v: { tag: name, val: 1 } }, key, {
      value: 7,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    const { instance } = await instantiate(of, [echoModule(echo, "host", "f", "f")], {
      functions: { [name]: (got) => got },
    });
    const answer = (await instance.call(name, name, [value])) as Record<string, unknown>;
    assert.deepEqual(Object.getOwnPropertyDescriptor(answer, key)?.value, 7, JSON.stringify(name));
    assert.deepEqual(answer.e, name);
    assert.deepEqual(answer.v, { tag: name, val: 1 });
    assert.equal(Object.getPrototypeOf(answer), Object.prototype);
  }
  assert.equal((globalThis as Record<string, unknown>).broken, undefined);
});

test("the prototype is a field like any other", async () => {
  const type: ValueType = { kind: "record", fields: [{ name: "__proto__", type: u32 }] };
  const value = JSON.parse('{"__proto__":7}') as unknown;
  const [result] = await roundTrip(type, [value]);
  assert.equal(JSON.stringify(result!.answer), '{"__proto__":7}');
});

test("an interface that an object has anyway is not exported", async () => {
  const { instance } = await instantiate(echoPlan(identity(u32)), [echoModule(identity(u32), "host", "f", "f")], {
    functions: { f: (value) => value },
  });
  for (const name of ["__proto__", "constructor", "toString"]) {
    await assert.rejects(instance.call(name, "f", []), /does not export/);
    await assert.rejects(instance.call("", name, []), /does not export/);
  }
});

test("types that share their parts are no larger in code than they are in the file", () => {
  let type: ValueType = {
    kind: "variant",
    cases: [
      { name: "a", type: u32 },
      { name: "b", type: undefined },
    ],
  };
  let pair: ValueType = u32;
  for (let depth = 0; depth < 24; depth++) {
    const inner: ValueType = type;
    type = { kind: "variant", cases: ["a", "b", "c", "d"].map((name): VariantCase => ({ name, type: inner })) };
  }
  for (let depth = 0; depth < 20; depth++) pair = { kind: "tuple", items: [pair, pair] };
  for (const one of [type, pair, list(type), { kind: "option", some: pair } as const]) {
    const started = performance.now();
    const { length } = glue(echoPlan(identity(one)));
    assert.ok(length < 60_000, String(length));
    assert.ok(performance.now() - started < 5_000);
  }
});

test("types that differ only in who they are share their code", () => {
  const make = (): ValueType => ({
    kind: "record",
    fields: [
      { name: "a", type: text },
      { name: "b", type: list(text) },
    ],
  });
  const one = glue(echoPlan(functionType({ a: list(make()) })));
  const two = glue(echoPlan(functionType({ a: list(make()), b: list(make()) })));
  assert.ok(two.length < one.length * 1.3, `${one.length} and ${two.length}`);
});

test("types that nest too deep or are too large are refused", () => {
  let deep: ValueType = u32;
  for (let depth = 0; depth < 100_000; depth++) deep = list(deep);
  assert.throws(() => glue(echoPlan(functionType({ deep }))), { code: "component.type-depth" });
  let large: ValueType = u32;
  for (let depth = 0; depth < 60; depth++) large = { kind: "tuple", items: [large, large] };
  assert.throws(() => glue(echoPlan(functionType({ large }))), { code: "component.type-size" });
  let joined: ValueType = list(u32);
  for (let depth = 0; depth < 99; depth++) joined = list(joined);
  const known = joined;
  assert.throws(() => glue(echoPlan(functionType({ known, more: list(known) }))), { code: "component.type-depth" });
});

test("fields that would have the same name in JavaScript are refused", () => {
  const fields = ["a1", "a-1"].map((name) => ({ name, type: u32 }));
  assert.throws(() => glue(echoPlan(identity({ kind: "record", fields }))), { code: "component.field-name" });
});

test("V8's code for the source can be kept", async () => {
  const of = plan({
    exports: [
      exported("f", functionType({ x: u32 }, u32), {
        options: options(0, { realloc: undefined, memory: undefined }),
        core: core("f"),
      }),
    ],
  });
  const settings = { blocks: () => false, preemptive: false, name: "test" };
  const first = new ComponentCode(of, settings);
  const cachedData = first.cachedData();
  const second = new ComponentCode(of, { ...settings, source: first.source, cachedData });
  assert.equal(second.cachedDataRejected, false);
});

test("the frames of a trap name the function", async () => {
  const type = functionType({ name: { kind: "char" } });
  const module = `(module (import "host" "f0" (func $f (param i32))) (func (export "run") (call $f (i32.const -1))))`;
  const of = plan({
    functions: [{ name: "[method]thing.do-it", type }],
    exports: [exported("run", functionType({}), { options: options(0, { realloc: undefined, memory: undefined }) })],
  });
  const bare = {
    ...of,
    functions: of.functions.map((one) => ({ ...one, options: options(0, { realloc: undefined, memory: undefined }) })),
  } as ComponentPlan;
  const { instance } = await instantiate(bare, [module], { functions: { "[method]thing.do-it": () => {} } });
  await assert.rejects(instance.call("", "run", []), (error) => {
    assert.ok(error instanceof WebAssembly.RuntimeError);
    assert.match(
      String(error.stack),
      /^RuntimeError: test:host\/host \[method\]thing\.do-it: name: 0xffffffff is no character\n/,
    );
    assert.match(String(error.stack), /at \$test_host_host_method_thing_do_it \(warren:component\/test:/);
    return true;
  });
});
