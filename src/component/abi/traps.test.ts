import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionType, ValueType } from "../types.ts";
import { allocator } from "./testdata/echo-guest.ts";
import { core, exported, functionType, list, options, plan, text, u32 } from "./testdata/plan.ts";
import { instantiate, type Rig } from "./testdata/rig.ts";

const bytes: ValueType = list({ kind: "u8" });
const result = (ok: ValueType): ValueType => ({ kind: "result", ok, error: undefined });

/** A guest whose export `run` passes its core arguments, all u32, to its import `f`, after a store at 16. */
async function caller(type: FunctionType, rig: Rig & { readonly realloc?: string; readonly flat: number }) {
  const names = Array.from({ length: rig.flat }, (_, index) => `a${index}`);
  const parameters = "(param i32) ".repeat(rig.flat);
  const memory = rig.realloc === undefined ? allocator : `(memory (export "memory") 1) ${rig.realloc}`;
  const module = `(module (import "host" "f0" (func $f ${parameters})) ${memory}
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "run") ${parameters} (call $f ${names.map((_, index) => `(local.get ${index})`).join(" ")}))
    (func (export "catch") ${parameters}
      (block $out (try_table (catch_all $out) (call $f ${names.map((_, index) => `(local.get ${index})`).join(" ")})))
      (i32.store (i32.const 40) (i32.const 7))))`;
  const parameterTypes = functionType(Object.fromEntries(names.map((name) => [name, u32])));
  const made = await instantiate(
    plan({
      functions: [{ name: "f", type }],
      exports: [
        exported("run", parameterTypes),
        exported("catch", parameterTypes),
        exported("store", functionType({ at: u32, value: u32 })),
      ],
    }),
    [module],
    { functions: { f: () => undefined, ...rig.functions }, ...rig },
  );
  return { ...made, call: (name: string, ...args: readonly number[]) => made.instance.call("", name, args) };
}

async function check(
  type: FunctionType,
  args: readonly number[],
  pattern: RegExp,
  rig: Rig & { readonly realloc?: string; readonly stores?: readonly (readonly [number, number])[] } = {},
): Promise<void> {
  const guest = await caller(type, { ...rig, flat: args.length });
  for (const [at, value] of rig.stores ?? []) await guest.call("store", at, value);
  const isTrap = (error: unknown): true => {
    assert.ok(error instanceof WebAssembly.RuntimeError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
  await assert.rejects(guest.call("run", ...args), isTrap);
  await assert.rejects(guest.call("run", ...args), isTrap, "an instance that trapped is used again");
}

const top = 2 ** 32;

test("pointers and lengths that lead out of the memory trap, and say where", async () => {
  for (const [pointer, length] of [
    [65536, 1],
    [65535, 2],
    [0, 65537],
    [top - 1, 1],
    [top - 1, 2],
    [top - 8, 16],
    [2 ** 31, 2 ** 27],
    [1, 2 ** 28 - 1],
  ] as const) {
    await check(
      functionType({ contents: bytes }),
      [pointer, length],
      /^test:host\/host f: contents: pointer 0x[0-9a-f]+ with \d+ bytes is out of bounds$/,
    );
    await check(
      functionType({ a: u32, name: text }),
      [0, pointer, length],
      /f: name: pointer 0x[0-9a-f]+ with \d+ bytes is out of bounds/,
    );
  }
  await check(functionType({ l: list(u32) }), [65536 - 4, 2], /out of bounds/);
  await check(functionType({ l: list(u32) }), [65536, 1], /out of bounds/);
  await check(functionType({ l: list({ kind: "u64" }) }), [top - 8, 2], /out of bounds/);
});

test("lengths that overflow trap", async () => {
  for (const length of [2 ** 28, 2 ** 31, top - 1]) {
    await check(functionType({ contents: bytes }), [0, length], /a list of \d+ elements is too long/);
    await check(functionType({ name: text }), [0, length], /a string of \d+ bytes is too long/);
    await check(functionType({ l: list({ kind: "u64" }) }), [0, length], /a list of \d+ elements is too long/);
  }
  await check(functionType({ l: list({ kind: "u64" }) }), [0, 2 ** 29 + 1], /a list of \d+ elements is too long/);
  await check(functionType({ l: list({ kind: "tuple", items: [{ kind: "u64" }, text] }) }), [0, 2 ** 28], /too long/);
});

test("pointers that are not aligned trap", async () => {
  await check(functionType({ l: list(u32) }), [2, 1], /f: l: pointer 0x2 is not aligned to 4/);
  await check(functionType({ l: list(u32) }), [2, 0], /f: l: pointer 0x2 is not aligned to 4/);
  await check(functionType({ l: list({ kind: "u64" }) }), [4, 1], /not aligned to 8/);
  const sixteen = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`p${index}`, u32]));
  await check(functionType(sixteen), [2], /f: pointer 0x2 is not aligned to 4/);
  await check(functionType(sixteen), [65536 - 64], /f: pointer 0xffc0 with 68 bytes is out of bounds/);
});

test("the place for a result is checked before the host is called", async () => {
  let called = false;
  const functions = {
    f() {
      called = true;
    },
  };
  await check(functionType({}, text), [2], /f: result: pointer 0x2 is not aligned to 4/, { functions });
  await check(functionType({}, text), [65532], /f: result: pointer 0xfffc with 8 bytes is out of bounds/, {
    functions,
  });
  await check(functionType({}, result({ kind: "u64" })), [top - 8], /f: result: .* out of bounds/, { functions });
  assert.equal(called, false);
});

test("values that are none of their type trap", async () => {
  await check(functionType({ c: { kind: "char" } }), [0xd800], /f: c: 0xd800 is no character/);
  await check(functionType({ c: { kind: "char" } }), [0xdfff], /is no character/);
  await check(functionType({ c: { kind: "char" } }), [0x110000], /is no character/);
  await check(functionType({ c: { kind: "char" } }), [top - 1], /is no character/);
  const enumeration: ValueType = { kind: "enum", names: ["a", "b"] };
  for (const tag of [2, 256, 2 ** 31, top - 1]) {
    await check(functionType({ e: enumeration }), [tag], /f: e: there is no case/);
    await check(functionType({ o: { kind: "option", some: u32 } }), [tag, 0], /f: o: there is no case/);
    await check(functionType({ r: result(u32) }), [tag, 0], /f: r: there is no case/);
  }
  const inMemory = list({ kind: "tuple", items: [enumeration, { kind: "option", some: { kind: "char" } }] });
  const stores = (...values: readonly number[]) => values.map((value, index) => [16 + index * 4, value] as const);
  await check(functionType({ l: inMemory }), [16, 1], /f: l: there is no case 2/, { stores: stores(2) });
  await check(functionType({ l: inMemory }), [16, 1], /f: l: there is no case 3/, { stores: stores(0, 3) });
  await check(functionType({ l: inMemory }), [16, 1], /f: l: 0xdc00 is no character/, { stores: stores(1, 1, 0xdc00) });
});

test("strings that are not of their encoding trap", async () => {
  for (const word of [0xff, 0xc0_80, 0x80, 0xed_a0_80, 0xf4_90_80_80, 0xc3]) {
    const bigEndian = Buffer.alloc(4);
    bigEndian.writeUInt32BE(word);
    const sequence = bigEndian.subarray(bigEndian.findIndex((byte) => byte !== 0));
    const padded = Buffer.alloc(4, "a");
    sequence.copy(padded);
    const stores = [[16, padded.readInt32LE()]] as const;
    await check(functionType({ name: text }), [16, 4], /f: name: a string is not UTF-8/, { stores });
    await check(functionType({ name: list(text) }), [8, 1], /f: name: a string is not UTF-8/, {
      stores: [...stores, [8, 16], [12, 4]],
    });
  }
});

test("strings of sixteen bits that are not well formed trap, and so do those that are not aligned or too long", async () => {
  const type = functionType({ name: text });
  const given = options(0, { realloc: undefined });
  for (const [encoding, tag] of [
    ["utf16", 0],
    ["latin1+utf16", 2 ** 31],
  ] as const) {
    const of = plan({
      functions: [{ name: "f", type }],
      exports: [exported("none", functionType({}), { options: given })],
    });
    const plain = {
      ...of,
      functions: of.functions.map((one) => ({ ...one, options: { ...given, encoding } })),
    } as typeof of;
    const module = `(module (import "host" "f0" (func $f (param i32 i32))) (memory (export "memory") 1)
      (data (i32.const 16) "\\00\\d8\\00\\dc\\00\\d8a\\00") (func (export "none"))
      (func (export "run") (param i32 i32) (call $f (local.get 0) (local.get 1))))`;
    for (const [pointer, units, pattern] of [
      [16, 2, undefined],
      [16, 1, /f: name: a string is not UTF-16/],
      [16, 4, /f: name: a string is not UTF-16/],
      [18, 1, /f: name: a string is not UTF-16/],
      [17, 1, /f: name: pointer 0x11 is not aligned to 2/],
      [65534, 2, /out of bounds/],
      [0, 2 ** 27, /too long/],
      [0, 2 ** 31 - 1, /too long/],
    ] as const) {
      let seen: unknown;
      const functions = {
        f: (name: unknown) => {
          seen = name;
        },
      };
      const { cores } = await instantiate(plain, [module], { functions });
      const run = cores[0]!.run as (pointer: number, length: number) => void;
      if (pattern === undefined) {
        run(pointer, units + tag);
        assert.equal(seen, "\u{10000}");
      } else assert.throws(() => run(pointer, units + tag), pattern);
    }
  }
});

test("a realloc that lies traps", async () => {
  const realloc = (body: string): string =>
    `(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${body})`;
  const answer = { functions: { f: () => "a text of some length" } };
  const type = functionType({}, text);
  await check(type, [16], /f: result: pointer 0xffff with 21 bytes is out of bounds/, {
    ...answer,
    realloc: realloc("(i32.const 65535)"),
  });
  await check(type, [16], /f: result: pointer 0xffffffff with 21 bytes is out of bounds/, {
    ...answer,
    realloc: realloc("(i32.const -1)"),
  });
  await check(functionType({}, list(u32)), [16], /f: result: pointer 0x2 is not aligned to 4/, {
    functions: { f: () => [1, 2] },
    realloc: realloc("(i32.const 2)"),
  });
  await check(functionType({}, list({ kind: "u8" })), [16], /out of bounds/, {
    functions: { f: () => new Uint8Array(0) },
    realloc: realloc("(i32.const 65537)"),
  });
  await check(type, [16], /unreachable/, { ...answer, realloc: realloc("(unreachable)") });
  // Recursion without an end is V8's RangeError, as in any guest.
  const endless = await caller(type, {
    functions: { f: () => "x" },
    flat: 1,
    realloc: `(func $r (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (call $r (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))`,
  });
  await assert.rejects(endless.call("run", 16), RangeError);
  await assert.rejects(endless.call("run", 16), RangeError);
});

test("lists that overlap cannot make the host allocate without a limit", async () => {
  // 8,000 pointers to the same 8,000 numbers; to the same text.
  for (const element of [list(u32), text, list(list({ kind: "u8" }))]) {
    const module = `(module (import "host" "f0" (func $f (param i32 i32))) ${allocator}
      (func (export "run") (local $at i32)
        (drop (memory.grow (i32.const 3)))
        (local.set $at (i32.const 65536))
        (loop $next
          (i32.store (local.get $at) (i32.const 0))
          (i32.store offset=4 (local.get $at) (i32.const 8000))
          (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 131072))))
        (call $f (i32.const 65536) (i32.const 8192))))`;
    const { instance } = await instantiate(
      plan({
        functions: [{ name: "f", type: functionType({ l: list(element) }) }],
        exports: [exported("run", functionType({}))],
      }),
      [module],
      { functions: { f() {} }, options: { limits: { callBytesMax: 1 << 20 } } },
    );
    await assert.rejects(
      instance.call("", "run", []),
      /f: l: values take more than 1048576 bytes of the host's memory/,
    );
  }
});

test("what the host throws comes out as it is, whatever the guest catches", async () => {
  const failure = new Error("of the host");
  const throws = {
    functions: {
      f() {
        throw failure;
      },
    },
    flat: 1,
  };
  const is = (error: unknown): boolean => error === failure;
  for (const name of ["run", "catch"]) {
    const guest = await caller(functionType({ a: u32 }), throws);
    await assert.rejects(guest.call(name, 1), is);
    await assert.rejects(guest.call("store", 0, 0), is);
  }
  for (const name of ["run", "catch"]) {
    const guest = await caller(functionType({ a: u32 }), {
      ...throws,
      blocks: () => true,
      functions: { f: () => Promise.reject(failure) },
    });
    await assert.rejects(guest.call(name, 1), is);
    await assert.rejects(guest.call("store", 0, 0), is);
  }
  for (const name of ["run", "catch"]) {
    const guest = await caller(functionType({ a: u32 }), {
      flat: 1,
      environment: {
        enter() {
          throw failure;
        },
      },
    });
    await assert.rejects(guest.call(name, 1), is);
  }
});

test("a guest that was ended while its host function waited is asked for nothing more", async () => {
  const ended = new Error("ended from outside");
  let over = false;
  const realloc = `(global $asked (export "asked") (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (global.set $asked (i32.const 1)) (i32.const 64))`;
  const guest = await caller(functionType({}, text), {
    flat: 1,
    realloc,
    blocks: () => true,
    functions: {
      f: async () => {
        over = true;
        return "x";
      },
    },
    environment: {
      enter() {
        if (over) throw ended;
      },
    },
  });
  await assert.rejects(guest.call("run", 16), (error) => error === ended);
  assert.equal((guest.cores[0]!.asked as WebAssembly.Global).value, 0);
});

test("a trap is not caught by the guest", async () => {
  const guest = await caller(functionType({ e: { kind: "enum", names: ["a"] } }), { flat: 1 });
  await assert.rejects(guest.call("catch", 7), /f: e: there is no case 7/);
  const words = new Int32Array((guest.cores[0]!.memory as WebAssembly.Memory).buffer);
  assert.equal(words[10], 0, "the guest went on");
  await assert.rejects(guest.call("store", 0, 0), /f: e: there is no case 7/);
  const other = await caller(functionType({ e: { kind: "enum", names: ["a"] } }), { flat: 1 });
  await other.call("catch", 0);
  assert.equal(new Int32Array((other.cores[0]!.memory as WebAssembly.Memory).buffer)[10], 7);
});

test("after a trap the guest calls nothing any more, however it is entered", async () => {
  let calls = 0;
  const functions = {
    f() {
      calls++;
    },
  };
  const guest = await caller(functionType({ e: { kind: "enum", names: ["a"] } }), { functions, flat: 1 });
  await assert.rejects(guest.call("run", 7), /there is no case 7/);
  const run = guest.cores[0]!.run as (tag: number) => void;
  assert.throws(() => run(0), /there is no case 7/);
  assert.equal(calls, 0);
});

test("realloc and post-return may call nothing", async () => {
  const module = `(module (import "host" "f0" (func $f (param i32))) (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $f (i32.const 16)) (i32.const 64))
    (func (export "take") (param i32 i32))
    (func (export "post") (call $f (i32.const 16)))
    (func (export "plain")))`;
  const made = () =>
    instantiate(
      plan({
        functions: [{ name: "f", type: functionType({}, text) }],
        exports: [
          exported("take", functionType({ name: text })),
          exported("plain", functionType({}), { options: options(0, { postReturn: core("post") }) }),
        ],
      }),
      [module],
      { functions: { f: () => "x" } },
    );
  await assert.rejects((await made()).instance.call("", "take", ["x"]), /f: called by realloc or post-return/);
  await assert.rejects((await made()).instance.call("", "plain", []), /f: called by realloc or post-return/);
});

test("post-return gets what was returned, after it was read", async () => {
  const module = `(module (memory (export "memory") 1) (data (i32.const 32) "\\40\\00\\00\\00\\02\\00\\00\\00") (data (i32.const 64) "ok")
    (global $got (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
    (func (export "name") (result i32) (i32.const 32))
    (func (export "post") (param i32) (global.set $got (local.get 0)) (memory.fill (i32.const 32) (i32.const 255) (i32.const 64)))
    (func (export "got") (result i32) (global.get $got)))`;
  const exports = [
    exported("name", functionType({}, text), { options: options(0, { postReturn: core("post") }) }),
    exported("got", functionType({}, u32)),
  ];
  const { instance } = await instantiate(plan({ exports }), [module]);
  assert.equal(await instance.call("", "name", []), "ok");
  assert.equal(await instance.call("", "got", []), 32);
});

test("lists of bytes that a guest returns stay as they are", async () => {
  const module = `(module (memory (export "memory") 1) (data (i32.const 32) "\\40\\00\\00\\00\\02\\00\\00\\00") (data (i32.const 64) "ok")
    (func (export "data") (result i32) (i32.const 32))
    (func (export "fill") (memory.fill (i32.const 64) (i32.const 0) (i32.const 64))))`;
  const exports = [
    exported("data", functionType({}, bytes), { options: options(0, { realloc: undefined }) }),
    exported("fill", functionType({}), { options: options(0, { realloc: undefined }) }),
  ];
  const { instance } = await instantiate(plan({ exports }), [module]);
  const data = await instance.call("", "data", []);
  await instance.call("", "fill", []);
  assert.deepEqual(data, new Uint8Array(Buffer.from("ok")));
});

test("a start function that needs what is not there yet traps", async () => {
  const type = functionType({}, text);
  const module = `(module (import "host" "f0" (func $f (param i32))) (memory (export "memory") 1)
    (func $start (call $f (i32.const 16))) (start $start)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (unreachable)))`;
  const of = plan({ functions: [{ name: "f", type }], exports: [] });
  await assert.rejects(instantiate(of, [module], { functions: { f: () => "x" } }), (error) => {
    assert.ok(error instanceof WebAssembly.RuntimeError, String(error));
    assert.match(error.message, /out of bounds/);
    return true;
  });
  // The result needs no memory, but a realloc that is there later: of another instance.
  const two = {
    ...of,
    coreInstances: [
      { module: 0, component: 0, imports: [] },
      { module: 1, component: 0, imports: of.coreInstances[0]!.imports },
      { module: 2, component: 0, imports: [] },
    ],
    modules: [...of.modules, ...of.modules, ...of.modules],
    functions: of.functions.map((one) => ({ ...one, options: options(0, { realloc: core("cabi_realloc", 2) }) })),
  } as typeof of;
  const starter = `(module (import "host" "f0" (func $f (param i32))) (func $start (call $f (i32.const 16))) (start $start))`;
  const modules = [`(module (memory (export "memory") 1))`, starter, module];
  await assert.rejects(instantiate(two, modules, { functions: { f: () => "x" } }), (error) => {
    assert.ok(error instanceof WebAssembly.RuntimeError, String(error));
    assert.match(error.message, /component: a function of a core instance is called before that is there/);
    return true;
  });
});

test("a realloc or post-return that is a canonical function traps, and no promise is left alone", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): number => unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    const canonical = { kind: "canonical", index: 0 } as const;
    const realloc = functionType({ a: u32, b: u32, c: u32, d: u32 }, u32);
    const module = `(module (import "host" "f0" (func $f (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
      (func (export "take") (param i32 i32)) (func (export "plain")))`;
    const bare = options(0, { realloc: undefined });
    const of = plan({
      functions: [{ name: "f", type: realloc }],
      exports: [
        exported("take", functionType({ name: text }), { options: options(0, { realloc: canonical }) }),
        exported("plain", functionType({}), { options: options(0, { realloc: undefined, postReturn: canonical }) }),
      ],
    });
    const fixed = { ...of, functions: of.functions.map((one) => ({ ...one, options: bare })) } as typeof of;
    for (const [name, args] of [
      ["take", ["x"]],
      ["plain", []],
    ] as const) {
      const rig = { functions: { f: () => Promise.resolve(1) }, blocks: () => true };
      const { instance } = await instantiate(fixed, [module], rig);
      await assert.rejects(instance.call("", name, args), /called by realloc or post-return/);
    }
    await new Promise(setImmediate);
    assert.deepEqual(unhandled, []);
  } finally {
    process.off("unhandledRejection", note);
  }
});
