import { memoryMaxima } from "../limit-memory.ts";
import type { RewrittenMemory } from "./contract.ts";

/**
 * What to make the memories of an instance from, in the order of {@link RewrittenMemory}, so that together they cannot grow
 * beyond `bytesMax`. Throws `limits.memory` when they start with more.
 */
export function memoryDescriptors(
  memories: readonly RewrittenMemory[],
  bytesMax: number,
): WebAssembly.MemoryDescriptor[] {
  const maxima = memoryMaxima(memories, bytesMax);
  return memories.map(({ min, max, is64 }, i) => {
    const pages = Math.min(max ?? Number.POSITIVE_INFINITY, maxima[i]!);
    // TypeScript's library does not know memories of 64 bits yet (WebAssembly JavaScript Interface, 5.3).
    const descriptor = is64
      ? { address: "i64", initial: BigInt(min), maximum: BigInt(pages) }
      : { initial: min, maximum: Math.min(pages, 65_536) };
    return descriptor as WebAssembly.MemoryDescriptor;
  });
}
