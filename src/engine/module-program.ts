import { WarrenError } from "../base/errors.ts";
import { bindPreview1, type FunctionImport } from "../wasi/p1/bind.ts";
import { capsDefault, type ModuleCaps } from "../wasm/caps.ts";
import { decodeModule } from "../wasm/decode.ts";
import { pageBytes } from "../wasm/limits.ts";
import type { ModuleInfo } from "../wasm/module-info.ts";
import { epochImport, memoryPrefix, reservedModule } from "../wasm/rewrite/contract.ts";
import { type CoreProgram, instantiateCore, promising, runStart } from "./core-instance.ts";
import type { ImportedMemory } from "./cpu/preemption.ts";
import { otherImports, preview1Imports } from "./imports.ts";
import type { Launch, Program } from "./launch.ts";
import { tableEntryBytes } from "./memory-account.ts";

/** What the engine needs to know of a prepared module besides its code. Plain data, which can be kept beside it. */
export interface ProgramOutline {
  /** What it imports from `wasi_snapshot_preview1`. */
  readonly imports: readonly FunctionImport[];
  /** Bytes that its memories and tables have before it runs, as {@link MemoryAccount} counts them. */
  readonly initialBytes: number;
  /** Undefined when it was prepared without checks: once it runs, nothing can stop it. */
  readonly interruptible?: { readonly memories: readonly ImportedMemory[] } | undefined;
}

/** The caps were checked before a program was prepared; what its preparation adds does not count. */
export const uncapped: ModuleCaps = Object.fromEntries(
  Object.keys(capsDefault).map((cap) => [cap, Infinity]),
) as unknown as ModuleCaps;

/** A module for WASI preview 1, which is run by its `_start`. */
export class ModuleProgram implements Program, CoreProgram {
  readonly kind = "module";
  readonly module: WebAssembly.Module;
  readonly memoryMax: number;
  readonly imports: readonly FunctionImport[];
  readonly initialBytes: number;
  readonly interruptible: ProgramOutline["interruptible"];

  constructor(module: WebAssembly.Module, memoryMax: number, outline: ProgramOutline) {
    this.module = module;
    this.memoryMax = memoryMax;
    this.imports = outline.imports;
    this.initialBytes = outline.initialBytes;
    this.interruptible = outline.interruptible;
  }

  get memoryCount(): number {
    return this.interruptible?.memories.length ?? 0;
  }

  async launch(launch: Launch): Promise<void> {
    const { host, account } = launch;
    const imports = { ...otherImports, wasi_snapshot_preview1: bindPreview1(host, this.imports) };
    const instance = instantiateCore(this, imports, launch);
    account.attach(instance.memories, instance.tables);
    const { exports } = instance;
    if (exports.memory instanceof WebAssembly.Memory) host.memory.attach(exports.memory);
    await runStart(instance);
    await promising(exports._start)();
  }
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
export function initialBytes({ imports, memories, tables }: ModuleInfo): number {
  const own = imports.flatMap((item) => (item.kind === "memory" && isOwn(item) ? item.memory : []));
  const pages = [...own, ...memories].reduce((sum, { min }) => sum + min, 0);
  const entries = tables.reduce((sum, { min }) => sum + min, 0);
  return pages * pageBytes + entries * tableEntryBytes;
}

/** A rewritten module imports the epoch, and the memories that it would else have defined. */
export function interruptibleMemories({ imports }: ModuleInfo): ProgramOutline["interruptible"] {
  const memories: ImportedMemory[] = [];
  let interruptible = false;
  for (const item of imports) {
    if (item.kind !== "memory" || item.module !== reservedModule) continue;
    if (item.name === epochImport) interruptible = true;
    if (isOwn(item))
      memories.push({ name: item.name, min: item.memory.min, max: item.memory.max, is64: item.memory.is64 });
  }
  return interruptible ? { memories } : undefined;
}

/** A memory that it would else have defined. */
function isOwn({ module, name }: { readonly module: string; readonly name: string }): boolean {
  return module === reservedModule && name.startsWith(memoryPrefix);
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
