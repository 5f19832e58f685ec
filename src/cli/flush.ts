import type { Writable } from "node:stream";

/** Resolves when everything written so far has left the process, or never can. A pipe takes only 64 KiB ahead of its reader. */
export function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
