import { encodeUnsigned } from "../../base/leb128.ts";
import type { ModuleInfo } from "../module-info.ts";
import { findSection, type SectionChange } from "./assemble.ts";

/** The table section with maxima of at most `entriesMax`, so that V8 itself refuses to grow a table beyond. */
export function tableLimits(info: ModuleInfo, entriesMax: number): SectionChange {
  const section = findSection(info, 4);
  if (section === undefined) return {};
  const { bytes } = info;
  const content: Uint8Array[] = [];
  let from = section.start;
  for (const { min, max, is64, start, end } of info.tables) {
    const limit = Math.max(min, entriesMax);
    if (max !== undefined && max <= limit) continue;
    // 0x01: has a maximum, 0x04: 64-bit (WebAssembly 3.0, 5.3.13).
    const limits = Uint8Array.of(is64 ? 5 : 1, ...encodeUnsigned(min), ...encodeUnsigned(limit));
    content.push(bytes.subarray(from, start), limits);
    from = end;
  }
  content.push(bytes.subarray(from, section.end));
  return { content };
}
