import { checkCap } from "./caps.ts";
import { readCode } from "./code-section.ts";
import { skipConstExpr } from "./const-expr.ts";
import type { ModuleContents } from "./contents.ts";
import { readCappedTable, readFunctionType, readImports, readMutability, readTagType } from "./imports-section.ts";
import { readMemory } from "./limits.ts";
import { externalKinds } from "./module-info.ts";
import { hex } from "./offset.ts";
import type { ModuleReader } from "./reader.ts";
import { readData, readElements } from "./segments.ts";
import { readTypes } from "./types-section.ts";

interface Section {
  readonly name: string;
  /** Place in the order of sections (WebAssembly 3.0, 5.5.2): tags stand before globals, the data count before code. */
  readonly order: number;
  readonly read: (reader: ModuleReader, contents: ModuleContents) => void;
}

/** The standard sections by their identifiers, from 1. */
export const standardSections: ReadonlyMap<number, Section> = new Map<number, Section>([
  [
    1,
    {
      name: "type",
      order: 1,
      read: (reader, contents) => {
        contents.types = readTypes(reader);
      },
    },
  ],
  [2, { name: "import", order: 2, read: readImports }],
  [3, { name: "function", order: 3, read: readFunctions }],
  [4, { name: "table", order: 4, read: readTables }],
  [5, { name: "memory", order: 5, read: readMemories }],
  [13, { name: "tag", order: 6, read: readTags }],
  [6, { name: "global", order: 7, read: readGlobals }],
  [7, { name: "export", order: 8, read: readExports }],
  [8, { name: "start", order: 9, read: readStart }],
  [9, { name: "element", order: 10, read: readElements }],
  [
    12,
    {
      name: "data count",
      order: 11,
      read: (reader, contents) => {
        const at = reader.at;
        contents.declaredDataCount = reader.u32();
        checkCap(reader.caps, "dataSegments", contents.declaredDataCount, at);
      },
    },
  ],
  [10, { name: "code", order: 12, read: readCode }],
  [11, { name: "data", order: 13, read: readData }],
]);

function readFunctions(reader: ModuleReader, contents: ModuleContents): void {
  const imported = contents.functionTypes;
  const count = reader.count("functions", imported.length);
  const types = new Uint32Array(imported.length + count);
  types.set(imported);
  for (let i = imported.length; i < types.length; i++) types[i] = readFunctionType(reader, contents);
  contents.functionTypes = types;
}

function readTables(reader: ModuleReader, contents: ModuleContents): void {
  const count = reader.count("tables", contents.tableCount);
  for (let i = 0; i < count; i++) {
    // 0x40 0x00: an initial value follows the limits (WebAssembly 3.0, 5.5.7).
    const initialized = reader.bytes[reader.at] === 0x40 && reader.at < reader.end;
    if (initialized) {
      reader.at++;
      const at = reader.at;
      if (reader.u8("0x00") !== 0) reader.malformed(at, "expected 0x00 after the 0x40 of a table");
    }
    contents.tables.push(readCappedTable(reader, contents));
    if (initialized) skipInitialValue(reader, contents);
  }
  contents.tableCount += count;
}

function readMemories(reader: ModuleReader, contents: ModuleContents): void {
  const count = reader.count("memories", contents.memoryCount);
  for (let i = 0; i < count; i++) contents.memories.push(readMemory(reader));
  contents.memoryCount += count;
}

function readTags(reader: ModuleReader, contents: ModuleContents): void {
  const count = reader.count("tags", contents.tagCount);
  for (let i = 0; i < count; i++) readTagType(reader, contents);
  contents.tagCount += count;
}

function readGlobals(reader: ModuleReader, contents: ModuleContents): void {
  for (let count = reader.count("globals", contents.globalCount); count > 0; count--) {
    reader.valueType();
    readMutability(reader);
    // Only globals that stand before it may be named.
    skipInitialValue(reader, contents);
    contents.globalCount++;
  }
}

function skipInitialValue(reader: ModuleReader, { functionTypes, globalCount }: ModuleContents): void {
  skipConstExpr(reader, { functionCount: functionTypes.length, globalCount });
}

function readExports(reader: ModuleReader, contents: ModuleContents): void {
  const spaces = [
    contents.functionTypes.length,
    contents.tableCount,
    contents.memoryCount,
    contents.globalCount,
    contents.tagCount,
  ];
  const names = new Set<string>();
  for (let count = reader.count("exports"); count > 0; count--) {
    const at = reader.at;
    const name = reader.name("an export's name");
    if (names.has(name)) reader.malformed(at, `a second export with the name "${name.slice(0, 80)}"`);
    names.add(name);
    const kindAt = reader.at;
    const code = reader.u8("the kind of an export");
    const kind = externalKinds[code];
    if (kind === undefined) reader.malformed(kindAt, `expected the kind of an export, 0 to 4, found ${hex(code)}`);
    contents.exports.push({ name, kind, index: reader.index(kind, spaces[code]!) });
  }
}

function readStart(reader: ModuleReader, contents: ModuleContents): void {
  const at = reader.at;
  const start = reader.index("function", contents.functionTypes.length);
  const type = contents.types[contents.functionTypes[start]!]!;
  if (type.kind !== "func" || type.params.length > 0 || type.results.length > 0) {
    reader.malformed(at, `the start function ${start} has parameters or results`);
  }
  contents.start = start;
}
