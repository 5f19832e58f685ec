import type { PrimitiveType } from "./types.ts";

/** A component as its file has it: definitions in their order, with indices. `at` is the byte offset of each, for errors. */
export interface ComponentAst {
  readonly definitions: readonly Definition[];
}

/** Where a core module lies in the file. */
export interface ModuleRange {
  readonly start: number;
  readonly end: number;
}

export type CoreSort = "func" | "table" | "memory" | "global" | "tag";

/** The index spaces of a component that its own definitions can name. */
export type Sort = "func" | "type" | "component" | "instance" | "core module";

/** An item of an index space. */
export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}

export interface NamedItem extends SortIndex {
  readonly name: string;
  readonly at: number;
}

export interface NamedCoreItem {
  readonly name: string;
  readonly sort: CoreSort;
  readonly index: number;
  readonly at: number;
}

export type Definition = { readonly at: number } & (
  | { readonly kind: "core-module" /** In the order of the file. */; readonly module: number }
  | {
      readonly kind: "core-instantiate";
      readonly module: number;
      readonly args: readonly { readonly name: string; readonly instance: number }[];
    }
  | { readonly kind: "core-exports"; readonly exports: readonly NamedCoreItem[] }
  | { readonly kind: "component"; readonly component: ComponentAst }
  | { readonly kind: "instantiate"; readonly component: number; readonly args: readonly NamedItem[] }
  | { readonly kind: "exports"; readonly exports: readonly NamedItem[] }
  | { readonly kind: "alias-core-export"; readonly sort: CoreSort; readonly instance: number; readonly name: string }
  | { readonly kind: "lift"; readonly func: number; readonly options: OptionsAst; readonly type: number }
  | { readonly kind: "lower"; readonly func: number; readonly options: OptionsAst }
  | { readonly kind: "resource.new" | "resource.drop" | "resource.rep"; readonly type: number }
  | ({ readonly kind: "export"; readonly type: ExternType | undefined } & NamedItem)
  | ImportAst
  | SharedDefinition
);

/** What component types and instance types declare. */
export type Declaration = { readonly at: number } & (
  | { readonly kind: "declare-export"; readonly name: string; readonly type: ExternType }
  | ImportAst
  | SharedDefinition
);

interface ImportAst {
  readonly kind: "import";
  readonly name: string;
  readonly type: ExternType;
}

type SharedDefinition =
  | { readonly kind: "core-type"; readonly type: CoreTypeAst }
  | { readonly kind: "type"; readonly type: TypeAst }
  | { readonly kind: "alias-export"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | {
      readonly kind: "alias-outer";
      readonly sort: "type" | "component" | "core module" | "core type";
      /** How many scopes further out. */
      readonly count: number;
      readonly index: number;
    };

export interface OptionsAst {
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
}

export type ExternType =
  | { readonly sort: "core module" | "func" | "instance" | "component"; readonly index: number }
  | {
      readonly sort: "type" /** The type that it is equal to; undefined: any resource. */;
      readonly equals: number | undefined;
    };

/** A primitive type, or the index of a type. */
export type TypeRef = PrimitiveType["kind"] | number;

export interface LabelAst {
  readonly name: string;
  readonly type: TypeRef;
}

export interface CaseAst {
  readonly name: string;
  readonly type: TypeRef | undefined;
}

export type TypeAst =
  | { readonly kind: "primitive"; readonly primitive: PrimitiveType["kind"] }
  | { readonly kind: "record"; readonly fields: readonly LabelAst[] }
  | { readonly kind: "variant"; readonly cases: readonly CaseAst[] }
  | { readonly kind: "list"; readonly element: TypeRef }
  | { readonly kind: "tuple"; readonly items: readonly TypeRef[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly some: TypeRef }
  | { readonly kind: "result"; readonly ok: TypeRef | undefined; readonly error: TypeRef | undefined }
  | { readonly kind: "own" | "borrow"; readonly resource: number }
  | FunctionTypeAst
  | { readonly kind: "resource"; readonly destructor: number | undefined }
  | InterfaceTypeAst;

export interface FunctionTypeAst {
  readonly kind: "func";
  readonly parameters: readonly LabelAst[];
  readonly result: TypeRef | undefined;
}

/** The type of an instance or of a component. */
export interface InterfaceTypeAst {
  readonly kind: "instance" | "component";
  readonly declarations: readonly Declaration[];
}

/** The type of a core function by its value types' bytes, or of a core module. Undefined: a type of the GC proposal. */
export type CoreTypeAst = CoreFunctionAst | CoreModuleAst | undefined;

export interface CoreFunctionAst {
  readonly kind: "func";
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export interface CoreModuleAst {
  readonly kind: "module";
  readonly imports: readonly ({ readonly module: string } & CoreDeclaration)[];
  readonly exports: readonly CoreDeclaration[];
}

export interface CoreDeclaration {
  readonly name: string;
  readonly type: CoreExternType;
}

/** What a core module takes or gives. */
export type CoreExternType =
  | {
      readonly sort: "func" /** Undefined: one that names other types, which V8 compares. */;
      readonly type: CoreFunctionAst | undefined;
    }
  | {
      readonly sort: "memory";
      readonly min: number;
      readonly max: number | undefined;
      readonly is64: boolean;
      readonly shared: boolean;
    }
  | {
      readonly sort: "table";
      readonly element: number;
      readonly min: number;
      readonly max: number | undefined;
      readonly is64: boolean;
    }
  | {
      readonly sort: "global" /** Undefined: not known here. */;
      readonly value: { readonly type: number; readonly mutable: boolean } | undefined;
    }
  | { readonly sort: "tag" };
