import { WarrenError } from "../base/errors.ts";
import type { FunctionImport } from "../wasi/p1/bind.ts";
import { resolveImport } from "../wasi/p1/signatures.ts";
import { decodeModule } from "../wasm/decode.ts";
import { preview1, programKind } from "../wasm/kind.ts";
import { limitMemory } from "../wasm/limit-memory.ts";
import { type ImportInfo, i32, i64, type ModuleInfo, type ValueType } from "../wasm/module-info.ts";

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

const listedMax = 10;

/**
 * Checks and compiles a module. Throws what `decodeModule`, `programKind` and `limitMemory` throw, `program.reactor`,
 * `program.imports-missing` when it needs what we do not have, and `module.invalid` when V8 refuses it.
 */
export async function compileProgram(bytes: Uint8Array, { memoryMax }: CompileOptions): Promise<Program> {
  const info = decodeModule(bytes);
  if (programKind(info).kind === "reactor") {
    throw new WarrenError(
      "program.reactor",
      "the program is a library (it exports _initialize, but no _start): there is nothing to run",
      {
        hint: "Build it as a command: without -mexec-model=reactor, -buildmode=c-shared or crate-type cdylib.",
      },
    );
  }
  const imports = checkImports(info);
  const limited = limitMemory(bytes, info, memoryMax);
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
    const bound = item.module === preview1 ? resolveImport(wanted.name, wanted.params, wanted.results) : undefined;
    // Imports are looked up by name, so that one name cannot mean two functions.
    const twin = found.find(({ name, params }) => name === wanted.name && params !== wanted.params);
    if (bound !== undefined && twin === undefined) found.push(wanted);
    else missing.push(`${item.module}.${item.name}${signature(type.params, type.results)}`);
  }
  if (missing.length > 0) throw missingImports(info.imports, missing);
  return found;
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
        ? "Of sockets, those of preview 1 and of WasmEdge are offered; others, such as WAMR's, are not."
        : "Build it for WASI preview 1 (wasm32-wasip1) and without bindings to another host.",
    },
  );
}

function letters(types: readonly ValueType[]): string {
  return types.map((type) => (type === i32 ? "i" : type === i64 ? "I" : "?")).join("");
}

function signature(params: readonly ValueType[], results: readonly ValueType[]): string {
  const names: Readonly<Record<ValueType, string>> = { [i32]: "i32", [i64]: "i64", 125: "f32", 124: "f64" };
  const list = (types: readonly ValueType[]) => types.map((type) => names[type] ?? "ref").join(", ");
  return `(${list(params)})${results.length === 0 ? "" : ` → ${list(results)}`}`;
}
