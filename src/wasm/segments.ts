import { checkCap } from "./caps.ts";
import { type IndexSpaces, skipConstExpr } from "./const-expr.ts";
import type { ModuleContents } from "./contents.ts";
import type { ModuleReader } from "./reader.ts";

/** Steps over the element segments (WebAssembly 3.0, 5.5.12). */
export function readElements(reader: ModuleReader, contents: ModuleContents): void {
  const spaces = indexSpaces(contents);
  const count = reader.count("elements");
  contents.elementCount = count;
  for (let i = 0; i < count; i++) {
    const flagsAt = reader.at;
    const flags = reader.u32();
    if (flags > 7) reader.malformed(flagsAt, `expected the flags of an element segment, 0 to 7, found ${flags}`);
    // Bit 0: passive or declarative; bit 1: a table index or declarative; bit 2: expressions instead of functions.
    if ((flags & 1) === 0) {
      if ((flags & 2) !== 0) reader.index("table", contents.tableCount);
      else if (contents.tableCount === 0)
        reader.malformed(flagsAt, "an element segment for table 0, but there is none");
      skipConstExpr(reader, spaces);
    }
    if ((flags & 3) !== 0) readElementKind(reader, flags);
    const entriesAt = reader.at;
    const entries = reader.count("elementEntries", contents.elementEntries);
    contents.elementEntries += entries;
    checkCap(reader.caps, "elementEntries", contents.elementEntries, entriesAt);
    for (let j = 0; j < entries; j++) {
      if ((flags & 4) === 0) reader.index("function", spaces.functionCount);
      else skipConstExpr(reader, spaces);
    }
  }
}

function readElementKind(reader: ModuleReader, flags: number): void {
  const at = reader.at;
  if ((flags & 4) !== 0) reader.referenceType();
  else if (reader.u8("the kind of an element segment") !== 0)
    reader.malformed(at, "expected 0, functions, as element kind");
}

/** Steps over the data segments (WebAssembly 3.0, 5.5.14). Go has 100,000 of them, so nothing is made for each. */
export function readData(reader: ModuleReader, contents: ModuleContents): void {
  const spaces = indexSpaces(contents);
  const count = reader.count("dataSegments");
  contents.dataCount = count;
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    const flags = reader.u32();
    if (flags > 2) reader.malformed(at, `expected the flags of a data segment, 0 to 2, found ${flags}`);
    if (flags !== 1) {
      if (flags === 2) reader.index("memory", contents.memoryCount);
      else if (contents.memoryCount === 0) reader.malformed(at, "a data segment for memory 0, but there is none");
      skipConstExpr(reader, spaces);
    }
    const length = reader.u32();
    reader.skip(length, "a data segment");
    contents.dataBytes += length;
  }
}

function indexSpaces({ functionTypes, globalCount }: ModuleContents): IndexSpaces {
  return { functionCount: functionTypes.length, globalCount };
}
