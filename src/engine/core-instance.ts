import { assert } from "../base/assert.ts";
import { preemptExport, reservedModule, startExport } from "../wasm/rewrite/contract.ts";
import type { ImportedMemory } from "./cpu/preemption.ts";
import type { Launch } from "./launch.ts";

/** A core module that was compiled, with what preparing it has added. */
export interface CoreProgram {
  readonly module: WebAssembly.Module;
  /** Undefined when it was prepared without checks: once it runs, nothing can stop it. */
  readonly interruptible?: { readonly memories: readonly ImportedMemory[] } | undefined;
}

/** An instance of a core module, whose start function has not run yet where it was made interruptible. */
export interface CoreInstance {
  readonly exports: WebAssembly.Exports;
  readonly memories: readonly WebAssembly.Memory[];
  /** Every one that the program has, where it was rewritten: it exports them all. */
  readonly tables: readonly WebAssembly.Table[];
}

/** What a launch has for each of its core instances. */
export interface CoreLaunch extends Pick<Launch, "cpu" | "thread" | "onOverrun"> {
  /** Counts calls into the guest in which it cannot be suspended. */
  readonly nested?: { readonly depth: number };
  /** Adds to what a rewritten module imports, which has everything else by then. */
  readonly addImports?: (imports: Record<string, WebAssembly.ModuleImports>) => void;
}

/** Instantiates a module with what it imports itself and what its preparation made it import. Throws what V8 does. */
export function instantiateCore(
  { module, interruptible }: CoreProgram,
  imports: WebAssembly.Imports,
  { cpu, thread, onOverrun, nested, addImports }: CoreLaunch,
): CoreInstance {
  if (interruptible === undefined) {
    const { exports } = new WebAssembly.Instance(module, imports);
    return { exports, memories: memoriesOf(exports), tables: tablesOf(exports) };
  }
  assert(cpu !== undefined, "an interruptible program needs terms for its use of the CPU");
  const warren = cpu.preemption.imports(interruptible.memories);
  const all = { ...imports, [reservedModule]: warren };
  addImports?.(all);
  const { exports } = new WebAssembly.Instance(module, all);
  cpu.preemption.attach(exports, thread, cpu, onOverrun, nested);
  return {
    exports,
    memories: interruptible.memories.map(({ name }) => warren[name] as WebAssembly.Memory),
    tables: tablesOf(exports),
  };
}

/** Runs what a rewritten module's start section called; undefined when there is none. */
export function runStart({ exports }: CoreInstance): Promise<void> | undefined {
  const start = exports[startExport];
  return start === undefined ? undefined : promising(start)();
}

/** JSPI is not in TypeScript's library yet (https://github.com/WebAssembly/js-promise-integration). */
export function promising(start: unknown): () => Promise<void> {
  return (WebAssembly as unknown as { promising(start: unknown): () => Promise<void> }).promising(start);
}

function memoriesOf(exports: WebAssembly.Exports): WebAssembly.Memory[] {
  return [...new Set(Object.values(exports))].filter((item) => item instanceof WebAssembly.Memory);
}

/** One with two names counts once. */
function tablesOf(exports: WebAssembly.Exports): WebAssembly.Table[] {
  const ours = exports[preemptExport];
  const tables = [...new Set(Object.values(exports))].filter((item) => item instanceof WebAssembly.Table);
  return tables.filter((table) => table !== ours);
}
