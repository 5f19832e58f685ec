import { hex } from "../wasm/offset.ts";
import type { CoreDeclaration, CoreExternType, CoreFunctionAst, CoreModuleAst, CoreTypeAst } from "./ast.ts";
import type { ComponentReader } from "./component-reader.ts";

const valueTypes: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f]);

/** Reads a core type: of a function or of a module (Component model, Binary.md, `core:deftype`). */
export function readCoreType(reader: ComponentReader): CoreTypeAst {
  const at = reader.at;
  const form = reader.u8("a core type");
  if (form === 0x60) return readCoreFunction(reader);
  if (form === 0x50) return reader.nested(at, () => readModuleType(reader));
  return reader.unsupported(at, `the core type ${hex(form)}`);
}

function readCoreFunction(reader: ComponentReader): CoreFunctionAst {
  return {
    kind: "func",
    params: reader.vector("typeParts", () => readValueType(reader)),
    results: reader.vector("typeParts", () => readValueType(reader)),
  };
}

/** Types with an index are of the GC proposal, and what they name is not known here. */
function readValueType(reader: ComponentReader): number {
  const at = reader.at;
  const type = reader.u8("a core value type");
  if (!valueTypes.has(type)) reader.unsupported(at, `the core value type ${hex(type)} in a type of modules`);
  return type;
}

function readModuleType(reader: ComponentReader): CoreModuleAst {
  const types: CoreFunctionAst[] = [];
  const imports: ({ readonly module: string } & CoreDeclaration)[] = [];
  const exports: CoreDeclaration[] = [];
  const importNames = new Set<string>();
  const exportNames = new Set<string>();
  reader.vector("definitions", () => {
    const at = reader.at;
    const form = reader.u8("a declaration of a module type");
    switch (form) {
      case 0x00: {
        const module = reader.name("an import's module name");
        const name = reader.name("an import's name");
        addName(reader, importNames, `${module}\0${name}`, at);
        imports.push({ module, name, type: readExtern(reader, types) });
        return;
      }
      case 0x01: {
        const typeAt = reader.at;
        const type = readCoreType(reader);
        if (type?.kind !== "func") reader.malformed(typeAt, "a module type may define types of functions only");
        types.push(type);
        return;
      }
      case 0x02:
        reader.unsupported(at, "an alias in a type of modules");
        break;
      case 0x03: {
        const name = reader.name("an export's name");
        addName(reader, exportNames, name, at);
        exports.push({ name, type: readExtern(reader, types) });
        return;
      }
      default:
        reader.malformed(at, `${hex(form)} is not a declaration of a module type`);
    }
  });
  return { kind: "module", imports, exports };
}

function addName(reader: ComponentReader, names: Set<string>, name: string, at: number): void {
  if (names.has(name)) reader.malformed(at, "a second import or export with the same name in one module type");
  names.add(name);
}

function readExtern(reader: ComponentReader, types: readonly CoreFunctionAst[]): CoreExternType {
  const at = reader.at;
  const sort = reader.u8("the type of a core import or export");
  switch (sort) {
    case 0:
      return { sort: "func", type: readTypeIndex(reader, types) };
    case 1: {
      const element = readValueType(reader);
      const { min, max, is64 } = readLimits(reader, false);
      return { sort: "table", element, min, max, is64 };
    }
    case 2:
      return { sort: "memory", ...readLimits(reader, true) };
    case 3: {
      const type = readValueType(reader);
      const mutableAt = reader.at;
      const mutable = reader.u8("a mutability");
      if (mutable > 1) reader.malformed(mutableAt, `expected the mutability 0 or 1, found ${hex(mutable)}`);
      return { sort: "global", value: { type, mutable: mutable === 1 } };
    }
    case 4:
      reader.fixed(0, "the attribute of a tag");
      readTypeIndex(reader, types);
      return { sort: "tag" };
    default:
      reader.malformed(at, `${hex(sort)} is not the sort of a core import or export`);
  }
}

function readTypeIndex(reader: ComponentReader, types: readonly CoreFunctionAst[]): CoreFunctionAst {
  const at = reader.at;
  const type = types[reader.u32()];
  if (type === undefined) reader.malformed(at, `a core type that does not exist: there are ${types.length}`);
  return type;
}

function readLimits(
  reader: ComponentReader,
  mayShare: boolean,
): { readonly min: number; readonly max: number | undefined; readonly is64: boolean; readonly shared: boolean } {
  const at = reader.at;
  const flags = reader.u8("limits");
  if (flags > 7 || (!mayShare && (flags & 2) !== 0)) reader.malformed(at, `${hex(flags)} is not a flag of limits`);
  const is64 = (flags & 4) !== 0;
  const units = () => (is64 ? reader.u64() : reader.u32());
  const min = units();
  return { min, max: (flags & 1) === 0 ? undefined : units(), is64, shared: (flags & 2) !== 0 };
}
