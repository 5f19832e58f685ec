import { isComponent } from "../component/preamble.ts";
import type { Program } from "./launch.ts";
import { compileModule, ModuleProgram, outlineOf } from "./module-program.ts";
import { type PrepareOptions, prepareProgram } from "./prepare.ts";

export interface CompileOptions {
  /** Bytes that a memory of its may grow to. */
  readonly memoryMax: number;
  /** Whether it can be stopped while it runs; it can when this is absent. */
  readonly interruptible?: boolean;
}

/** Prepares and compiles a program. Throws what {@link prepare} and {@link compilePrepared} throw. */
export async function compileProgram(
  bytes: Uint8Array,
  { memoryMax, interruptible = true }: CompileOptions,
): Promise<Program> {
  return compilePrepared(await prepare(bytes, { memoryBytesMax: memoryMax, interruptible }), { memoryMax });
}

/** A module or a component as V8 is to be given it. Throws what `prepareProgram` and `prepareComponent` throw. */
export async function prepare(bytes: Uint8Array, options: PrepareOptions): Promise<Uint8Array> {
  if (!isComponent(bytes)) return prepareProgram(bytes, options);
  // Only where it is needed: it brings all of WASI 0.2 with it.
  const { prepareComponent } = await import("./component/prepare-component.ts");
  return prepareComponent(bytes, options);
}

/** Compiles what {@link prepare} gave for the same limit. Throws `module.invalid` when V8 refuses it. */
export async function compilePrepared(prepared: Uint8Array, { memoryMax }: CompileOptions): Promise<Program> {
  if (isComponent(prepared)) {
    const { ComponentProgram } = await import("./component/component-program.ts");
    return ComponentProgram.compile(prepared, memoryMax);
  }
  // Threads of V8 do it, while this one reads the module.
  const module = compileModule(prepared);
  module.catch(() => {});
  const outline = outlineOf(prepared);
  return new ModuleProgram(await module, memoryMax, outline);
}
