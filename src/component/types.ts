/** The types of the component model (0.2) as the linker leaves them: no index into any table is left in them. */

export const primitiveKinds = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
] as const;

/** A type without parts. */
export interface PrimitiveType {
  readonly kind: (typeof primitiveKinds)[number];
}

/** A named part of a record, or a case of a variant that may have no payload. Names in kebab case, as in the file. */
export interface RecordField {
  readonly name: string;
  readonly type: ValueType;
}
export interface VariantCase {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export interface HandleType {
  readonly kind: "own" | "borrow";
  readonly resource: ResourceType;
}

/**
 * A value's type, with what stands for it in JavaScript:
 * - integers of up to 32 bits and floats: number; of 64 bits: bigint; bool: boolean; char: a string of one code point; string: string;
 * - list: array; of u8: `Uint8Array`. One that a guest passes to the host is a view of its memory, valid during the call only;
 *   one that the host answers with is copied into the guest's memory before anything else runs;
 * - record: object with names in camel case; tuple: array; flags: number, in which bit `i` is the flag `names[i]` (at most 32);
 * - enum: its name in kebab case; variant and result: `{ tag, val }`, the tag in kebab case, of a result `ok` or `err`, `val`
 *   undefined where there is no payload;
 * - option: undefined, or the value; an option in an option is `{ val }`, so that `some(none)` is not `none`;
 * - own and borrow: the host's own object for a resource of the host's, a {@link GuestResource} for one that a guest defines.
 */
export type ValueType =
  | PrimitiveType
  | { readonly kind: "list"; readonly element: ValueType }
  | { readonly kind: "record"; readonly fields: readonly RecordField[] }
  | { readonly kind: "tuple"; readonly items: readonly ValueType[] }
  | { readonly kind: "variant"; readonly cases: readonly VariantCase[] }
  | { readonly kind: "enum"; readonly names: readonly string[] }
  | { readonly kind: "flags"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly some: ValueType }
  | { readonly kind: "result"; readonly ok: ValueType | undefined; readonly error: ValueType | undefined }
  | HandleType;

/**
 * A resource type; two are the same when they are the same object. A host's has the interface (without version) and name that
 * it goes by; a guest's belongs to one instance of the component that defines it, so that each instantiation has its own.
 */
export type ResourceType =
  | { readonly origin: "host"; readonly interface: string; readonly name: string }
  | {
      readonly origin: "guest";
      /** Index of the component instance that defines it. */
      readonly instance: number;
      /** Called with the representation when the last owner drops it. */
      readonly destructor: CoreItem | undefined;
    };

export interface FunctionType {
  readonly parameters: readonly RecordField[];
  readonly result: ValueType | undefined;
}

/** A resource that a guest defines, in the host's hands. It must be dropped. */
export interface GuestResource {
  readonly type: ResourceType;
  /** What the guest knows it by. */
  readonly rep: number;
}

/** A core function, memory, table or global: where a core module instance finds it. */
export type CoreItem =
  /** An export of the n-th core instance of the plan. */
  | { readonly kind: "export"; readonly instance: number; readonly name: string }
  /** A canonical function: `ComponentPlan.functions[index]`. */
  | { readonly kind: "canonical"; readonly index: number };
