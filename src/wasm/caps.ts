import { WarrenError } from "../base/errors.ts";
import { hex } from "./offset.ts";

/**
 * What a module may hold at the most. V8 takes far more than a process can bear (1,000 memories reserve 10 TiB of
 * addresses, 50 tables of 10 million entries take 4 GB, a million exports 650 MB), and counts none of it against a
 * limit, so these are checked before V8 sees a module.
 */
export interface ModuleCaps {
  /** Bytes of the whole file; the error is `module.too-large`. */
  readonly moduleBytes: number;
  /** Function, struct and array types. */
  readonly types: number;
  /** Parameters, results and fields of all types together. */
  readonly typeValues: number;
  readonly imports: number;
  readonly exports: number;
  /** Bytes of one import's, export's or custom section's name. */
  readonly nameBytes: number;
  /** Bytes of all those names together. */
  readonly namesBytes: number;
  /** Imported and defined. */
  readonly functions: number;
  /** Bytes of one function's body. */
  readonly bodyBytes: number;
  /** Local variables of one function, parameters not counted. */
  readonly locals: number;
  /** Local variables of all functions together. */
  readonly localsTotal: number;
  /** Imported and defined. */
  readonly memories: number;
  /** Of these, such as threads would share: services have none. */
  readonly sharedMemories: number;
  /** Imported and defined. */
  readonly tables: number;
  /** Initial entries of all tables together; also how far {@link limitMemory} lets them grow. */
  readonly tableEntries: number;
  /** Imported and defined. */
  readonly globals: number;
  /** Imported and defined. */
  readonly tags: number;
  readonly elements: number;
  /** Entries of all element segments together. */
  readonly elementEntries: number;
  readonly dataSegments: number;
  readonly customSections: number;
}

const capTexts: Record<keyof ModuleCaps, string> = {
  moduleBytes: "bytes",
  types: "types",
  typeValues: "parameters, results and fields",
  imports: "imports",
  exports: "exports",
  nameBytes: "bytes in one name",
  namesBytes: "bytes in its names",
  functions: "functions",
  bodyBytes: "bytes in one function",
  locals: "local variables in one function",
  localsTotal: "local variables in all functions",
  memories: "memories",
  sharedMemories: "shared memories",
  tables: "tables",
  tableEntries: "entries in its tables",
  globals: "globals",
  tags: "tags",
  elements: "element segments",
  elementEntries: "entries in its element segments",
  dataSegments: "data segments",
  customSections: "custom sections",
};

/**
 * Ordinary toolchains stay far below all of these but the data segments. The most that Go's net/http (9 MB), ruby.wasm,
 * CPython or yosys (31 MB) have: 210 types, 59 imports, 25 exports, 34,027 functions, 185,061 local variables, 10,266 table
 * entries, 93,413 data segments.
 */
export const capsDefault: ModuleCaps = {
  // Debug information included: ruby.wasm with its own is 49 MB.
  moduleBytes: 128 * 1024 * 1024,
  // V8 keeps types for the whole process, about 500 bytes each; two modules of a million types end it.
  types: 20_000,
  typeValues: 500_000,
  imports: 10_000,
  // Up to 650 bytes an export and instance.
  exports: 20_000,
  nameBytes: 64 * 1024,
  namesBytes: 8 * 1024 * 1024,
  // 13 bytes a function and instance.
  functions: 500_000,
  // V8's own limit (kV8MaxWasmFunctionSize).
  bodyBytes: 7_654_321,
  // V8's own limit (kV8MaxWasmFunctionLocals).
  locals: 50_000,
  // V8 takes 1 ns for each to validate, and seven bytes of a module can declare 50,000.
  localsTotal: 50_000_000,
  // Each reserves up to 10 GiB of addresses for its guard; a process has room for 16,300.
  memories: 4,
  sharedMemories: 0,
  tables: 16,
  // 24 bytes an entry and instance, allocated whether used or not.
  tableEntries: 200_000,
  globals: 100_000,
  tags: 10_000,
  elements: 100_000,
  elementEntries: 1_000_000,
  // V8's own limit (kV8MaxWasmDataSegments); Go's linker goes right up to it.
  dataSegments: 100_000,
  customSections: 1_000,
};

/**
 * Throws `module.cap-…` when a module has more of something than the cap.
 *
 * @param at byte offset in the file where the count stands
 */
export function checkCap(caps: ModuleCaps, cap: keyof ModuleCaps, count: number, at: number): void {
  if (count <= caps[cap]) return;
  const code = cap.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new WarrenError(
    `module.cap-${code}`,
    `the module has ${count} ${capTexts[cap]} (at ${hex(at)}), the limit is ${caps[cap]}`,
    {
      at,
      status: 413,
      hint: "Programs of ordinary toolchains stay far below this limit: look at how this one was linked.",
    },
  );
}
