import { capsDefault, checkCap, type ModuleCaps } from "./caps.ts";
import { emptyContents, type ModuleContents } from "./contents.ts";
import type { CustomSection, ModuleInfo, SectionRange } from "./module-info.ts";
import { hex } from "./offset.ts";
import { checkPreamble } from "./preamble.ts";
import { ModuleReader } from "./reader.ts";
import { standardSections } from "./sections.ts";

/**
 * Reads a module's sections in one pass and checks their form and the caps; instructions and their types are left to V8.
 * The result refers to `bytes`, which must not change.
 *
 * Throws `module.not-wasm`, `module.truncated`, `module.malformed`, `module.too-large`, `module.cap-…`,
 * `module.shared-memory`, each with the byte offset as `at`.
 */
export function decodeModule(bytes: Uint8Array, caps: ModuleCaps = capsDefault): ModuleInfo {
  checkPreamble(bytes, caps);
  const reader = new ModuleReader(bytes, caps);
  const contents = emptyContents();
  const sections: SectionRange[] = [];
  const customSections: CustomSection[] = [];
  let lastId = 0;

  reader.at = 8;
  while (reader.at < bytes.length) {
    const section = readHeader(reader);
    reader.end = section.end;
    if (section.id === 0) {
      checkCap(caps, "customSections", customSections.length + 1, section.headerStart);
      reader.part = "a custom section";
      const name = reader.name("a custom section's name");
      customSections.push({ ...section, name, start: reader.at });
    } else {
      readStandard(reader, section, lastId, contents);
      lastId = section.id;
      sections.push(section);
    }
    reader.at = section.end;
    reader.end = bytes.length;
    reader.part = undefined;
  }

  checkCounts(reader, contents);
  return { bytes, ...contents, sections, customSections };
}

function readHeader(reader: ModuleReader): SectionRange {
  const headerStart = reader.at;
  const id = reader.u8("a section");
  const name = id === 0 ? "custom" : standardSections.get(id)?.name;
  if (name === undefined) reader.malformed(headerStart, `${hex(id)} is not the number of a section`);
  const length = reader.u32();
  const start = reader.at;
  reader.skip(length, `the ${name} section`);
  reader.at = start;
  return { id, headerStart, start, end: start + length };
}

function readStandard(reader: ModuleReader, range: SectionRange, lastId: number, contents: ModuleContents): void {
  const section = standardSections.get(range.id)!;
  const last = standardSections.get(lastId);
  if (last !== undefined && section.order <= last.order) {
    if (section === last) reader.malformed(range.headerStart, `a second ${section.name} section`);
    reader.malformed(range.headerStart, `the ${section.name} section must stand before the ${last.name} section`);
  }
  reader.part = `the ${section.name} section`;
  section.read(reader, contents);
  if (reader.at !== range.end) {
    reader.malformed(reader.at, `expected the section to end here, but its length says ${hex(range.end)}`);
  }
}

/** What two sections must agree on when one of them may be missing. */
function checkCounts(reader: ModuleReader, contents: ModuleContents): void {
  const defined = contents.functionTypes.length - contents.importedFunctionCount;
  if (defined !== contents.bodyCount) {
    reader.malformed(reader.at, `${defined} functions are declared, but there is no code section`);
  }
  const { declaredDataCount, dataCount } = contents;
  if (declaredDataCount !== undefined && declaredDataCount !== dataCount) {
    reader.malformed(reader.at, `${declaredDataCount} data segments are declared, but there are ${dataCount}`);
  }
}
