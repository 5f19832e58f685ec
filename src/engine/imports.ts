import { WarrenError } from "../base/errors.ts";
import type { FunctionImport } from "../wasi/p1/bind.ts";
import { resolveImport } from "../wasi/p1/signatures.ts";
import { memoryGrowthNotice, preview1 } from "../wasm/kind.ts";
import { type ImportInfo, i32, i64, type ModuleInfo, type ValueType } from "../wasm/module-info.ts";

const listedMax = 10;
/** Of what a message quotes: the longest real name has 40 characters, a hostile one 64 KiB. */
const nameCharactersMax = 60;
const typesListedMax = 12;

/** What a module imports from `wasi_snapshot_preview1`, with the signature that tells dialects apart. */
export function preview1Imports(info: ModuleInfo): FunctionImport[] {
  return info.imports.flatMap((item) => {
    const type = item.kind === "func" && item.module === preview1 ? info.types[item.type] : undefined;
    return type?.kind === "func"
      ? [{ name: item.name, params: letters(type.params), results: letters(type.results) }]
      : [];
  });
}

/** What is offered beside preview 1, by module. */
export const otherImports: WebAssembly.Imports = { env: { [memoryGrowthNotice]: (_memory: number): void => {} } };

/** Throws `program.imports-missing` when a module needs what we do not have. */
export function checkImports(info: ModuleInfo): void {
  const paramsOf = new Map<string, string>();
  const missing: string[] = [];
  for (const item of info.imports) {
    const type = item.kind === "func" ? info.types[item.type] : undefined;
    if (type?.kind !== "func") {
      missing.push(`${quoted(item)} (${item.kind})`);
      continue;
    }
    const params = letters(type.params);
    const results = letters(type.results);
    if (item.module === "env" && item.name === memoryGrowthNotice && params === "i" && results === "") continue;
    const offered = item.module === preview1 && resolveImport(item.name, params, results) !== undefined;
    // Imports are looked up by name, so that one name cannot mean two functions.
    if (offered && (paramsOf.get(item.name) ?? params) === params) paramsOf.set(item.name, params);
    else missing.push(`${quoted(item)}${signature(type.params, type.results)}`);
  }
  if (missing.length > 0) throw missingImports(info.imports, missing);
}

function missingImports(imports: readonly ImportInfo[], missing: readonly string[]): WarrenError {
  const listed = missing.slice(0, listedMax).join(", ");
  const more = missing.length > listedMax ? ` and ${missing.length - listedMax} more` : "";
  // A known name with other types is a dialect of sockets that is not ours.
  const sockets = imports.some(
    ({ module, name }) => module === preview1 && name.startsWith("sock_") && missing.join().includes(name),
  );
  return new WarrenError(
    "program.imports-missing",
    `the program imports what Warren does not offer: ${listed}${more}`,
    {
      hint: sockets
        ? "Of sockets, those of preview 1, WasmEdge, wasi-go and WAMR are offered."
        : "Build it for WASI preview 1 (wasm32-wasip1) and without bindings to another host.",
    },
  );
}

function quoted({ module, name }: ImportInfo): string {
  return `${module.slice(0, nameCharactersMax)}.${name.slice(0, nameCharactersMax)}`;
}

function letters(types: readonly ValueType[]): string {
  return types.map((type) => (type === i32 ? "i" : type === i64 ? "I" : "?")).join("");
}

function signature(params: readonly ValueType[], results: readonly ValueType[]): string {
  const names: Readonly<Record<ValueType, string>> = { [i32]: "i32", [i64]: "i64", 125: "f32", 124: "f64" };
  const list = (types: readonly ValueType[]) =>
    types
      .slice(0, typesListedMax)
      .map((type) => names[type] ?? "ref")
      .concat(types.length > typesListedMax ? ["…"] : [])
      .join(", ");
  return `(${list(params)})${results.length === 0 ? "" : ` → ${list(results)}`}`;
}
