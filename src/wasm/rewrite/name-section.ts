import type { ModuleInfo } from "../module-info.ts";
import { ByteWriter } from "./byte-writer.ts";
import { readU32, skipLeb } from "./leb.ts";

const functionNames = 1;
const labelNames = 3;

/**
 * The content of the name section with the names of the functions that were added, for traps that happen in them. Most
 * others stay right, since nothing is renumbered and what is added comes last. Names of labels (extended name section
 * proposal) go: loops are wrapped and written twice, so that they would name other labels. Undefined when there is no such
 * section or it is broken, which is no fault of a module (WebAssembly 3.0, 7.4.1).
 */
export function nameSection(info: ModuleInfo, added: readonly { readonly name: string }[]): Uint8Array[] | undefined {
  const section = info.customSections.find(({ name }) => name === "name");
  if (section === undefined) return undefined;
  const { bytes } = info;
  const head = new ByteWriter(16);
  head.name("name");
  const parts = [head.written()];
  for (let p = section.start; p < section.end; ) {
    const start = p;
    const id = bytes[p]!;
    const size = readU32(bytes, p + 1);
    const from = skipLeb(bytes, p + 1);
    p = from + size;
    if (p > section.end) return undefined;
    if (id === functionNames) parts.push(...withAdded(info, from, p, added));
    else if (id !== labelNames) parts.push(bytes.subarray(start, p));
  }
  return parts;
}

function withAdded(
  { bytes, functionTypes }: ModuleInfo,
  from: number,
  end: number,
  added: readonly { readonly name: string }[],
): Uint8Array[] {
  const names = new ByteWriter(64);
  for (const [i, { name }] of added.entries()) {
    names.u32(functionTypes.length + i);
    names.name(name);
  }
  const count = new ByteWriter(8);
  count.u32(readU32(bytes, from) + added.length);
  const list = bytes.subarray(skipLeb(bytes, from), end);
  const head = new ByteWriter(8);
  head.u8(functionNames);
  head.u32(count.length + list.length + names.length);
  return [head.written(), count.written(), list, names.written()];
}
