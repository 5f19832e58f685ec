// Bulk operations with all kinds of ranges, rewritten against not: the same trap or none, the same memories, tables and arrays.
// WARREN_FUZZ_RUNS sets the calls of each operation, WARREN_FUZZ_SEED where they start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pick, seeded } from "../../base/testdata/random.ts";
import { module as assemble, exportItem, exports as exportSection, section } from "../testdata/build-module.ts";
import { cell, instantiate, rewrite } from "./testdata/preemption.ts";
import { wat } from "./testdata/wat.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 150);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

const memoryBytes = 3 << 20;
const entries = 20_000;
const elements = 200_000;
const segmentBytes = 100_000;

const text = `(module
  (type $a8 (array (mut i8))) (type $a64 (array (mut i64))) (type $f (array (mut funcref)))
  (memory $m1 (export "m1") ${memoryBytes >> 16}) (memory $m2 (export "m2") ${memoryBytes >> 16})
  (memory $m64 (export "m64") i64 ${memoryBytes >> 16})
  (table $t1 (export "t1") ${entries} funcref) (table $t2 (export "t2") ${entries} funcref)
  (data $d "${"0123456789".repeat(segmentBytes / 10)}")
  (func $f0) (func $f1) (func $f2)
  (elem $e func ${"$f0 $f1 $f2 ".repeat(3000)})
  (global $x8 (ref $a8) (array.new_default $a8 (i32.const ${elements})))
  (global $x64 (ref $a64) (array.new_default $a64 (i32.const ${elements})))
  (global $xf (ref $f) (array.new_default $f (i32.const ${elements})))
  (func (export "setup") (local $i i32)
    (table.init $t1 $e (i32.const 0) (i32.const 0) (i32.const 9000))
    (table.init $t2 $e (i32.const 100) (i32.const 1) (i32.const 8000))
    (loop $l
      (i32.store $m1 (local.get $i) (i32.mul (local.get $i) (i32.const 2654435761)))
      (i32.store $m2 (local.get $i) (i32.mul (local.get $i) (i32.const 40503)))
      (i32.store $m64 (i64.extend_i32_u (local.get $i)) (i32.mul (local.get $i) (i32.const 2246822519)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const ${memoryBytes - 4}))))
    (local.set $i (i32.const 0))
    (loop $l
      (array.set $a8 (global.get $x8) (local.get $i) (i32.mul (local.get $i) (i32.const 31)))
      (array.set $a64 (global.get $x64) (local.get $i) (i64.extend_i32_u (i32.mul (local.get $i) (i32.const 77))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${elements})))))
  (func (export "fill1") (param i32 i32 i32) (memory.fill $m1 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy11") (param i32 i32 i32) (memory.copy $m1 $m1 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy12") (param i32 i32 i32) (memory.copy $m1 $m2 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy6464") (param i64 i64 i64) (memory.copy $m64 $m64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init64") (param i64 i32 i32) (memory.init $m64 $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill64") (param i64 i32 i64) (memory.fill $m64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init1") (param i32 i32 i32) (memory.init $m1 $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "tfill") (param i32 i32 i32) (table.fill $t1 (local.get 0) (ref.func $f2) (local.get 2)))
  (func (export "tcopy11") (param i32 i32 i32) (table.copy $t1 $t1 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "tcopy12") (param i32 i32 i32) (table.copy $t1 $t2 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "tinit") (param i32 i32 i32) (table.init $t1 $e (local.get 0) (local.get 1) (local.get 2)))
  (func (export "afill8") (param i32 i32 i32)
    (array.fill $a8 (global.get $x8) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "acopy8") (param i32 i32 i32)
    (array.copy $a8 $a8 (global.get $x8) (local.get 0) (global.get $x8) (local.get 1) (local.get 2)))
  (func (export "acopy64") (param i32 i32 i32)
    (array.copy $a64 $a64 (global.get $x64) (local.get 0) (global.get $x64) (local.get 1) (local.get 2)))
  (func (export "anull") (param i32 i32 i32)
    (array.fill $a64 (ref.null $a64) (local.get 0) (i64.const 1) (local.get 2)))
  (func (export "ainit8") (param i32 i32 i32)
    (array.init_data $a8 $d (global.get $x8) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "ainite") (param i32 i32 i32)
    (array.init_elem $f $e (global.get $xf) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "get8") (param i32) (result i32) (array.get_u $a8 (global.get $x8) (local.get 0)))
  (func (export "get64") (param i32) (result i64) (array.get $a64 (global.get $x64) (local.get 0)))
  (func (export "getf") (param i32) (result i32) (ref.is_null (array.get $f (global.get $xf) (local.get 0))))
  (func (export "hash") (result i64) (local $i i32) (local $h i64)
    (loop $l (local.set $h (i64.add (i64.mul (i64.add (local.get $h)
        (i64.extend_i32_u (array.get_u $a8 (global.get $x8) (local.get $i)))) (i64.const 31))
        (i64.add (array.get $a64 (global.get $x64) (local.get $i))
          (i64.extend_i32_u (ref.is_null (array.get $f (global.get $xf) (local.get $i)))))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${elements}))))
    (local.get $h)))`;

interface Operation {
  readonly target: number;
  readonly source: number;
  readonly wide: string;
}

const memory = { target: memoryBytes, source: memoryBytes };
const table = { target: entries, source: entries };
const array = { target: elements, source: elements };
/** `wide`: which operands are i64. */
const operations: Readonly<Record<string, Operation>> = {
  fill1: { ...memory, wide: "" },
  copy11: { ...memory, wide: "" },
  copy12: { ...memory, wide: "" },
  copy6464: { ...memory, wide: "012" },
  init64: { ...memory, source: segmentBytes, wide: "0" },
  fill64: { ...memory, wide: "02" },
  init1: { ...memory, source: segmentBytes, wide: "" },
  tfill: { ...table, wide: "" },
  tcopy11: { ...table, wide: "" },
  tcopy12: { ...table, wide: "" },
  tinit: { ...table, source: 9000, wide: "" },
  afill8: { ...array, wide: "" },
  acopy8: { ...array, wide: "" },
  acopy64: { ...array, wide: "" },
  anull: { ...array, wide: "" },
  ainit8: { ...array, source: segmentBytes, wide: "" },
  ainite: { ...array, source: 9000, wide: "" },
};

function operands({ target, source, wide }: Operation, random: Pick): (number | bigint)[] {
  const place = (size: number): number => {
    switch (random(12)) {
      case 0:
        return 0xffff_ffff - random(1000);
      case 1:
        return size - random(3);
      default:
        return random(size);
    }
  };
  const to = place(target);
  // Often close by, so that the ranges overlap.
  const from = random(2) === 0 ? Math.max(0, to + random(2000) - 1000) : place(source);
  const room = Math.max(1, Math.min(target - to, source - from));
  const length =
    [random(room), room + random(3) - 1, random(target), 0xffff_ffff - random(3)][random(9) >> 1] ?? random(room);
  return [to, from, length].map((value, i) => {
    if (!wide.includes(String(i))) return value >>> 0;
    return random(20) === 0 ? 0xffff_ffff_ffff_ff00n + BigInt(random(256)) : BigInt(value);
  });
}

type World = Record<string, (...values: unknown[]) => unknown>;

/** The module as it is, and rewritten with the epoch raised at every check. */
function bothWays(bytes: Uint8Array): readonly [World, World] {
  const rewritten = rewrite(bytes);
  const module = new WebAssembly.Module(rewritten.bytes as BufferSource);
  const { exports } = instantiate(rewritten, module, {
    tick: () => {
      cell[0] = 1;
      return 1;
    },
  });
  cell[0] = 1;
  const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource)).exports;
  return [plain as World, exports as World];
}

function memoriesOf(world: World, names: readonly string[]): Buffer[] {
  return names.map((name) => Buffer.from((world[name] as unknown as WebAssembly.Memory).buffer));
}

/** "done", or the trap, which must be the same in both. */
function callBoth(worlds: readonly World[], name: string, values: readonly unknown[], label: string): string {
  const [plain, cut] = worlds.map((world) => {
    try {
      world[name]!(...values);
      return "done";
    } catch (error) {
      return (error as Error).message;
    }
  });
  assert.equal(cut, plain, label);
  return plain!;
}

test("bulk operations in pieces do what they do in one", async (t) => {
  const worlds = bothWays(await wat(text));
  for (const world of worlds) world.setup!();
  const names = ["m1", "m2", "m64"];
  const contents = worlds.map((world) => memoriesOf(world, names));
  const random = seeded(seed);
  let traps = 0;
  for (let run = 0; run < runs; run++) {
    for (const [name, operation] of Object.entries(operations)) {
      const values = operands(operation, random);
      const label = `${name}(${values.join(", ")}), seed ${seed}, run ${run}`;
      if (callBoth(worlds, name, values, label) !== "done") traps++;
      for (const [i, memoryName] of names.entries()) {
        if (/^(fill|copy|init)/.test(name))
          assert.ok(contents[0]![i]!.equals(contents[1]![i]!), `${memoryName} after ${label}`);
      }
    }
    assert.equal(worlds[1].hash!(), worlds[0].hash!(), `arrays after run ${run}, seed ${seed}`);
    assert.deepEqual(tableOf(worlds[1]), tableOf(worlds[0]), `table after run ${run}, seed ${seed}`);
  }
  t.diagnostic(`${runs * Object.keys(operations).length} operations, ${traps} of them trapped`);
  assert.ok(traps > 0);
});

/** Built by hand: binaryen knows no copy between memories of 32 and 64 bits. */
function copiesBetweenWidths(): Uint8Array {
  const pages = [memoryBytes >> 16];
  const copy = (to: number, from: number) => [0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 10, to, from, 0x0b];
  return assemble(
    section(1, [2], [0x60, 3, 0x7f, 0x7e, 0x7f, 0], [0x60, 3, 0x7e, 0x7f, 0x7f, 0]),
    section(3, [2, 0, 1]),
    section(5, [2], [0, ...pages], [4, ...pages]),
    exportSection(
      exportItem("narrow", 2, 0),
      exportItem("wide", 2, 1),
      exportItem("fromWide", 0, 0),
      exportItem("fromNarrow", 0, 1),
    ),
    section(10, [2], [copy(0, 1).length], copy(0, 1), [copy(1, 0).length], copy(1, 0)),
  );
}

test("copies between memories of 32 and 64 bits in pieces do what they do in one", (t) => {
  const worlds = bothWays(copiesBetweenWidths());
  const names = ["narrow", "wide"];
  const contents = worlds.map((world) => memoriesOf(world, names));
  for (const each of contents)
    for (const [i, buffer] of each.entries())
      for (let at = 0; at < buffer.length; at += 4) buffer.writeUInt32LE(Math.imul(at + i, 2_654_435_761) >>> 0, at);
  const random = seeded(seed);
  const wide = { fromWide: "1", fromNarrow: "0" };
  let traps = 0;
  for (let run = 0; run < runs; run++) {
    for (const [name, where] of Object.entries(wide)) {
      const values = operands({ ...memory, wide: where }, random);
      const label = `${name}(${values.join(", ")}), seed ${seed}, run ${run}`;
      if (callBoth(worlds, name, values, label) !== "done") traps++;
      for (const [i, memoryName] of names.entries())
        assert.ok(contents[0]![i]!.equals(contents[1]![i]!), `${memoryName} after ${label}`);
    }
  }
  t.diagnostic(`${runs * 2} copies, ${traps} of them trapped`);
  assert.ok(traps > 0 && traps < runs * 2);
});

function tableOf(world: World): (string | undefined)[] {
  const functions = world.t1 as unknown as WebAssembly.Table;
  return Array.from({ length: functions.length }, (_, i) => (functions.get(i) as { name: string } | null)?.name);
}
