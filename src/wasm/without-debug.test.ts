import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeModule } from "./decode.ts";
import { module, section } from "./testdata/build-module.ts";
import { withoutDebug } from "./without-debug.ts";

const custom = (name: string) => section(0, [name.length, ...Buffer.from(name), 1, 2, 3]);
const memory = section(5, [1, 0, 1]);
const names = section(0, [4, ...Buffer.from("name")]);

test("withoutDebug() leaves out what is named .debug_, wherever it is, and nothing else", () => {
  const bytes = module(custom(".debug_info"), custom("a"), memory, custom(".debug_str"), names, custom(".debug_line"));
  const left = withoutDebug(decodeModule(bytes));
  assert.deepEqual(Buffer.from(left), module(custom("a"), memory, names));
  assert.ok(WebAssembly.validate(left as Uint8Array<ArrayBuffer>));
});

test("withoutDebug() gives the module itself when there is nothing to leave out", () => {
  const bytes = module(custom("debug_info"), memory, names);
  assert.equal(withoutDebug(decodeModule(bytes)), bytes);
});
