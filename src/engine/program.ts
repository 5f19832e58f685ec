import { compileModule, ModuleProgram, outlineOf } from "./module-program.ts";
import { prepareProgram } from "./prepare.ts";

export interface CompileOptions {
  /** Bytes that a memory of its may grow to. */
  readonly memoryMax: number;
  /** Whether it can be stopped while it runs; it can when this is absent. */
  readonly interruptible?: boolean;
}

/** Prepares and compiles a program. Throws what {@link prepareProgram} and {@link compilePrepared} throw. */
export async function compileProgram(
  bytes: Uint8Array,
  { memoryMax, interruptible = true }: CompileOptions,
): Promise<ModuleProgram> {
  return compilePrepared(prepareProgram(bytes, { memoryBytesMax: memoryMax, interruptible }), { memoryMax });
}

/** Compiles what {@link prepareProgram} gave for the same limit. Throws `module.invalid` when V8 refuses it. */
export async function compilePrepared(prepared: Uint8Array, { memoryMax }: CompileOptions): Promise<ModuleProgram> {
  // Threads of V8 do it, while this one reads the module.
  const module = compileModule(prepared);
  module.catch(() => {});
  const outline = outlineOf(prepared);
  return new ModuleProgram(await module, memoryMax, outline);
}
