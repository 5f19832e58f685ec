import { hex } from "../wasm/offset.ts";
import type { CoreSort, Definition, NamedCoreItem, NamedItem, OptionsAst, Sort } from "./ast.ts";
import type { ComponentReader } from "./component-reader.ts";
import { readExternName } from "./decode-names.ts";
import { readExternType, readNamed } from "./decode-types.ts";

const coreSorts: readonly CoreSort[] = ["func", "table", "memory", "global", "tag"];
const encodings = ["utf8", "utf16", "latin1+utf16"] as const;

/** A core instance (Component model, Binary.md, Instance Definitions). */
export function readCoreInstance(reader: ComponentReader): Definition {
  const at = reader.at;
  const form = reader.u8("a core instance");
  if (form === 0) {
    const module = reader.u32();
    const args = reader.vector("definitions", () => {
      const name = reader.name("an argument's name");
      reader.fixed(0x12, "a core instance as an argument");
      return { name, instance: reader.u32() };
    });
    return { kind: "core-instantiate", at, module, args };
  }
  if (form !== 1) reader.malformed(at, `${hex(form)} is not the form of a core instance`);
  return { kind: "core-exports", at, exports: reader.vector("definitions", () => readCoreExport(reader)) };
}

function readCoreExport(reader: ComponentReader): NamedCoreItem {
  const at = reader.at;
  const name = reader.name("an export's name");
  return { name, sort: readCoreSort(reader), index: reader.u32(), at };
}

function readCoreSort(reader: ComponentReader): CoreSort {
  const at = reader.at;
  const byte = reader.u8("a core sort");
  const sort = coreSorts[byte];
  if (sort === undefined) reader.malformed(at, `${hex(byte)} is not the sort of an item of a core instance`);
  return sort;
}

/** A component instance. */
export function readInstance(reader: ComponentReader): Definition {
  const at = reader.at;
  const form = reader.u8("an instance");
  if (form === 0) {
    const component = reader.u32();
    return { kind: "instantiate", at, component, args: reader.vector("definitions", () => readArgument(reader)) };
  }
  if (form !== 1) reader.malformed(at, `${hex(form)} is not the form of an instance`);
  const exports = reader.vector("definitions", () => {
    const exportAt = reader.at;
    const { name, check } = readExternName(reader);
    const sort = readSort(reader);
    check(sort);
    return { name, sort, index: reader.u32(), at: exportAt };
  });
  return { kind: "exports", at, exports };
}

function readArgument(reader: ComponentReader): NamedItem {
  const at = reader.at;
  const name = reader.name("an argument's name");
  return { name, sort: readSort(reader), index: reader.u32(), at };
}

function readSort(reader: ComponentReader): Sort {
  const at = reader.at;
  const byte = reader.u8("a sort");
  if (byte !== 0x00) return componentSort(reader, at, byte);
  reader.fixed(0x11, "a core module");
  return "core module";
}

function componentSort(reader: ComponentReader, at: number, byte: number): Sort {
  switch (byte) {
    case 0x01:
      return "func";
    case 0x03:
      return "type";
    case 0x04:
      return "component";
    case 0x05:
      return "instance";
    case 0x02:
      reader.unsupported(at, "a value");
      break;
    default:
      reader.malformed(at, `${hex(byte)} is not a sort`);
  }
}

type Alias = Extract<Definition, { readonly kind: "alias-export" | "alias-core-export" | "alias-outer" }>;

/** An alias (Component model, Binary.md, Alias Definitions): sort, form, then what the form wants. */
export function readAlias(reader: ComponentReader): Alias {
  const at = reader.at;
  const sortByte = reader.u8("the sort of an alias");
  const coreByte = sortByte === 0 ? reader.u8("the core sort of an alias") : undefined;
  const formAt = reader.at;
  const form = reader.u8("the form of an alias");
  if (form === 1) {
    const sort = coreSorts[coreByte ?? -1];
    if (sort === undefined) reader.malformed(at, "an item of a core instance of an unknown sort");
    return { kind: "alias-core-export", at, sort, instance: reader.u32(), name: reader.name("an export's name") };
  }
  if (form !== 0 && form !== 2) reader.malformed(formAt, `${hex(form)} is not the form of an alias`);
  const sort = aliasSort(reader, at, sortByte, coreByte);
  if (form === 0) {
    if (sort === "core type") reader.malformed(at, "instances export no core types");
    return { kind: "alias-export", at, sort, instance: reader.u32(), name: reader.name("an export's name") };
  }
  if (sort === "func" || sort === "instance") reader.malformed(at, `a ${sort} of another component cannot be aliased`);
  return { kind: "alias-outer", at, sort, count: reader.u32(), index: reader.u32() };
}

function aliasSort(reader: ComponentReader, at: number, sort: number, core: number | undefined): Sort | "core type" {
  if (core === undefined) return componentSort(reader, at, sort);
  if (core === 0x10) return "core type";
  if (core === 0x11) return "core module";
  return reader.malformed(at, "only core modules and core types can be aliased so");
}

/** A canonical function (Component model, Binary.md, Canonical Definitions). */
export function readCanonical(reader: ComponentReader): Definition {
  const at = reader.at;
  const form = reader.u8("a canonical function");
  switch (form) {
    case 0x00: {
      reader.fixed(0, "a function that is lifted");
      const func = reader.u32();
      const options = readOptions(reader);
      return { kind: "lift", at, func, options, type: reader.u32() };
    }
    case 0x01:
      reader.fixed(0, "a function that is lowered");
      return { kind: "lower", at, func: reader.u32(), options: readOptions(reader) };
    case 0x02:
      return { kind: "resource.new", at, type: reader.u32() };
    case 0x03:
      return { kind: "resource.drop", at, type: reader.u32() };
    case 0x04:
      return { kind: "resource.rep", at, type: reader.u32() };
    case 0x07:
      reader.async(at, "an asynchronous drop of a resource");
      break;
    default:
  }
  // Component model, Binary.md: the built-ins of tasks, streams, futures, errors and threads.
  if (form <= 0x2d || (form >= 0x40 && form <= 0x42)) {
    reader.async(at, `the built-in function ${hex(form)} of asynchronous components`);
  }
  return reader.malformed(at, `${hex(form)} is not a canonical function`);
}

function readOptions(reader: ComponentReader): OptionsAst {
  let encoding: OptionsAst["encoding"] | undefined;
  const seen: { memory?: number; realloc?: number; postReturn?: number } = {};
  reader.vector("definitions", () => {
    const at = reader.at;
    const form = reader.u8("a canonical option");
    switch (form) {
      case 0x00:
      case 0x01:
      case 0x02:
        if (encoding !== undefined) reader.malformed(at, "a second encoding of strings in one function");
        encoding = encodings[form];
        return;
      case 0x03:
        if (seen.memory !== undefined) reader.malformed(at, "a second memory in one function");
        seen.memory = reader.u32();
        return;
      case 0x04:
        if (seen.realloc !== undefined) reader.malformed(at, "a second realloc in one function");
        seen.realloc = reader.u32();
        return;
      case 0x05:
        if (seen.postReturn !== undefined) reader.malformed(at, "a second post-return in one function");
        seen.postReturn = reader.u32();
        return;
      case 0x06:
        reader.async(at, "an async function");
        break;
      case 0x07:
        reader.async(at, "a callback");
        break;
      case 0x08:
      case 0x09:
        reader.unsupported(at, "a canonical option of the GC proposal");
        break;
      default:
        reader.malformed(at, `${hex(form)} is not a canonical option`);
    }
  });
  return { encoding: encoding ?? "utf8", memory: seen.memory, realloc: seen.realloc, postReturn: seen.postReturn };
}

export function readImport(reader: ComponentReader): Definition {
  const at = reader.at;
  return { kind: "import", at, ...readNamed(reader) };
}

export function readExport(reader: ComponentReader): Definition {
  const at = reader.at;
  const { name, check } = readExternName(reader);
  const sort = readSort(reader);
  check(sort);
  const index = reader.u32();
  return {
    kind: "export",
    at,
    name,
    sort,
    index,
    type: reader.optional("the type of an export", () => readExternType(reader)),
  };
}
