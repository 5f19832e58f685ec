import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModule } from "../../wasm/decode.ts";
import { cardsStart } from "../../wasm/rewrite/mark-tuning.ts";
import { rewriteModule } from "../../wasm/rewrite/rewrite.ts";
import { instantiate } from "../../wasm/rewrite/testdata/preemption.ts";
import { wat } from "../testdata/guests.ts";
import { MarkedMemories } from "./marked-memories.ts";
import { MarkedMemory } from "./marked-memory.ts";
import { ResetImage } from "./reset-image.ts";
import { ResetPoint } from "./reset-point.ts";
import { prepare, resettable } from "./testdata/resettable.ts";

type Functions = Record<string, (...values: unknown[]) => unknown>;

async function make(text: string, imports?: () => WebAssembly.Imports) {
  const made = resettable(prepare(await wat(`(module ${text})`)), imports);
  return { ...made, functions: made.exports as unknown as Functions };
}

const ordinary = `(memory (export "memory") 2 50) (global $count (mut i32) (i32.const 0)) (data (i32.const 100) "hello")
  (func (export "write") (param i32 i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store (local.get 0) (local.get 1)))
  (func (export "read") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "count") (result i32) (global.get $count))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "trap") (param i32) (i32.store (local.get 0) (i32.const 1)) (memory.fill (i32.const 0) (i32.const 7) (i32.const 9000))
    (unreachable))`;

test("reset() puts memory, globals and the size back", async () => {
  const { functions, point, residue, memories } = await make(ordinary);
  functions.write!(100, 1);
  functions.write!(70_000, 2);
  assert.equal(functions.grow!(3), 2);
  functions.write!(300_000, 3);
  assert.equal(functions.count!(), 3);
  assert.notEqual(residue(), "");
  assert.equal(point.reset(), true);
  assert.equal(point.cards, 3);
  assert.equal(residue(), "");
  assert.deepEqual(
    [functions.count!(), functions.size!(), functions.read!(100), functions.read!(70_000)],
    [0, 2, Buffer.from("hell").readInt32LE(), 0],
  );
  // It has grown for good, but its guest grows it again, and finds it empty.
  assert.equal(memories[0]!.memory.buffer.byteLength, 5 * 65_536);
  assert.equal(functions.grow!(1), 2);
  assert.equal(functions.size!(), 3);
  assert.equal(functions.read!(196_000), 0);
});

test("a trap in the middle of something leaves nothing behind", async () => {
  const { functions, point, residue } = await make(ordinary);
  assert.throws(() => functions.trap!(80_000), WebAssembly.RuntimeError);
  assert.equal(point.reset(), true);
  assert.equal(residue(), "");
});

test("a store beyond the size that a guest sees is undone as well", async () => {
  const { functions, point, memories } = await make(ordinary);
  functions.grow!(10);
  assert.equal(point.reset(), true);
  // It would trap in a new instance. Here it does not, since the memory has grown before.
  functions.write!(500_000, 7);
  assert.equal(point.reset(), true);
  assert.ok(
    Buffer.from(memories[0]!.memory.buffer)
      .subarray(131_072)
      .every((byte) => byte === 0),
  );
});

test("what the host marked is put back", async () => {
  const { point, memories, residue } = await make(ordinary);
  const [marked] = memories;
  const bytes = () => new Uint8Array(marked!.memory.buffer);
  bytes().fill(9, 4_000, 40_000);
  marked!.markRange(4_000, 36_000);
  bytes()[100] = 1;
  marked!.cards[100 >>> 12] = 1;
  marked!.markRange(131_072, 0);
  bytes()[131_071] = 1;
  marked!.markRange(131_071, 1);
  assert.notEqual(residue(), "");
  assert.equal(point.reset(), true);
  assert.equal(residue(), "");
});

test("reset() refuses for good once a table was written, or more than the limit", async () => {
  const table = await make(
    `${ordinary} (table 2 funcref) (func (export "set") (table.set (i32.const 0) (ref.null func)))`,
  );
  assert.equal(table.point.reset(), true);
  table.functions.set!();
  assert.equal(table.point.reset(), false);
  assert.equal(table.point.reset(), false);

  const { memories, exports } = await make(ordinary);
  const image = new ResetImage(memories, [exports]);
  const point = new ResetPoint(image, memories, [exports], { cardsMax: 4 });
  const { write } = exports as unknown as Functions;
  for (let page = 0; page < 4; page++) write!(page * 8_192, 1);
  assert.equal(point.reset(), true);
  for (let page = 0; page < 5; page++) write!(page * 8_192, 1);
  assert.equal(point.reset(), false);
  assert.equal(point.reset(), false);
});

test("what a guest wrote while it was initialised is no reason to refuse", async () => {
  const { point, functions, residue } = await make(`${ordinary} (table 2 funcref)
    (func $start (table.set (i32.const 0) (ref.null func)) (i32.store (i32.const 5000) (i32.const 77))) (start $start)`);
  functions.write!(5_000, 1);
  assert.equal(point.reset(), true);
  assert.equal(residue(), "");
  assert.equal(functions.read!(5_000), 77);
});

test("memories of a guest with several are put back, those with addresses of 64 bits too", async () => {
  const { functions, point, residue } = await make(`(memory $a 1) (memory $b i64 1 9) (memory $c 0 9)
    (data (memory $b) (i64.const 10) "data")
    (func (export "write") (i32.store $a (i32.const 5) (i32.const 1)) (i64.store $b (i64.const 12) (i64.const 1))
      (drop (memory.grow $b (i64.const 2))) (memory.fill $b (i64.const 60000) (i32.const 1) (i64.const 100000))
      (drop (memory.grow $c (i32.const 1))) (i32.store8 $c (i32.const 65535) (i32.const 1)))
    (func (export "pages0") (result i64) (memory.size $b)) (func (export "pages1") (result i32) (memory.size $c))`);
  for (let i = 0; i < 3; i++) {
    functions.write!();
    assert.notEqual(residue(), "");
    assert.equal(point.reset(), true);
    assert.equal(residue(), "");
  }
});

test("all cards of a memory of 4 GiB can be marked and put back", async (t) => {
  const memory = new WebAssembly.Memory({ initial: 65_536, maximum: 65_536 });
  const marked = new MarkedMemory(memory);
  const bytes = new Uint8Array(memory.buffer);
  const image = new ResetImage([], []);
  assert.ok(image.memories.length === 0);
  t.diagnostic(`${marked.cardMemory.buffer.byteLength} bytes of cards`);
  marked.markRange(2 ** 32 - 5_000, 5_000);
  bytes[2 ** 32 - 1] = 1;
  const small = new ResetImage([new MarkedMemory(new WebAssembly.Memory({ initial: 0 }))], []);
  const point = new ResetPoint(small, [marked], [], { cardsMax: 100 });
  marked.markRange(2 ** 32 - 5_000, 5_000);
  assert.equal(point.reset(), true);
  // The first page too: for an address that is a sum of 32 bits it comes after the last.
  assert.equal(point.cards, 3);
  assert.equal(bytes[2 ** 32 - 1], 0);
  bytes[0] = 1;
  bytes[2 ** 32 - 1] = 1;
  marked.cards[0] = 1;
  assert.equal(point.reset(), true);
  assert.deepEqual([bytes[0], bytes[2 ** 32 - 1]], [0, 0]);
  assert.equal(marked.cards.indexOf(1, 1_048_576 - 10), -1);
});

test("modules that share a memory are put back together", async () => {
  const marked = new MarkedMemories();
  const start = (bytes: Uint8Array, imports: WebAssembly.Imports): WebAssembly.Exports => {
    const rewritten = rewriteModule(decodeModule(bytes), { marks: true });
    const module = new WebAssembly.Module(rewritten.bytes as BufferSource);
    const cards = (all: Record<string, WebAssembly.ModuleImports>) => marked.addTo(all, rewritten.cards);
    return instantiate(rewritten, module, { imports, pagesMax: 100, cards }).exports;
  };
  const main = start(
    await wat(`(module (memory (export "memory") 1 9) (global (export "g") (mut i32) (i32.const 4))
      (func (export "size") (result i32) (memory.size)) (func (export "grow") (result i32) (memory.grow (i32.const 1))))`),
    {},
  );
  const adapter = start(
    await wat(`(module (import "env" "memory" (memory 0)) (import "env" "g" (global $g (mut i32))) (global $own (mut i32) (i32.const 1))
      (func (export "size") (result i32) (memory.size)) (func (export "grow") (result i32) (memory.grow (i32.const 2)))
      (func (export "write") (i32.store (i32.const 70000) (i32.const 1)) (global.set $g (i32.const 9)) (global.set $own (i32.const 9)))
      (func (export "own") (result i32) (global.get $own)))`),
    { env: { memory: main.memory!, g: main.g! } },
  );
  const call = (exports: WebAssembly.Exports, name: string) => (exports as unknown as Functions)[name]!();
  assert.equal(marked.all.length, 1);
  const instances = [main, adapter];
  const point = new ResetPoint(new ResetImage(marked.all, instances), marked.all, instances);
  for (let i = 0; i < 2; i++) {
    assert.equal(call(adapter, "grow"), 1);
    assert.equal(call(main, "size"), 3);
    assert.equal(call(main, "grow"), 3);
    assert.equal(call(adapter, "size"), 4);
    call(adapter, "write");
    assert.equal(point.reset(), true);
    assert.deepEqual([call(main, "size"), call(adapter, "size"), call(adapter, "own")], [1, 1, 1]);
    assert.equal((main.g as WebAssembly.Global).value, 4);
    assert.ok(Buffer.from((main.memory as WebAssembly.Memory).buffer).every((byte) => byte === 0));
  }
});

test("an image serves every instance whose initialisation did the same", async () => {
  const bytes =
    await wat(`(module (import "host" "now" (func $now (result i32))) (memory 20) (data (i32.const 9000) "data")
    (func $start (i32.store (i32.const 100) (i32.const 5)) (i32.store (i32.const 500000) (call $now)))
    (func (export "write") (i32.store (i32.const 9000) (i32.const 1)) (i32.store (i32.const 500100) (i32.const 1)))
    (start $start))`);
  const prepared = prepare(bytes);
  const at = (time: number) =>
    resettable(prepared, () => ({ host: { now: () => time } }), undefined, { keepMarks: true });
  const first = at(1);
  const image = new ResetImage(first.memories, [first.exports]);
  const second = at(1);
  assert.equal(image.matches(second.memories), true);
  const point = new ResetPoint(image, second.memories, [second.exports]);
  (second.exports.write as () => void)();
  assert.notEqual(second.residue(), "");
  assert.equal(point.reset(), true);
  assert.equal(second.residue(), "");
  assert.equal(image.matches(at(2).memories), false);
});

test("an image of more memories than there can be is refused", () => {
  const memories = Array.from({ length: 33 }, () => new MarkedMemory(new WebAssembly.Memory({ initial: 0 })));
  assert.throws(() => new ResetImage(memories, []), { code: "reset.memories" });
});

test("the host's cards are the guest's", () => {
  const marked = new MarkedMemory(new WebAssembly.Memory({ initial: 1 }));
  marked.cards[3] = 1;
  assert.equal(new Uint8Array(marked.cardMemory.buffer)[cardsStart + 3], 1);
  assert.equal(marked.pages, 1);
});
