import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModule } from "./decode.ts";
import { limitMemory } from "./limit-memory.ts";
import { exportItem, exports, join, module, section } from "./testdata/build-module.ts";
import { packagedGuests } from "./testdata/guests.ts";

const page = 65_536;
const tables = section(4, [3], [0x70, 0, 2], [0x40, 0, 0x6f, 0, 1, 0xd0, 0x6f, 0x0b], [0x70, 1, 1, 4]);
const exported = exports(exportItem("memory", 2, 0), exportItem("table", 1, 0), exportItem("other", 1, 1));

function limited(bytes: Uint8Array, bytesMax: number, tableEntriesMax?: number): Uint8Array<ArrayBuffer> {
  const result = limitMemory(bytes, decodeModule(bytes), bytesMax, tableEntriesMax) as Uint8Array<ArrayBuffer>;
  assert.ok(WebAssembly.validate(result));
  return result;
}

test("limitMemory() makes V8 refuse growth beyond the limit", () => {
  const bytes = limited(module(section(5, [1, 0, 1]), exports(exportItem("memory", 2, 0))), 3 * page + 100);
  const memory = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.memory as WebAssembly.Memory;
  memory.grow(2);
  assert.throws(() => memory.grow(1), RangeError);
});

test("limitMemory() leaves everything else as it was", () => {
  const data = section(11, [1, 0, 0x41, 8, 0x0b, 2, 7, 9]);
  const custom = section(0, [1, 97, 1, 2, 3]);
  const bytes = module(custom, section(5, [1, 0, 1]), exports(exportItem("memory", 2, 0)), data);
  const expected = module(custom, section(5, [1, 1, 1, 0x80, 8]), exports(exportItem("memory", 2, 0)), data);
  assert.deepEqual(Buffer.from(limited(bytes, 1024 * page)), expected);
});

test("limitMemory() keeps a smaller maximum and lowers a larger one", () => {
  for (const [limits, max] of [
    [[1, 1, 2], 2],
    [[1, 1, 9], 5],
    [[0, 1], 5],
    [[5, 1, 9], 5],
    [[4, 1], 5],
    [[1, 5, 9], 5],
  ] as const) {
    const [memory] = decodeModule(limited(module(section(5, [1], limits)), 5 * page)).memories;
    assert.equal(memory?.max, max);
    assert.equal(memory.is64, limits[0] > 3);
  }
});

test("limitMemory() gives the same bytes where nothing has to change", () => {
  const bytes = module(section(5, [1, 1, 1, 2]));
  assert.equal(limited(bytes, 2 * page), bytes);
});

test("limitMemory() divides what is left among several memories", () => {
  const bytes = limited(module(section(5, [3, 0, 1, 1, 2, 2, 0, 3])), 16 * page);
  const maxima = decodeModule(bytes).memories.map(({ max }) => max);
  assert.deepEqual(maxima, [6, 2, 8]);
});

test("limitMemory() limits tables too, those with an initial value among them", () => {
  const bytes = limited(module(tables, section(5, [1, 0, 1]), exported), 2 * page, 3);
  assert.deepEqual(
    decodeModule(bytes).tables.map(({ min, max }) => [min, max]),
    [
      [2, 3],
      [1, 3],
      [1, 3],
    ],
  );
  const table = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.table as WebAssembly.Table;
  table.grow(1);
  assert.throws(() => table.grow(1), RangeError);
});

test("limitMemory() refuses a program that starts with more, and says what to set", () => {
  const bytes = module(section(5, [1, 0, 0x21]));
  assert.throws(() => limitMemory(bytes, decodeModule(bytes), 2 ** 20), {
    code: "limits.memory",
    message: "the program starts with 2.06 MiB of memory, but its limit is 1 MiB",
    hint: 'Set limits.memory to at least "3MiB", or run with --memory.',
  });
});

test("limitMemory() works on real programs", () => {
  for (const { bytes } of packagedGuests()) {
    const before = decodeModule(bytes);
    const after = decodeModule(limitMemory(bytes, before, 2 ** 28));
    assert.equal(after.memories[0]?.max, 4096);
    assert.deepEqual(after.exports, before.exports);
    assert.equal(after.dataBytes, before.dataBytes);
  }
});

test("limitMemory() leaves a module without memory alone", () => {
  const bytes = join(module());
  assert.equal(limited(bytes, 0), bytes);
});
