import type { ExportInfo, ImportInfo, MemoryInfo, TableInfo, TypeInfo } from "./module-info.ts";

/** What the sections of a module fill in, one after the other. */
export interface ModuleContents {
  types: TypeInfo[];
  imports: ImportInfo[];
  exports: ExportInfo[];
  functionTypes: Uint32Array;
  importedFunctionCount: number;
  memories: MemoryInfo[];
  tables: TableInfo[];
  /** Imported ones included. */
  memoryCount: number;
  /** Imported ones included. */
  tableCount: number;
  globalCount: number;
  tagCount: number;
  /** Initial entries of all tables. */
  tableEntries: number;
  start: number | undefined;
  dataCount: number;
  /** What the data count section says. */
  declaredDataCount: number | undefined;
  dataBytes: number;
  elementCount: number;
  elementEntries: number;
  bodyCount: number;
  codeBytes: number;
  localCount: number;
}

export function emptyContents(): ModuleContents {
  return {
    types: [],
    imports: [],
    exports: [],
    functionTypes: new Uint32Array(0),
    importedFunctionCount: 0,
    memories: [],
    tables: [],
    memoryCount: 0,
    tableCount: 0,
    globalCount: 0,
    tagCount: 0,
    tableEntries: 0,
    start: undefined,
    dataCount: 0,
    declaredDataCount: undefined,
    dataBytes: 0,
    elementCount: 0,
    elementEntries: 0,
    bodyCount: 0,
    codeBytes: 0,
    localCount: 0,
  };
}
