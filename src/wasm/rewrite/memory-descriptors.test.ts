import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryDescriptors } from "./memory-descriptors.ts";

test("memoryDescriptors() shares what is left of the limit", () => {
  const memories = [
    { name: "mem0", min: 1, max: undefined, is64: false },
    { name: "mem1", min: 2, max: 4, is64: true },
  ];
  assert.deepEqual(memoryDescriptors(memories, 23 * 65_536), [
    { initial: 1, maximum: 11 },
    { address: "i64", initial: 2n, maximum: 4n },
  ]);
  for (const descriptor of memoryDescriptors(memories, 23 * 65_536)) new WebAssembly.Memory(descriptor);
  assert.throws(() => memoryDescriptors(memories, 2 * 65_536), { code: "limits.memory" });
});
