import { WarrenError } from "../base/errors.ts";
import type { FunctionImport } from "../wasi/p1/bind.ts";
import { capsDefault, type ModuleCaps } from "../wasm/caps.ts";
import { decodeModule } from "../wasm/decode.ts";
import { pageBytes } from "../wasm/limits.ts";
import type { ModuleInfo } from "../wasm/module-info.ts";
import { epochImport, reservedModule } from "../wasm/rewrite/contract.ts";
import type { ImportedMemory } from "./cpu/preemption.ts";
import { preview1Imports } from "./imports.ts";
import { tableEntryBytes } from "./memory-account.ts";
import { prepareProgram } from "./prepare.ts";

/** What the engine needs to know of a prepared module besides its code. Plain data, which can be kept beside it. */
export interface ProgramOutline {
  /** What it imports from `wasi_snapshot_preview1`. */
  readonly imports: readonly FunctionImport[];
  /** Bytes that its memories and tables have before it runs, as {@link MemoryAccount} counts them. */
  readonly initialBytes: number;
  /** Undefined when it was prepared without checks: once it runs, nothing can stop it. */
  readonly interruptible?: { readonly memories: readonly ImportedMemory[] } | undefined;
}

/** A module that was checked and compiled, ready to start any number of instances. */
export interface Program extends ProgramOutline {
  readonly module: WebAssembly.Module;
  /** Bytes that its memory may grow to. */
  readonly memoryMax: number;
}

export interface CompileOptions {
  /** Bytes that a memory of its may grow to. */
  readonly memoryMax: number;
  /** Whether it can be stopped while it runs; it can when this is absent. */
  readonly interruptible?: boolean;
}

/** The caps were checked before a program was prepared; what its preparation adds does not count. */
export const uncapped: ModuleCaps = Object.fromEntries(
  Object.keys(capsDefault).map((cap) => [cap, Infinity]),
) as unknown as ModuleCaps;

/** Prepares and compiles a program. Throws what {@link prepareProgram} and {@link compilePrepared} throw. */
export async function compileProgram(
  bytes: Uint8Array,
  { memoryMax, interruptible = true }: CompileOptions,
): Promise<Program> {
  return compilePrepared(prepareProgram(bytes, { memoryBytesMax: memoryMax, interruptible }), { memoryMax });
}

/** Compiles what {@link prepareProgram} gave for the same limit. Throws `module.invalid` when V8 refuses it. */
export async function compilePrepared(prepared: Uint8Array, { memoryMax }: CompileOptions): Promise<Program> {
  // Threads of V8 do it, while this one reads the module.
  const module = compileModule(prepared);
  module.catch(() => {});
  const outline = outlineOf(prepared);
  return { module: await module, memoryMax, ...outline };
}

/** The outline of what {@link prepareProgram} gave. */
export function outlineOf(prepared: Uint8Array): ProgramOutline {
  const info = decodeModule(prepared, uncapped);
  return {
    imports: preview1Imports(info),
    initialBytes: initialBytes(info),
    interruptible: interruptibleMemories(info),
  };
}

/** A rewritten module imports its own memories, and the epoch beside them. */
function initialBytes({ imports, memories, tables }: ModuleInfo): number {
  const own = imports.flatMap((item) => (item.kind === "memory" && item.name !== epochImport ? item.memory : []));
  const pages = [...own, ...memories].reduce((sum, { min }) => sum + min, 0);
  const entries = tables.reduce((sum, { min }) => sum + min, 0);
  return pages * pageBytes + entries * tableEntryBytes;
}

/** A rewritten module imports the epoch, and the memories that it would else have defined. */
function interruptibleMemories({ imports }: ModuleInfo): Program["interruptible"] {
  const memories: ImportedMemory[] = [];
  let interruptible = false;
  for (const item of imports) {
    if (item.kind !== "memory" || item.module !== reservedModule) continue;
    if (item.name === epochImport) interruptible = true;
    else memories.push({ name: item.name, min: item.memory.min, max: item.memory.max, is64: item.memory.is64 });
  }
  return interruptible ? { memories } : undefined;
}

/** Throws `module.invalid`. Every body is validated; by default code is made for each function when it is first called. */
export async function compileModule(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    const why = (error as Error).message.replace(/^WebAssembly\.compile\(\): /, "");
    throw new WarrenError("module.invalid", `the module is not valid: ${why}`, {
      hint: "Compile it again with a current toolchain, for wasm32 with WASI preview 1.",
      cause: error,
    });
  }
}
