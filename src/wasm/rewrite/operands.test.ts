import assert from "node:assert/strict";
import { test } from "node:test";
import { module as assemble, oneFunction, section, voidType } from "../testdata/build-module.ts";
import { rewrite } from "./testdata/preemption.ts";

/** A module of one function of type () → (), without memories and tables. */
function withCode(code: readonly number[]): Uint8Array {
  return assemble(voidType, oneFunction, section(10, [1, code.length + 2, 0, ...code, 0x0b]));
}

const attempts: Readonly<Record<string, readonly number[]>> = {
  "the epoch, stored to": [0x41, 0, 0x41, 0, 0x36, 2, 0],
  "the epoch, stored to by its index": [0x41, 0, 0x41, 0, 0x36, 0x42, 0, 0],
  "the epoch's size": [0x3f, 0, 0x1a],
  "the epoch, grown": [0x41, 0, 0x40, 0, 0x1a],
  "the epoch, filled": [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0],
  "the epoch, copied to": [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 0],
  "the epoch, by a vector": [0x41, 0, 0xfd, 0, 4, 0, 0x1a],
  "the epoch, by an atomic": [0x41, 0, 0xfe, 0x10, 2, 0, 0x1a],
  "the table of the tick": [0x41, 0, 0xd0, 0x70, 0x26, 0],
  "an entry of that table": [0x41, 0, 0x25, 0, 0x1a],
  "that table, filled": [0x41, 0, 0xd0, 0x70, 0x41, 0, 0xfc, 17, 0],
  "a call by that table": [0x41, 0, 0x11, 0, 0],
  "a loop's counter": [0x03, 0x40, 0x41, 0, 0x21, 0, 0x0c, 0, 0x0b],
  "a loop's counter, read": [0x03, 0x40, 0x20, 0, 0x0d, 0, 0x0b],
  "a loop's counter, by tee": [0x03, 0x40, 0x41, 0, 0x22, 0x80, 0, 0x0d, 0, 0x0b],
  "a global": [0x23, 0, 0x1a],
  "a global, set": [0x41, 0, 0x24, 0],
  "the slow path": [0x10, 1],
  "a reference to the slow path": [0xd2, 1, 0x1a],
  "the type of the tick": [0x02, 1, 0x00, 0x0b, 0x1a],
  "a reference of the type of the tick": [0xd0, 1, 0x1a],
};

test("a guest cannot name what the rewriter adds", () => {
  for (const [name, code] of Object.entries(attempts)) {
    const bytes = withCode(code);
    assert.equal(WebAssembly.validate(bytes as BufferSource), false, name);
    assert.throws(() => rewrite(bytes), { code: "module.malformed" }, name);
  }
});

test("what no instruction is known for is refused", () => {
  for (const code of [[0x16], [0xff], [0xfb, 40], [0xfc, 18], [0xfd, 0x94, 2], [0xfe, 0x4f]]) {
    assert.throws(() => rewrite(withCode(code)), { code: "module.malformed" }, code.join());
  }
});

test("code that ends early or late is refused", () => {
  for (const code of [[0x02, 0x40], [0x0b, 0x01], [0x0e, 0xff, 0xff, 0xff, 0x0f], [0x41]]) {
    assert.throws(() => rewrite(withCode(code)), { code: "module.malformed" }, code.join());
  }
});
