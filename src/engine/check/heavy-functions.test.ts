import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModule } from "../../wasm/decode.ts";
import { wat } from "../testdata/guests.ts";
import { heavyFunctions, onlyFunctions } from "./heavy-functions.ts";

const small = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))";
const locals = (count: number): string => `(local ${"i32 ".repeat(count)})`;

const text = `(module
  (import "env" "print" (func $print (param i32)))
  (memory 1)
  (data $text "some text")
  (table 4 funcref)
  (elem (i32.const 0) $few $large)
  (func $few (export "few") ${locals(10)} ${small.repeat(1000)})
  (func $many (export "many") ${locals(20_000)} ${small.repeat(3000)})
  (func $init (export "init") (memory.init $text (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop $text))
  (func $large (export "large") ${locals(1)} ${small.repeat(10_000)} (call $print (local.get 0))))`;

test("heavyFunctions() finds those that are large, or have many local variables", async () => {
  const heavy = heavyFunctions(decodeModule(await wat(text)));
  assert.deepEqual(
    heavy.map(({ position }) => position),
    [1, 3],
  );
});

test("onlyFunctions() gives a valid module in which all others are stubs, and never the same one twice", async () => {
  const bytes = await wat(text);
  const info = decodeModule(bytes);
  const heavy = heavyFunctions(info);
  const [first, second] = [onlyFunctions(info, heavy), onlyFunctions(info, heavy)];
  assert.notDeepEqual(first, second);
  const { instance } = await WebAssembly.instantiate(first as Uint8Array<ArrayBuffer>, { env: { print() {} } });
  const call = (name: string) => (instance.exports[name] as () => void)();
  for (const name of ["many", "large"]) call(name);
  for (const name of ["few", "init"]) assert.throws(() => call(name), /unreachable/);
});
