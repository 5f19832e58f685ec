import { encodeUnsigned } from "../../base/leb128.ts";
import type { ModuleInfo, SectionRange } from "../module-info.ts";
import { ByteWriter } from "./byte-writer.ts";
import { readU32, skipLeb } from "./leb.ts";

/** What a section becomes. */
export interface SectionChange {
  /** The content of the section as it is now; otherwise that of the module, if it has the section. */
  readonly content?: readonly Uint8Array[];
  /** Items put behind those of a section that is a vector. */
  readonly items?: { readonly count: number; readonly bytes: Uint8Array };
  readonly dropped?: boolean;
  /** Contents of custom sections that go before it. */
  readonly customBefore?: readonly (readonly Uint8Array[])[];
}

/** The standard sections in the order that they must have (WebAssembly 3.0, 5.5.2). */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Offsets into the code section, which are wrong in what comes out: debug information, hints, relocations. */
const staleCustom = /^(\.debug_|sourceMappingURL$|external_debug_info$|metadata\.code\.|reloc\.|linking$)/;

/**
 * Puts a module together from its sections and the changes of some of them, by section number.
 *
 * @param names the content of the name section, if it changes
 */
export function assemble(
  info: ModuleInfo,
  changes: ReadonlyMap<number, SectionChange>,
  names: readonly Uint8Array[] | undefined,
): Uint8Array<ArrayBuffer> {
  const { bytes, sections, customSections } = info;
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const put = (id: number, content: readonly Uint8Array[]) => {
    const length = content.reduce((sum, part) => sum + part.length, 0);
    parts.push(Uint8Array.of(id, ...encodeUnsigned(length)), ...content);
  };
  let customs = 0;
  const putCustoms = (before: number) => {
    for (; customs < customSections.length && customSections[customs]!.headerStart < before; customs++) {
      const section = customSections[customs]!;
      if (section.name === "name" && names !== undefined) put(0, names);
      else if (!staleCustom.test(section.name)) parts.push(bytes.subarray(section.headerStart, section.end));
    }
  };
  for (const id of order) {
    const section = sections.find((item) => item.id === id);
    if (section !== undefined) putCustoms(section.headerStart);
    const change = changes.get(id);
    for (const custom of change?.customBefore ?? []) put(0, custom);
    if (change?.dropped === true) continue;
    const content =
      change?.content ?? (section === undefined ? undefined : [bytes.subarray(section.start, section.end)]);
    const items = change?.items;
    if (items !== undefined && items.count > 0) put(id, withItems(content, items));
    else if (content !== undefined) put(id, content);
  }
  putCustoms(Number.POSITIVE_INFINITY);
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function withItems(
  content: readonly Uint8Array[] | undefined,
  { count, bytes }: { readonly count: number; readonly bytes: Uint8Array },
): Uint8Array[] {
  const head = new ByteWriter(8);
  const first = content?.[0];
  head.u32(count + (first === undefined ? 0 : readU32(first, 0)));
  const rest = first === undefined ? [] : [first.subarray(skipLeb(first, 0)), ...content!.slice(1)];
  return [head.written(), ...rest, bytes];
}

/** The section of a number. */
export function findSection(info: ModuleInfo, id: number): SectionRange | undefined {
  return info.sections.find((section) => section.id === id);
}
