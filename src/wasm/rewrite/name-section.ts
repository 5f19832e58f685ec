import type { ModuleInfo } from "../module-info.ts";
import { ByteWriter } from "./byte-writer.ts";
import { readU32, skipLeb } from "./leb.ts";

const functionNames = 1;

/**
 * The content of the name section with the names of the functions that were added, for traps that happen in them. The
 * others stay right, since nothing is renumbered. Undefined when there is no such section or it is broken, which is no
 * fault of a module (WebAssembly 3.0, 7.4.1).
 */
export function nameSection(info: ModuleInfo, added: readonly { readonly name: string }[]): Uint8Array[] | undefined {
  const section = info.customSections.find(({ name }) => name === "name");
  if (section === undefined) return undefined;
  const { bytes } = info;
  const head = new ByteWriter(16);
  head.name("name");
  for (let p = section.start; p < section.end; ) {
    const start = p;
    const id = bytes[p]!;
    const size = readU32(bytes, p + 1);
    const from = skipLeb(bytes, p + 1);
    p = from + size;
    if (p > section.end) return undefined;
    if (id !== functionNames) continue;
    const names = new ByteWriter(64);
    for (const [i, { name }] of added.entries()) {
      names.u32(info.functionTypes.length + i);
      names.name(name);
    }
    const count = new ByteWriter(8);
    count.u32(readU32(bytes, from) + added.length);
    const list = bytes.subarray(skipLeb(bytes, from), p);
    const subsection = new ByteWriter(8);
    subsection.u8(functionNames);
    subsection.u32(count.length + list.length + names.length);
    return [
      head.written(),
      bytes.subarray(section.start, start),
      subsection.written(),
      count.written(),
      list,
      names.written(),
      bytes.subarray(p, section.end),
    ];
  }
  return undefined;
}
