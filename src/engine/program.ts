import { WarrenError } from "../base/errors.ts";
import type { FunctionImport } from "../wasi/p1/bind.ts";
import { isKnownName, resolveImport } from "../wasi/p1/signatures.ts";
import { decodeModule } from "../wasm/decode.ts";
import {
  findExport,
  functionType,
  type ImportInfo,
  i32,
  i64,
  type ModuleInfo,
  type ValueType,
} from "../wasm/module-info.ts";

/** A module that was checked and compiled, ready to start any number of instances. */
export interface Program {
  readonly module: WebAssembly.Module;
  /** What it imports from `wasi_snapshot_preview1`. */
  readonly imports: readonly FunctionImport[];
  /** Bytes that its memory may grow to. */
  readonly memoryMax: number;
}

export interface CompileOptions {
  /** Bytes that a memory of its may grow to. */
  readonly memoryMax: number;
}

const preview1 = "wasi_snapshot_preview1";
const listedMax = 10;

/**
 * Checks and compiles a module. Throws what `decodeModule` and `limitMemory` throw, `module.invalid` when V8 refuses it,
 * `program.imports` when it needs what we do not have, `program.reactor` and `program.no-start` when it has nothing to run.
 */
export async function compileProgram(bytes: Uint8Array, { memoryMax }: CompileOptions): Promise<Program> {
  const info = decodeModule(bytes);
  checkStart(info);
  const imports = checkImports(info);
  const limited = bytes;
  try {
    return { module: await WebAssembly.compile(limited as Uint8Array<ArrayBuffer>), imports, memoryMax };
  } catch (error) {
    const why = (error as Error).message.replace(/^WebAssembly\.compile\(\): /, "");
    throw new WarrenError("module.invalid", `the module is not valid: ${why}`, {
      hint: "Compile it again with a current toolchain, for wasm32 with WASI preview 1.",
      cause: error,
    });
  }
}

function checkStart(info: ModuleInfo): void {
  const start = findExport(info, "_start");
  if (start?.kind === "func") {
    const type = functionType(info, start.index);
    if (type?.params.length === 0 && type.results.length === 0) return;
    throw new WarrenError(
      "program.no-start",
      "the module's _start takes or returns values; a program's takes and returns none",
    );
  }
  if (findExport(info, "_initialize") !== undefined) {
    throw new WarrenError(
      "program.reactor",
      "the module is a library (it exports _initialize but no _start): there is nothing to run",
      {
        hint: "Build it as a command: without -mexec-model=reactor, -buildmode=c-shared or crate-type cdylib.",
      },
    );
  }
  throw new WarrenError("program.no-start", "the module exports no _start function, so there is nothing to run", {
    hint: "Build it for WASI preview 1 as a command (wasm32-wasip1, GOOS=wasip1).",
  });
}

function checkImports(info: ModuleInfo): FunctionImport[] {
  const found: FunctionImport[] = [];
  const missing: string[] = [];
  for (const item of info.imports) {
    const type = item.kind === "func" ? info.types[item.type] : undefined;
    if (type?.kind !== "func") {
      missing.push(`${item.module}.${item.name} (${item.kind})`);
      continue;
    }
    const wanted = { name: item.name, params: letters(type.params), results: letters(type.results) };
    if (item.module === preview1 && resolveImport(wanted.name, wanted.params, wanted.results)) found.push(wanted);
    else if (!isGrowthNotice(item, wanted))
      missing.push(`${item.module}.${item.name}${signature(type.params, type.results)}`);
  }
  if (missing.length > 0) throw missingImports(info, missing);
  return found;
}

/** Emscripten tells its JavaScript when the memory grows; there is none here that would want to know. */
function isGrowthNotice({ module, name }: ImportInfo, { params, results }: FunctionImport): boolean {
  return module === "env" && name === "emscripten_notify_memory_growth" && params === "i" && results === "";
}

function missingImports(info: ModuleInfo, missing: readonly string[]): WarrenError {
  const listed = missing.slice(0, listedMax).join(", ");
  const more = missing.length > listedMax ? ` and ${missing.length - listedMax} more` : "";
  const modules = new Set(info.imports.map(({ module }) => module));
  return new WarrenError("program.imports", `the module imports what is not provided: ${listed}${more}`, {
    hint: hintFor(info, modules),
  });
}

function hintFor(info: ModuleInfo, modules: ReadonlySet<string>): string {
  if (modules.has("gojs")) return "It was built for the browser: build it with GOOS=wasip1 GOARCH=wasm.";
  if (modules.has("wasi_unstable"))
    return "It was built for a WASI older than preview 1: build it with a current toolchain.";
  if (modules.has("wasix_32v1") || modules.has("wasix_64v1"))
    return "It was built for WASIX: build it for WASI preview 1.";
  const names = info.imports.filter(({ module }) => module === preview1).map(({ name }) => name);
  if (names.some((name) => name.startsWith("sock_addr_") || (name.startsWith("sock_") && isKnownName(name)))) {
    return "Of sockets, those of preview 1 and of WasmEdge are provided; WAMR's socket extension is not.";
  }
  return "Programs are given WASI preview 1 and nothing else: build it for wasm32-wasip1 without JavaScript glue.";
}

function letters(types: readonly ValueType[]): string {
  return types.map((type) => (type === i32 ? "i" : type === i64 ? "I" : "?")).join("");
}

function signature(params: readonly ValueType[], results: readonly ValueType[]): string {
  const names: Readonly<Record<ValueType, string>> = { [i32]: "i32", [i64]: "i64", 125: "f32", 124: "f64" };
  const list = (types: readonly ValueType[]) => types.map((type) => names[type] ?? "ref").join(", ");
  return `(${list(params)})${results.length === 0 ? "" : ` → ${list(results)}`}`;
}
