// The host's side of the contract in its smallest form, for tests and benchmarks.
import { Worker } from "node:worker_threads";
import { decodeModule } from "../../decode.ts";
import { epochDescriptor, preemptExport, type RewrittenModule, reservedModule, trampolineModule } from "../contract.ts";
import { type RewriteOptions, rewriteModule } from "../rewrite.ts";

export interface Jspi {
  readonly Suspending: new (callback: () => Promise<number>) => WebAssembly.ImportValue;
  promising(callee: unknown): (...values: unknown[]) => Promise<unknown>;
}
export const jspi: Jspi = WebAssembly as unknown as Jspi;

const epoch = new WebAssembly.Memory(epochDescriptor);
/** Other than 0: the next check calls the tick. */
export const cell: Int32Array = new Int32Array(epoch.buffer);

const trampoline = new WebAssembly.Module(trampolineModule());

export function rewrite(bytes: Uint8Array, options: RewriteOptions = {}): RewrittenModule {
  return rewriteModule(decodeModule(bytes), options);
}

export interface Answers {
  /** The cell is 0 again when it is asked. */
  readonly tick?: () => number;
  readonly pause?: () => Promise<number>;
  readonly imports?: WebAssembly.Imports;
  /** Pages of a memory without a maximum. */
  readonly pagesMax?: number;
  /** Adds the cards of a module with marks; otherwise it gets some that nobody looks at. */
  readonly cards?: (imports: Record<string, WebAssembly.ModuleImports>) => void;
}

export interface Preempted {
  readonly exports: WebAssembly.Exports;
  readonly memories: readonly WebAssembly.Memory[];
  readonly instance: WebAssembly.Instance;
}

/** Instantiates a rewritten module; its start function is not called. */
export function instantiate(
  { memories, cards }: RewrittenModule,
  module: WebAssembly.Module,
  { tick = () => 1, pause = () => Promise.resolve(1), imports = {}, pagesMax = 65_536, cards: addCards }: Answers = {},
): Preempted {
  const made = memories.map(({ min, max, is64 }) => {
    const maximum = Math.max(min, Math.min(max ?? pagesMax, pagesMax));
    const descriptor = is64
      ? { address: "i64", initial: BigInt(min), maximum: BigInt(maximum) }
      : { initial: min, maximum };
    return new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
  });
  const reserved: WebAssembly.ModuleImports = { epoch };
  for (const [i, { name }] of memories.entries()) reserved[name] = made[i]!;
  addCards?.({ ...imports, [reservedModule]: reserved });
  for (const { name, memory, is64, pagesMin } of addCards === undefined ? cards : []) {
    const marked = memory.module === reservedModule ? reserved[memory.name] : imports[memory.module]![memory.name];
    const pages = (marked as WebAssembly.Memory).buffer.byteLength >>> 16;
    // Of 64-bit memories those here grow to 4 GiB at the most.
    const initial = is64 ? Math.max(pagesMin, 17) : pagesMin;
    const made = new WebAssembly.Memory({ initial });
    new Uint32Array(made.buffer)[0] = pages;
    reserved[name] = made;
  }
  const slots = new WebAssembly.Instance(trampoline, {
    warren: {
      tick: () => {
        cell[0] = 0;
        return tick();
      },
      yield: new jspi.Suspending(pause),
    },
  });
  const instance = new WebAssembly.Instance(module, { ...imports, [reservedModule]: reserved });
  const table = instance.exports[preemptExport] as WebAssembly.Table;
  table.set(0, slots.exports.tick);
  table.set(1, slots.exports.yield);
  return { exports: instance.exports, memories: made, instance };
}

/** Raises the cell every `ms` milliseconds from another thread until it is disposed of. */
export function startClock(ms: number): Disposable {
  const worker = new Worker(
    `const { workerData: { buffer, ms } } = require("node:worker_threads");
     const cell = new Int32Array(buffer), stop = new Int32Array(new SharedArrayBuffer(4));
     for (;;) { Atomics.wait(stop, 0, 0, ms); cell[0] = 1; }`,
    { eval: true, workerData: { buffer: epoch.buffer, ms } },
  );
  worker.unref();
  return {
    [Symbol.dispose]: () => {
      void worker.terminate();
    },
  };
}
