import { functionType, type ModuleInfo } from "../module-info.ts";
import { BodyScanner } from "./body-scanner.ts";
import type { Hubs } from "./call-graph.ts";
import { CodeScan } from "./code-scan.ts";
import { readU32, skipLeb, skipValueType } from "./leb.ts";
import { type IndexSpaces, Operands } from "./operands.ts";

/** Scans all bodies. Throws what {@link BodyScanner.scan} throws. */
export function scanFunctions(info: ModuleInfo, hubs: Hubs, taken: Uint8Array): CodeScan {
  const { bytes } = info;
  const functions = info.functionTypes.length - info.importedFunctionCount;
  const scan = new CodeScan(functions, info.codeBytes);
  const section = info.sections.find(({ id }) => id === 10);
  if (section === undefined) return scan;
  const scanner = new BodyScanner(bytes, scan, hubs.ofType, taken, new Operands(bytes, indexSpaces(info)));
  let p = skipLeb(bytes, section.start);
  for (let f = 0; f < functions; f++) {
    scan.entryStart[f] = p;
    const size = readU32(bytes, p);
    p = skipLeb(bytes, p);
    const end = p + size;
    scan.bodyStart[f] = p;
    scan.bodyEnd[f] = end;
    let locals = 0;
    let groups = readU32(bytes, p);
    p = skipLeb(bytes, p);
    for (; groups > 0; groups--) {
      locals += readU32(bytes, p);
      p = skipValueType(bytes, skipLeb(bytes, p));
    }
    scan.localCount[f] = locals;
    scan.codeStart[f] = p;
    scan.eventStart[f] = scan.events.length;
    scan.loopStart[f] = scan.loops.length;
    scan.callStart[f] = scan.callees.length;
    const params = functionType(info, info.importedFunctionCount + f)?.params.length ?? 0;
    scanner.scan(f, p, end, params + locals);
    p = end;
  }
  scan.entryStart[functions] = p;
  scan.eventStart[functions] = scan.events.length;
  scan.loopStart[functions] = scan.loops.length;
  scan.callStart[functions] = scan.callees.length;
  return scan;
}

/** How many of each a module has. */
export function indexSpaces(info: ModuleInfo): IndexSpaces {
  const imported = (kind: string) => info.imports.filter((item) => item.kind === kind).length;
  return {
    types: info.types.length,
    functions: info.functionTypes.length,
    memories: imported("memory") + info.memories.length,
    tables: imported("table") + info.tables.length,
    globals: info.globalCount,
  };
}
