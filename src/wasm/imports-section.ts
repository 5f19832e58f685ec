import { checkCap } from "./caps.ts";
import type { ModuleContents } from "./contents.ts";
import { readMemory, readTable } from "./limits.ts";
import type { ImportInfo } from "./module-info.ts";
import { hex } from "./offset.ts";
import type { ModuleReader } from "./reader.ts";

/** Reads the import section (WebAssembly 3.0, 5.5.5). */
export function readImports(reader: ModuleReader, contents: ModuleContents): void {
  const functionTypes: number[] = [];
  for (let count = reader.count("imports"); count > 0; count--) {
    const item = readImport(reader, contents);
    if (item.kind === "func") functionTypes.push(item.type);
    contents.imports.push(item);
  }
  contents.functionTypes = Uint32Array.from(functionTypes);
  contents.importedFunctionCount = functionTypes.length;
}

function readImport(reader: ModuleReader, contents: ModuleContents): ImportInfo {
  const module = reader.name("an import's module name");
  const name = reader.name("an import's name");
  const at = reader.at;
  const kind = reader.u8("the kind of an import");
  switch (kind) {
    case 0:
      return { module, name, kind: "func", type: readFunctionType(reader, contents) };
    case 1:
      checkCap(reader.caps, "tables", ++contents.tableCount, at);
      return { module, name, kind: "table", table: readCappedTable(reader, contents) };
    case 2:
      checkCap(reader.caps, "memories", ++contents.memoryCount, at);
      return { module, name, kind: "memory", memory: readMemory(reader) };
    case 3: {
      checkCap(reader.caps, "globals", ++contents.globalCount, at);
      const value = reader.valueType();
      return { module, name, kind: "global", value, mutable: readMutability(reader) };
    }
    case 4:
      checkCap(reader.caps, "tags", ++contents.tagCount, at);
      return { module, name, kind: "tag", type: readTagType(reader, contents) };
    default:
      reader.malformed(at, `expected the kind of an import, 0 to 4, found ${hex(kind)}`);
  }
}

/** The index of a function type. */
export function readFunctionType(reader: ModuleReader, { types }: ModuleContents): number {
  const at = reader.at;
  const index = reader.index("type", types.length);
  if (types[index]!.kind !== "func") reader.malformed(at, `type ${index} is not a function type`);
  return index;
}

/** The attribute (0: exception) and type of a tag. */
export function readTagType(reader: ModuleReader, contents: ModuleContents): number {
  const at = reader.at;
  const attribute = reader.u32();
  if (attribute !== 0) reader.malformed(at, `expected the attribute 0 of a tag, found ${attribute}`);
  return readFunctionType(reader, contents);
}

export function readCappedTable(reader: ModuleReader, contents: ModuleContents): ReturnType<typeof readTable> {
  const at = reader.at;
  const table = readTable(reader);
  contents.tableEntries += table.min;
  checkCap(reader.caps, "tableEntries", contents.tableEntries, at);
  return table;
}

export function readMutability(reader: ModuleReader): boolean {
  const at = reader.at;
  const mutable = reader.u8("a mutability");
  if (mutable > 1) reader.malformed(at, `expected the mutability 0 (constant) or 1 (variable), found ${hex(mutable)}`);
  return mutable === 1;
}
