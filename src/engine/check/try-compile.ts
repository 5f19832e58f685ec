import { setFlagsFromString } from "node:v8";
import { WarrenError } from "../../base/errors.ts";
import { decodeModule } from "../../wasm/decode.ts";
import type { ModuleInfo } from "../../wasm/module-info.ts";
import { compileModule, uncapped } from "../module-program.ts";
import { type FunctionBody, heavyFunctions, onlyFunctions } from "./heavy-functions.ts";

/** A worker stands still while V8's quick compiler makes the code of a function; its watchdog ends it after 3 s. */
const functionCpuMsMax = 1000;

/**
 * Compiles a prepared module as a worker will. By itself V8 validates every body, and compiles a function when it is first
 * called and again when it is called much: a function that cannot be compiled in reasonable time and memory would break
 * the worker long after the deploy. So those that may be such are compiled here, by both of V8's compilers; the bounds of
 * the process end what takes too much. To compile all of a program like this would take seconds.
 *
 * Throws `module.invalid`, `program.function-too-complex`. Sets V8's flags: for a process that does nothing else.
 */
export async function tryCompile(prepared: Uint8Array): Promise<void> {
  // Threads of V8 do it, while this one reads the module.
  const compiled = compileModule(prepared);
  compiled.catch(() => {});
  const info = decodeModule(prepared, uncapped);
  await compiled;
  const heavy = heavyFunctions(info);
  if (heavy.length === 0) return;
  setFlagsFromString("--no-wasm-lazy-compilation");
  await checkTime(info, heavy);
  // V8 inlines calls by what its quick compiler's code has counted, and does not check that there is such code.
  for (const flag of ["--no-liftoff", "--no-wasm-inlining", "--no-wasm-inlining-call-indirect"])
    setFlagsFromString(flag);
  await compileModule(onlyFunctions(info, heavy));
}

/** By halves, so that a program with a thousand such functions takes no longer than it must. */
async function checkTime(info: ModuleInfo, bodies: readonly FunctionBody[]): Promise<void> {
  const began = process.cpuUsage();
  await compileModule(onlyFunctions(info, bodies));
  const { user, system } = process.cpuUsage(began);
  if ((user + system) / 1000 <= functionCpuMsMax) return;
  const [body] = bodies;
  if (bodies.length === 1 && body !== undefined) throw tooComplex(info, body);
  const middle = Math.ceil(bodies.length / 2);
  await checkTime(info, bodies.slice(0, middle));
  await checkTime(info, bodies.slice(middle));
}

function tooComplex(info: ModuleInfo, { position, start, end }: FunctionBody): WarrenError {
  return new WarrenError(
    "program.function-too-complex",
    `function ${info.importedFunctionCount + position} of the program (${end - start} bytes at 0x${start.toString(16)}) takes more than ${functionCpuMsMax} ms to compile, and everything would stand still meanwhile`,
    {
      status: 422,
      at: start,
      hint: "Split it: it has too many local variables, operands and branches at once.",
    },
  );
}
