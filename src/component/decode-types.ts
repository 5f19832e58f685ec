import { hex } from "../wasm/offset.ts";
import type {
  CaseAst,
  Declaration,
  ExternType,
  FunctionTypeAst,
  InterfaceTypeAst,
  LabelAst,
  TypeAst,
  TypeRef,
} from "./ast.ts";
import type { ComponentReader } from "./component-reader.ts";
import { readCoreType } from "./decode-core-types.ts";
import { readAlias } from "./decode-definitions.ts";
import { readExternName } from "./decode-names.ts";
import type { PrimitiveType } from "./types.ts";

const primitives: ReadonlyMap<number, PrimitiveType["kind"]> = new Map([
  [0x7f, "bool"],
  [0x7e, "s8"],
  [0x7d, "u8"],
  [0x7c, "s16"],
  [0x7b, "u16"],
  [0x7a, "s32"],
  [0x79, "u32"],
  [0x78, "s64"],
  [0x77, "u64"],
  [0x76, "f32"],
  [0x75, "f64"],
  [0x74, "char"],
  [0x73, "string"],
]);
const errorContext = 0x64;

/** Reads one definition of a type (Component model, Binary.md, Type Definitions). */
export function readType(reader: ComponentReader): TypeAst {
  const at = reader.at;
  const form = reader.u8("a type");
  const primitive = primitives.get(form);
  if (primitive !== undefined) return { kind: "primitive", primitive };
  switch (form) {
    case 0x72:
      return { kind: "record", fields: readParts(reader, at, "record", () => readLabelled(reader)) };
    case 0x71:
      return { kind: "variant", cases: readParts(reader, at, "variant", () => readCase(reader)) };
    case 0x70:
      return { kind: "list", element: readTypeRef(reader) };
    case 0x6f:
      return { kind: "tuple", items: readParts(reader, at, "tuple", () => readTypeRef(reader)) };
    case 0x6e: {
      const names = readParts(reader, at, "flags type", () => reader.name("the name of a flag"));
      if (names.length > 32)
        reader.malformed(at, `a flags type may have 32 flags at the most, this one has ${names.length}`);
      return { kind: "flags", names };
    }
    case 0x6d:
      return { kind: "enum", names: readParts(reader, at, "enum", () => reader.name("the name of a case")) };
    case 0x6b:
      return { kind: "option", some: readTypeRef(reader) };
    case 0x6a:
      return {
        kind: "result",
        ok: reader.optional("the type of a result", () => readTypeRef(reader)),
        error: reader.optional("the error type of a result", () => readTypeRef(reader)),
      };
    case 0x69:
      return { kind: "own", resource: reader.u32() };
    case 0x68:
      return { kind: "borrow", resource: reader.u32() };
    case 0x40:
      return readFunctionType(reader);
    case 0x41:
      return reader.nested(at, () => readInterfaceType(reader, "component"));
    case 0x42:
      return reader.nested(at, () => readInterfaceType(reader, "instance"));
    case 0x3f:
      return readResource(reader);
    case 0x66:
      reader.async(at, "a stream");
      break;
    case 0x65:
      reader.async(at, "a future");
      break;
    case errorContext:
      reader.async(at, "an error-context");
      break;
    case 0x43:
      reader.async(at, "an async function");
      break;
    case 0x67:
      reader.unsupported(at, "a list of fixed length");
      break;
    case 0x63:
      reader.unsupported(at, "a map");
      break;
    default:
      reader.malformed(at, `${hex(form)} is not the form of a type`);
  }
}

function readParts<T>(reader: ComponentReader, at: number, what: string, part: () => T): T[] {
  const parts = reader.vector("typeParts", part);
  if (parts.length === 0) reader.malformed(at, `a ${what} must not be empty`);
  return parts;
}

function readLabelled(reader: ComponentReader): LabelAst {
  return { name: reader.name("a label"), type: readTypeRef(reader) };
}

function readCase(reader: ComponentReader): CaseAst {
  const name = reader.name("the name of a case");
  const type = reader.optional("the type of a case", () => readTypeRef(reader));
  reader.fixed(0, "the end of a case");
  return { name, type };
}

/** A primitive type or a type index, which are one signed number in the format. */
function readTypeRef(reader: ComponentReader): TypeRef {
  const at = reader.at;
  const value = reader.s33();
  if (value >= 0) return value;
  // One byte: longer forms of the same number are no primitive types.
  const primitive = reader.at === at + 1 ? primitives.get(value + 0x80) : undefined;
  if (primitive !== undefined) return primitive;
  if (value + 0x80 === errorContext) reader.async(at, "an error-context");
  reader.malformed(at, `expected a type, found ${value}`);
}

function readFunctionType(reader: ComponentReader): FunctionTypeAst {
  const parameters = reader.vector("typeParts", () => readLabelled(reader));
  const at = reader.at;
  const form = reader.u8("the result of a function");
  if (form === 0) return { kind: "func", parameters, result: readTypeRef(reader) };
  if (form !== 1) reader.malformed(at, `expected 0x00 or 0x01 before a function's result, found ${hex(form)}`);
  reader.fixed(0, "the end of a function without a result");
  return { kind: "func", parameters, result: undefined };
}

function readResource(reader: ComponentReader): TypeAst {
  reader.fixed(0x7f, "i32 as the representation of a resource");
  return { kind: "resource", destructor: reader.optional("a destructor", () => reader.u32()) };
}

function readInterfaceType(reader: ComponentReader, kind: "component" | "instance"): InterfaceTypeAst {
  return { kind, declarations: reader.vector("definitions", () => readDeclaration(reader, kind)) };
}

function readDeclaration(reader: ComponentReader, within: "component" | "instance"): Declaration {
  const at = reader.at;
  const form = reader.u8("a declaration");
  switch (form) {
    case 0x00:
      return { kind: "core-type", at, type: readCoreType(reader) };
    case 0x01:
      return { kind: "type", at, type: readType(reader) };
    case 0x02: {
      const alias = readAlias(reader);
      if (alias.kind !== "alias-core-export") return alias;
      return reader.malformed(at, "a type cannot alias an export of a core instance");
    }
    case 0x03:
      if (within === "component") return { kind: "import", at, ...readNamed(reader) };
      break;
    case 0x04:
      return { kind: "declare-export", at, ...readNamed(reader) };
    default:
  }
  return reader.malformed(at, `${hex(form)} is not a declaration of a type of ${within}s`);
}

/** The name and type of an import, or of an export that is declared. */
export function readNamed(reader: ComponentReader): { readonly name: string; readonly type: ExternType } {
  const { name, check } = readExternName(reader);
  const type = readExternType(reader);
  check(type.sort);
  return { name, type };
}

export function readExternType(reader: ComponentReader): ExternType {
  const at = reader.at;
  const form = reader.u8("the type of an import or export");
  switch (form) {
    case 0x00:
      reader.fixed(0x11, "a core module");
      return { sort: "core module", index: reader.u32() };
    case 0x01:
      return { sort: "func", index: reader.u32() };
    case 0x03: {
      const boundAt = reader.at;
      const bound = reader.u8("the bound of a type");
      if (bound > 1) reader.malformed(boundAt, `${hex(bound)} is not a bound of a type`);
      return { sort: "type", equals: bound === 0 ? reader.u32() : undefined };
    }
    case 0x04:
      return { sort: "component", index: reader.u32() };
    case 0x05:
      return { sort: "instance", index: reader.u32() };
    case 0x02:
      reader.unsupported(at, "a value");
      break;
    default:
      reader.malformed(at, `${hex(form)} is not the sort of an import or export`);
  }
}
