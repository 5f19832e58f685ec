import { type ExternalKind, functionType, type ModuleInfo, type TypeInfo } from "../wasm/module-info.ts";
import type { CoreDeclaration, CoreExternType, CoreFunctionAst, CoreModuleAst } from "./ast.ts";

/** What a core module takes and gives, by names. */
export interface CoreSignature {
  readonly imports: CoreModuleAst["imports"];
  readonly exports: ReadonlyMap<string, CoreExternType>;
}

export function signatureOfType(type: CoreModuleAst): CoreSignature {
  return { imports: type.imports, exports: new Map(type.exports.map((item) => [item.name, item.type])) };
}

export function signatureOfModule(info: ModuleInfo): CoreSignature {
  const imports: ({ readonly module: string } & CoreDeclaration)[] = [];
  const spaces: Record<ExternalKind, CoreExternType[]> = { func: [], table: [], memory: [], global: [], tag: [] };
  for (const item of info.imports) {
    let type: CoreExternType;
    switch (item.kind) {
      case "func":
        type = { sort: "func", type: comparable(info.types[item.type]) };
        break;
      case "table":
        type = { sort: "table", ...item.table };
        break;
      case "memory":
        type = { sort: "memory", ...item.memory, shared: false };
        break;
      case "global":
        type = { sort: "global", value: { type: item.value, mutable: item.mutable } };
        break;
      default:
        type = { sort: "tag" };
    }
    spaces[item.kind].push(type);
    imports.push({ module: item.module, name: item.name, type });
  }
  spaces.table.push(...info.tables.map((table): CoreExternType => ({ sort: "table", ...table })));
  // Our caps let no module have a shared memory.
  spaces.memory.push(...info.memories.map((memory): CoreExternType => ({ sort: "memory", ...memory, shared: false })));
  const exports = new Map<string, CoreExternType>();
  for (const { name, kind, index } of info.exports) {
    if (kind === "func") exports.set(name, { sort: "func", type: comparable(functionType(info, index)) });
    else if (kind === "tag") exports.set(name, { sort: "tag" });
    else exports.set(name, spaces[kind][index] ?? { sort: "global", value: undefined });
  }
  return { imports, exports };
}

/** Undefined for a type with references to types of its module, which mean nothing outside of it. */
function comparable(type: TypeInfo | undefined): CoreFunctionAst | undefined {
  if (type?.kind !== "func") return undefined;
  return [...type.params, ...type.results].every((value) => value <= 0xff) ? type : undefined;
}

/** Whether `actual` can be given where `expected` is wanted. What is not known here is left to V8. */
export function matchesCore(actual: CoreExternType, expected: CoreExternType): boolean {
  switch (expected.sort) {
    case "func":
      return (
        actual.sort === "func" &&
        (actual.type === undefined || expected.type === undefined || sameFunction(actual.type, expected.type))
      );
    case "memory":
      return actual.sort === "memory" && actual.shared === expected.shared && matchesLimits(actual, expected);
    case "table":
      return actual.sort === "table" && actual.element === expected.element && matchesLimits(actual, expected);
    case "global":
      return (
        actual.sort === "global" &&
        (actual.value === undefined ||
          expected.value === undefined ||
          (actual.value.mutable === expected.value.mutable &&
            (actual.value.type === expected.value.type || actual.value.type > 0xff || expected.value.type > 0xff)))
      );
    case "tag":
      return actual.sort === "tag";
  }
}

interface CoreLimits {
  readonly min: number;
  readonly max: number | undefined;
  readonly is64: boolean;
}

function matchesLimits(actual: CoreLimits, expected: CoreLimits): boolean {
  if (actual.is64 !== expected.is64 || actual.min < expected.min) return false;
  return expected.max === undefined || (actual.max !== undefined && actual.max <= expected.max);
}

export function sameFunction(a: CoreFunctionAst, b: CoreFunctionAst): boolean {
  return sameTypes(a.params, b.params) && sameTypes(a.results, b.results);
}

function sameTypes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((type, i) => type === b[i]);
}

const typeNames: Readonly<Record<number, string>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64", 123: "v128" };
const typesListedMax = 20;

/** `(i32, i64) → i32`, for messages. */
export function formatCoreFunction({ params, results }: CoreFunctionAst): string {
  return `(${list(params)})${results.length === 0 ? "" : ` → ${list(results)}`}`;
}

function list(types: readonly number[]): string {
  const shown = types.slice(0, typesListedMax).map((type) => typeNames[type] ?? "ref");
  return shown.concat(types.length > typesListedMax ? ["…"] : []).join(", ");
}
