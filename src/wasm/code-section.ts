import { checkCap } from "./caps.ts";
import type { ModuleContents } from "./contents.ts";
import type { ModuleReader } from "./reader.ts";

/** Steps over the function bodies, reading their sizes and the declarations of their local variables. */
export function readCode(reader: ModuleReader, contents: ModuleContents): void {
  const defined = contents.functionTypes.length - contents.importedFunctionCount;
  const at = reader.at;
  const count = reader.u32();
  if (count !== defined) reader.malformed(at, `${defined} functions are declared, but there are ${count} bodies`);
  contents.bodyCount = count;
  const sectionEnd = reader.end;
  for (let i = 0; i < count; i++) {
    const sizeAt = reader.at;
    const size = reader.u32();
    checkCap(reader.caps, "bodyBytes", size, sizeAt);
    const start = reader.at;
    reader.skip(size, "a function's body");
    const end = reader.at;
    // Bodies end with the instruction `end`: one that does not has lost its framing.
    if (size < 2 || reader.bytes[end - 1] !== 0x0b) {
      reader.malformed(end - 1, `expected the body of function ${contents.importedFunctionCount + i} to end with 0x0b`);
    }
    reader.at = start;
    reader.end = end;
    contents.localCount += readLocals(reader);
    checkCap(reader.caps, "localsTotal", contents.localCount, start);
    contents.codeBytes += size;
    reader.at = end;
    reader.end = sectionEnd;
  }
}

function readLocals(reader: ModuleReader): number {
  let locals = 0;
  for (let groups = reader.u32(); groups > 0; groups--) {
    const at = reader.at;
    locals += reader.u32();
    checkCap(reader.caps, "locals", locals, at);
    reader.valueType();
  }
  return locals;
}
