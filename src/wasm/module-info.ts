/**
 * A value type as a number: the byte of the binary format for a plain one (0x7f i32 … 0x7b v128, 0x70 funcref, 0x6f
 * externref), {@link referenceType} for a typed reference. WebAssembly 3.0, 5.3.
 */
export type ValueType = number;

export const i32: ValueType = 0x7f;
export const i64: ValueType = 0x7e;

/** The code of `(ref heap)` and `(ref null heap)` where the format has no one-byte form. `heap` as {@link heapType} gives it. */
export function referenceType(prefix: 0x63 | 0x64, heap: number): ValueType {
  return prefix * 0x100_0000 + heap;
}

/** A heap type as 24 bits: a type index, or bit 23 and the byte of an abstract one. */
export function abstractHeapType(byte: number): number {
  return 0x80_0000 + byte;
}

export interface FunctionType {
  readonly kind: "func";
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ArrayType {
  readonly kind: "array";
  /** What an element is on the stack: i32 for i8 and i16. */
  readonly element: ValueType;
}

export type TypeInfo = FunctionType | ArrayType | { readonly kind: "struct" };

/** Limits of a memory (in pages of 64 KiB) or a table (in entries). */
export interface Limits {
  readonly min: number;
  /** As declared; undefined: none. */
  readonly max: number | undefined;
  /** Addressed by i64. */
  readonly is64: boolean;
  /** Where the limits (flags, minimum, maximum) stand in the file. */
  readonly start: number;
  readonly end: number;
}

export type MemoryInfo = Limits;

export interface TableInfo extends Limits {
  readonly element: ValueType;
}

interface ImportName {
  readonly module: string;
  readonly name: string;
}

export type ImportInfo = ImportName &
  (
    | { readonly kind: "func" | "tag"; readonly type: number }
    | { readonly kind: "table"; readonly table: TableInfo }
    | { readonly kind: "memory"; readonly memory: MemoryInfo }
    | { readonly kind: "global"; readonly value: ValueType; readonly mutable: boolean }
  );

export type ExternalKind = ImportInfo["kind"];

/** In the order of the format's codes (WebAssembly 3.0, 5.5.5). */
export const externalKinds: readonly ExternalKind[] = ["func", "table", "memory", "global", "tag"];

export interface ExportInfo {
  readonly name: string;
  readonly kind: ExternalKind;
  /** In the index space of its kind, where imports come first. */
  readonly index: number;
}

/** Offsets in the file: `start` is the first byte of the content (after a custom section's name), `end` is past the last. */
export interface SectionRange {
  readonly id: number;
  readonly headerStart: number;
  readonly start: number;
  readonly end: number;
}

export interface CustomSection extends SectionRange {
  readonly name: string;
}

/** What a module says about itself, without its instructions. It holds on to the bytes that it was read from. */
export interface ModuleInfo {
  readonly bytes: Uint8Array;
  readonly types: readonly TypeInfo[];
  readonly imports: readonly ImportInfo[];
  readonly exports: readonly ExportInfo[];
  /** The type index of every function, imported ones first. */
  readonly functionTypes: Uint32Array;
  readonly importedFunctionCount: number;
  /** Defined here; imported ones stand in `imports`. */
  readonly memories: readonly MemoryInfo[];
  /** Defined here; imported ones stand in `imports`. */
  readonly tables: readonly TableInfo[];
  /** Imported ones included. */
  readonly globalCount: number;
  /** Imported ones included. */
  readonly tagCount: number;
  /** The function that instantiation calls. */
  readonly start: number | undefined;
  readonly dataCount: number;
  /** Bytes of all data segments together. */
  readonly dataBytes: number;
  readonly elementCount: number;
  /** Entries of all element segments together. */
  readonly elementEntries: number;
  /** Bytes of all function bodies together. */
  readonly codeBytes: number;
  /** Local variables of all functions together, parameters not counted. */
  readonly localCount: number;
  /** Standard sections in the order of the file. */
  readonly sections: readonly SectionRange[];
  readonly customSections: readonly CustomSection[];
}

/** The type of a function by its index, imports first. Undefined: no such function. */
export function functionType(info: ModuleInfo, index: number): FunctionType | undefined {
  const type = info.types[info.functionTypes[index] ?? -1];
  return type?.kind === "func" ? type : undefined;
}

/** The export of a name. */
export function findExport(info: ModuleInfo, name: string): ExportInfo | undefined {
  return info.exports.find((item) => item.name === name);
}
