import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptFunction, ScriptObject, type Value } from "./value.ts";
import { ValueTable } from "./value-table.ts";

function make() {
  const global = new ScriptObject();
  const table = new ValueTable(global, new ScriptObject());
  const view = new DataView(new ArrayBuffer(16));
  return { global, table, view };
}

test("what is stored is loaded as it was", () => {
  const { global, table, view } = make();
  const values: Value[] = [undefined, null, true, false, 0, 1, -1.5, Number.NaN, Number.POSITIVE_INFINITY, "", "text"];
  for (const value of [...values, global, new ScriptObject(), new ScriptFunction(() => 1)]) {
    table.store(view, 8, value);
    assert.equal(table.load(view, 8), value);
  }
});

test("a value is held until Go has let go of each of its references", () => {
  const { table, view } = make();
  const object = new ScriptObject();
  table.store(view, 0, object);
  table.store(view, 8, object);
  const place = view.getUint32(0, true);
  assert.equal(view.getUint32(8, true), place);
  table.release(place);
  assert.equal(table.load(view, 0), object);
  table.release(place);
  assert.equal(table.size, 0);
  assert.equal(table.load(view, 0), null);
});

test("letting go too often, of nothing, or of the fixed values does no harm", () => {
  const { global, table, view } = make();
  for (const place of [5, 5, 6, 1000, 0xffff_ffff]) table.release(place);
  table.store(view, 0, "one");
  const place = view.getUint32(0, true);
  for (let i = 0; i < 3; i++) table.release(place);
  table.store(view, 0, "two");
  table.store(view, 8, "three");
  assert.deepEqual([table.load(view, 0), table.load(view, 8)], ["two", "three"]);
  table.store(view, 0, global);
  assert.equal(view.getUint32(0, true), 5);
});

test("references that the table never gave are undefined", () => {
  const { table, view } = make();
  view.setUint32(4, 0x7ff8_0001, true);
  for (const place of [7, 1 << 20, 0xffff_ffff]) {
    view.setUint32(0, place, true);
    assert.equal(table.load(view, 0), undefined);
  }
});
