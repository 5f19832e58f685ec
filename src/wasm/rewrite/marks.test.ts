import assert from "node:assert/strict";
import { test } from "node:test";
import { module as assemble, exportItem, exports as exportSection, section } from "../testdata/build-module.ts";
import { cardsStart } from "./mark-tuning.ts";
import { cell, instantiate, rewrite } from "./testdata/preemption.ts";
import { wat } from "./testdata/wat.ts";

interface Marked {
  readonly exports: Record<string, (...values: unknown[]) => unknown>;
  /** The cards that are marked, of each memory; they are cleared. */
  marks(): number[][];
}

function start(bytes: Uint8Array): Marked {
  const rewritten = rewrite(bytes, { marks: true });
  const cards: Uint8Array[] = [];
  const { exports } = instantiate(rewritten, new WebAssembly.Module(rewritten.bytes as BufferSource), {
    pagesMax: 100,
    cards: (imports) => {
      for (const { name, memory, pagesMin } of rewritten.cards) {
        const made = new WebAssembly.Memory({ initial: Math.max(17, pagesMin) });
        const guest = imports[memory.module]![memory.name] as WebAssembly.Memory;
        new Uint32Array(made.buffer)[0] = guest.buffer.byteLength >>> 16;
        imports.warren![name] = made;
        cards.push(new Uint8Array(made.buffer, cardsStart));
      }
    },
  });
  const marks = () =>
    cards.map((each) => {
      const found = [...each.subarray(0, 1_600)].flatMap((value, card) => (value === 0 ? [] : [card]));
      each.fill(0, 0, 1_600);
      return found;
    });
  return { exports: exports as unknown as Marked["exports"], marks };
}

/** What a function of a module with two pages of memory marks. */
async function marksOf(body: string, ...values: unknown[]): Promise<number[]> {
  const { exports, marks } = start(
    await wat(`(module (memory 2) (memory $wide i64 2) (global $sp (mut i32) (i32.const 131072))
      (data $d "${"x".repeat(6000)}") (func (export "f") ${body}))`),
  );
  try {
    exports.f!(...values);
  } catch (error) {
    assert.ok(error instanceof WebAssembly.RuntimeError);
  }
  const [first, second] = marks();
  return [...first!, ...second!.map((card) => 1_000 + card)];
}

const scalars = ["i32.store", "i64.store", "f32.store", "f64.store", "i32.store8", "i32.store16", "i64.store8"];

test("every store marks the card of its address", async () => {
  for (const name of [...scalars, "i64.store16", "i64.store32"]) {
    const value = `(${name.slice(0, 3)}.const 1)`;
    assert.deepEqual(await marksOf(`(${name} (i32.const 5000) ${value})`), [1], name);
    assert.deepEqual(await marksOf(`(${name} offset=8192 (i32.const 5000) ${value})`), [3], `${name} with an offset`);
    const variable = `(param $p i32) (${name} offset=8192 (local.get $p) ${value})`;
    assert.deepEqual(await marksOf(variable, 5000), [3], `${name} by a variable`);
    const second = `(${name} $wide offset=8192 (i64.const 5000) ${value})`;
    assert.deepEqual(await marksOf(second), [1_003], `${name} to a memory of 64 bits`);
  }
});

test("vector stores mark the cards of their addresses", async () => {
  const vector = "(v128.const i64x2 1 2)";
  assert.deepEqual(await marksOf(`(v128.store offset=300 (i32.const 12288) ${vector})`), [3]);
  for (const size of [8, 16, 32, 64]) {
    const lane = `v128.store${size}_lane`;
    assert.deepEqual(await marksOf(`(${lane} 0 (i32.const 12288) ${vector})`), [3], lane);
    assert.deepEqual(await marksOf(`(${lane} $wide 0 (i64.const 12288) ${vector})`), [1_003], lane);
  }
});

test("bulk operations mark what they write, from the first byte to the last", async () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ["(memory.fill (i32.const 4095) (i32.const 1) (i32.const 2))", [0, 1]],
    ["(memory.fill (i32.const 4096) (i32.const 1) (i32.const 20000))", [1, 2, 3, 4, 5]],
    ["(memory.fill (i32.const 100) (i32.const 1) (i32.const 0))", []],
    ["(memory.fill (i32.const 131072) (i32.const 1) (i32.const 0))", []],
    ["(memory.fill (i32.const 131000) (i32.const 1) (i32.const 100))", []],
    ["(memory.copy (i32.const 40960) (i32.const 0) (i32.const 8192))", [10, 11]],
    ["(memory.init $d (i32.const 8191) (i32.const 0) (i32.const 4098))", [1, 2, 3]],
    ["(memory.fill $wide (i64.const 4095) (i32.const 1) (i64.const 2))", [1_000, 1_001]],
    ["(memory.init $wide $d (i64.const 8191) (i32.const 0) (i32.const 4098))", [1_001, 1_002, 1_003]],
    // In pieces.
    ["(memory.fill (i32.const 0) (i32.const 1) (i32.const 131072))", Array.from({ length: 32 }, (_, i) => i)],
  ];
  for (const [code, expected] of cases) {
    assert.deepEqual(await marksOf(code), expected, code);
    const unknown = code.replace(/\((i32|i64)\.const (\d+)\)\)$/, (_, type: string, length: string) =>
      type === "i32" ? "(local.get $n))" : `(i64.extend_i32_u (local.get $n)))${length && ""}`,
    );
    const length = Number(/const (\d+)\)\)$/.exec(code)![1]);
    assert.deepEqual(await marksOf(`(param $n i32) ${unknown}`, length), expected, `${code} by a variable`);
  }
});

test("a bulk operation that is ended between its pieces has marked all that it writes", async () => {
  const bytes = await wat(`(module (memory 40)
    (func (export "f") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))`);
  const rewritten = rewrite(bytes, { marks: true });
  let cards = new Uint8Array();
  let ticks = 0;
  const { exports, memories } = instantiate(rewritten, new WebAssembly.Module(rewritten.bytes as BufferSource), {
    tick: () => {
      cell[0] = 1;
      return ++ticks < 3 ? 1 : -1;
    },
    cards: (imports) => {
      const made = new WebAssembly.Memory({ initial: 17 });
      imports.warren!.cards0 = made;
      cards = new Uint8Array(made.buffer, cardsStart);
    },
  });
  cell[0] = 1;
  assert.throws(() => (exports.f as (n: number) => void)(2_500_000), /unreachable/);
  cell[0] = 0;
  const bytesNow = new Uint8Array(memories[0]!.buffer);
  assert.equal(bytesNow[0], 1);
  assert.equal(bytesNow[2_499_999], 0);
  for (const [i, byte] of bytesNow.entries()) if (byte !== 0) assert.equal(cards[i >>> 12], 1);
});

test("loads and what traps mark nothing", async () => {
  assert.deepEqual(await marksOf("(drop (i32.load (i32.const 5000)))"), []);
  assert.deepEqual(await marksOf("(i32.store (i32.const 131070) (i32.const 1))"), []);
  assert.deepEqual(await marksOf("(i64.store $wide (i64.const -1) (i64.const 1))"), []);
});

test("a stack frame is marked from its beginning to its end", async () => {
  const frame = (size: number, more = "") =>
    `(local $l i32) (global.set $sp (local.tee $l (i32.sub (global.get $sp) (i32.const ${size})))) ${more}`;
  assert.deepEqual(await marksOf(frame(16)), [31]);
  assert.deepEqual(await marksOf(frame(4090)), [31]);
  assert.deepEqual(await marksOf(frame(4200)), [30, 31]);
  // Larger ones where they are stored to.
  assert.deepEqual(await marksOf(frame(20_000)), []);
  assert.deepEqual(await marksOf(frame(20_000, "(i32.store offset=9000 (local.get $l) (i32.const 1))")), [29]);
  // A sum of 32 bits may lead from one at the end of all addresses to the beginning.
  const wrapped = `(local $l i32) (global.set $sp (i32.const 90))
    (local.set $l (i32.sub (global.get $sp) (i32.const 100))) (i32.store (i32.add (local.get $l) (i32.const 20)) (i32.const 1))`;
  assert.deepEqual(await marksOf(wrapped), [0]);
  // It is no address.
  assert.deepEqual(await marksOf(`(local $l i32) (local.set $l (i32.sub (global.get $sp) (i32.const 200000)))`), []);
});

/** How many marks stand in the code of memory 0 of three: its cards are memory 3. */
async function marksIn(body: string): Promise<number> {
  const { bytes } = rewrite(
    await wat(`(module (memory 2) (memory $b 2) (func (param $p i32) (param $q i32) ${body}))`),
    { marks: true },
  );
  const pattern = Buffer.from([0x3a, 0x40, 3, cardsStart]);
  let count = 0;
  for (let at = Buffer.from(bytes).indexOf(pattern); at >= 0; at = Buffer.from(bytes).indexOf(pattern, at + 1)) count++;
  return count;
}

test("stores near each other share a mark, where the first comes before the second on every way", async () => {
  const store = (offset: number, local = "$p") => `(i32.store offset=${offset} (local.get ${local}) (i32.const 1))`;
  assert.equal(await marksIn(store(0) + store(4) + store(100)), 1);
  assert.equal(await marksIn(store(0) + store(1000)), 2);
  assert.equal(await marksIn(store(0) + store(1000) + store(500)), 2);
  assert.equal(await marksIn(store(0) + store(0, "$q")), 2);
  assert.equal(await marksIn(`${store(0)} (local.set $p (local.get $q)) ${store(0)}`), 2);
  assert.equal(await marksIn(`(block $l (br_if $l (local.get $q)) ${store(0)}) ${store(0)}`), 2);
  assert.equal(await marksIn(`(if (local.get $q) (then ${store(0)}) (else ${store(0)}))`), 2);
  assert.equal(await marksIn(`${store(0)} (if (local.get $q) (then ${store(0)}) (else ${store(0)}))`), 1);
  assert.equal(await marksIn(`${store(0)} (loop $l ${store(4)} (br_if $l (local.get $q)))`), 1);
  assert.equal(await marksIn(`${store(0)} (i32.store (i32.add (local.get $p) (i32.const 100)) (i32.const 1))`), 1);
  assert.equal(await marksIn(`${store(0)} (i32.store (i32.sub (local.get $p) (i32.const 300)) (i32.const 1))`), 2);
  const moves = "(local.set $p (i32.add (local.get $p) (i32.const 4096)))";
  // Such a short loop is written twice.
  assert.equal(await marksIn(`${store(0)} (loop $l ${store(4)} ${moves} (br_if $l (local.get $q)))`), 3);
});

test("memory.size and memory.grow go by the size that the host set", async () => {
  const { exports } = start(
    await wat(`(module (memory 2 9) (memory $wide i64 1 5)
      (func (export "size") (result i32) (memory.size)) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size64") (result i64) (memory.size $wide))
      (func (export "grow64") (param i64) (result i64) (memory.grow $wide (local.get 0))))`),
  );
  const run = (name: string, ...values: unknown[]) => exports[name]!(...values);
  assert.equal(run("size"), 2);
  assert.equal(run("grow", 3), 2);
  assert.equal(run("size"), 5);
  assert.equal(run("grow", 5), -1);
  assert.equal(run("grow", -1), -1);
  assert.equal(run("grow", -5), -1);
  assert.equal(run("grow", 0), 5);
  assert.equal(run("grow64", 3n), 1n);
  assert.equal(run("size64"), 4n);
  assert.equal(run("grow64", -1n), -1n);
  assert.equal(run("grow64", 2n), -1n);
});

test("save and restore take all mutable globals along", async () => {
  const { exports } = start(
    await wat(`(module
      (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2)) (global $c (mut f32) (f32.const 3))
      (global $d (mut f64) (f64.const 4)) (global $e (mut v128) (v128.const i64x2 5 6)) (global $f (mut externref) (ref.null extern))
      (global $g (mut (ref $t)) (ref.func $one)) (global $h (mut (ref func)) (ref.func $one))
      (type $t (func (result i32)))
      (func $one (type $t) (i32.const 1)) (func $two (type $t) (i32.const 2))
      (func (export "write") (param externref)
        (global.set $a (i32.const 9)) (global.set $b (i64.const 9)) (global.set $c (f32.const 9)) (global.set $d (f64.const 9))
        (global.set $e (v128.const i64x2 9 9)) (global.set $f (local.get 0)) (global.set $g (ref.func $two)) (global.set $h (ref.func $two)))
      (func (export "read") (result i32 i64 f32 f64 i64 i32 i32 i32)
        (global.get $a) (global.get $b) (global.get $c) (global.get $d) (i64x2.extract_lane 1 (global.get $e))
        (ref.is_null (global.get $f)) (call_ref $t (global.get $g))
        (call_ref $t (ref.cast (ref $t) (global.get $h)))))`),
  );
  const before = [1, 2n, 3, 4, 6n, 1, 1, 1];
  assert.deepEqual(exports.read!(), before);
  exports["warren.save"]!();
  exports.write!({});
  assert.deepEqual(exports.read!(), [9, 9n, 9, 9, 9n, 0, 2, 2]);
  exports["warren.restore"]!();
  assert.deepEqual(exports.read!(), before);
});

test("what cannot be put back makes an instance dirty", async () => {
  const before = `(type $s (struct (field (mut i32)))) (type $a (array (mut i32))) (type $e (array (mut funcref)))
    (global $gs (ref $s) (struct.new $s (i32.const 1))) (global $ga (ref $a) (array.new $a (i32.const 1) (i32.const 9)))
    (global $ge (ref $e) (array.new_default $e (i32.const 9)))
    (table $t 4 funcref) (memory 1) (data $d "abcd") (elem $el func $f) (func $f)`;
  const dirtying = [
    "(table.set $t (i32.const 0) (ref.func $f))",
    "(drop (table.grow $t (ref.null func) (i32.const 1)))",
    "(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))",
    "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))",
    "(table.init $t $el (i32.const 0) (i32.const 0) (i32.const 1))",
    "(data.drop $d)",
    "(elem.drop $el)",
    "(struct.set $s 0 (global.get $gs) (i32.const 2))",
    "(array.set $a (global.get $ga) (i32.const 0) (i32.const 2))",
    "(array.fill $a (global.get $ga) (i32.const 0) (i32.const 2) (i32.const 1))",
    "(array.copy $a $a (global.get $ga) (i32.const 0) (global.get $ga) (i32.const 1) (i32.const 1))",
    "(array.init_data $a $d (global.get $ga) (i32.const 0) (i32.const 0) (i32.const 1))",
    "(array.init_elem $e $el (global.get $ge) (i32.const 0) (i32.const 0) (i32.const 1))",
  ];
  for (const code of dirtying) {
    const { exports } = start(await wat(`(module ${before} (func (export "run") ${code}))`));
    const dirty = exports["warren.dirty"] as unknown as WebAssembly.Global;
    assert.equal(dirty.value, 0, code);
    exports.run!();
    assert.equal(dirty.value, 1, code);
  }
  const clean = "(drop (table.size $t)) (drop (table.get $t (i32.const 0))) (drop (struct.get $s 0 (global.get $gs)))";
  const { exports } = start(await wat(`(module ${before} (func (export "run") ${clean}))`));
  exports.run!();
  assert.equal(exports["warren.dirty"], undefined);
});

test("rewriteModule() refuses atomic instructions, with marks only", async () => {
  const bytes = await wat(`(module (memory 1) (func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))`);
  rewrite(bytes);
  assert.throws(() => rewrite(bytes, { marks: true }), { code: "module.marks-atomics" });
});

test("a guest cannot name cards or what else marks add", () => {
  for (const code of [
    [0x23, 0, 0x1a], // global.get of the dirty global
    [0x41, 0, 0x24, 0],
    [0x41, 0, 0x41, 0, 0x36, 0x42, 2, 0], // a store to the cards
    [0x10, 2], // warren.save
    [0x20, 0, 0x1a], // the local variable for an address
  ]) {
    const body = [0, ...code, 0x41, 0, 0xd0, 0x70, 0x26, 0, 0x41, 0, 0x41, 0, 0x6a, 0x41, 0, 0x36, 2, 0, 0x0b];
    const bytes = assemble(
      section(1, [1, 0x60, 0, 0]),
      section(3, [1, 0]),
      section(4, [1, 0x70, 0, 1]),
      section(5, [1, 0, 1]),
      exportSection(exportItem("f", 0, 0)),
      section(10, [1, body.length], body),
    );
    assert.equal(WebAssembly.validate(bytes as BufferSource), false, code.join());
    assert.throws(() => rewrite(bytes, { marks: true }), { code: "module.malformed" }, code.join());
  }
});
