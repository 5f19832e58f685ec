import assert from "node:assert/strict";
import { test } from "node:test";
import { describeExit } from "./exit.ts";
import { trapOf } from "./trap.ts";

function withStack(stack: string): Error {
  return Object.assign(new WebAssembly.RuntimeError("unreachable"), { stack });
}

test("trapOf() keeps the guest's frames, 20 at the most, and nothing of the host", () => {
  const stack = [
    "RuntimeError: unreachable",
    "    at shop.checkout (wasm://wasm/shop-0d5c2a16:wasm-function[7]:0x1f3)",
    "    at wasm://wasm/0d5c2a16:wasm-function[12]:0xc7",
    "    at file:///opt/warren/dist/engine/instance.js:10:3",
    "    at evil\u001b[31m (wasm://wasm/0d5c2a16:wasm-function[13]:0xd1)",
    "    at async Instance.run (/opt/warren/dist/engine/instance.js:1:1)",
  ];
  const exit = trapOf(withStack(stack.join("\n")));
  assert.deepEqual(exit, {
    kind: "trap",
    message: "unreachable",
    backtrace: ["shop.checkout at 0x1f3", "function 12 at 0xc7", "evil?[31m at 0xd1"],
  });
  assert.equal(describeExit(exit), "crashed: unreachable (in shop.checkout at 0x1f3)");
  const deep = trapOf(withStack(Array(50).fill("    at wasm://wasm/0d5c2a16:wasm-function[1]:0x1").join("\n")));
  assert.equal(deep.kind === "trap" && deep.backtrace.length, 20);
});

for (const [error, message] of [
  [new RangeError("Maximum call stack size exceeded"), "call stack exhausted"],
  [new RangeError("WebAssembly.Instance(): Out of memory: Cannot allocate"), "Out of memory: Cannot allocate"],
  [new Error("assertion failed"), "internal error: assertion failed"],
] as const) {
  test(`trapOf() tells ${message}`, () => {
    const exit = trapOf(error);
    assert.equal(exit.kind === "trap" && exit.message, message);
  });
}
