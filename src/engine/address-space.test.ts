import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressSpace } from "./address-space.ts";

test("AddressSpace refuses what has no room, and finds the memories that were left", async () => {
  const space = new AddressSpace(8);
  // In a function of its own, which leaves none of them behind on the stack.
  const fill = () =>
    Array.from({ length: 8 }, () => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      space.hold(memory);
      return memory;
    });
  let held = fill();
  assert.equal(space.memories, 8);
  assert.throws(() => space.check(1), { code: "limits.address-space", status: 503 });
  assert.equal(held.length, 8);
  held = [];
  // The refusal had them looked for; V8 tells of them in a task of its own.
  while (space.memories > 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    try {
      space.check(1);
    } catch {
      // Not yet.
    }
  }
  space.check(8);
});
