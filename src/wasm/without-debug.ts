import type { ModuleInfo } from "./module-info.ts";

/** DWARF for WebAssembly; names of functions are elsewhere (the section `name`). */
const debug = /^\.debug_/;

/**
 * Returns the module without its debug information, which nothing here reads and which is often most of a program: it would be read, digested
 * and copied by V8 at each start. Without any the result is `info.bytes` itself.
 */
export function withoutDebug({ bytes, customSections }: ModuleInfo): Uint8Array {
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (const section of customSections) {
    if (!debug.test(section.name)) continue;
    parts.push(bytes.subarray(copied, section.headerStart));
    copied = section.end;
  }
  return copied === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(copied)]);
}
