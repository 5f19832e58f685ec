// Modules out of binaryen's generator, and what they import.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "../../../base/testdata/random.ts";
import { decodeModule } from "../../decode.ts";
import { functionType } from "../../module-info.ts";

const wasmOpt = join(import.meta.dirname, "../../../../node_modules/binaryen/bin/wasm-opt");

/** What V8 does not take. */
const without = [
  "custom-descriptors",
  "fp16",
  "relaxed-simd",
  "shared-everything",
  "stack-switching",
  "strings",
  "threads",
];
const features = ["-all", ...without.map((name) => `--disable-${name}`)];
/** The generator mixes both forms of exceptions, which V8 refuses: only small modules have one form. */
const noExceptions = [...features, "--disable-exception-handling"];

const host = { host: 0 };

/** Whatever a module asks for; calls are written down. */
export function generatedImports(bytes: Uint8Array, log: (text: string) => void): WebAssembly.Imports {
  const info = decodeModule(bytes);
  const made: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  let calls = 0;
  for (const item of info.imports) {
    const target = made[item.module] ?? {};
    made[item.module] = target;
    if (item.kind === "func") {
      const result = functionType({ ...info, functionTypes: Uint32Array.of(item.type) }, 0)!.results[0];
      target[item.name] = (...args: unknown[]) => {
        // What they are asked for may not end.
        if (++calls < 1000)
          log(
            `${item.name}(${args.map((value) => (typeof value === "object" || typeof value === "function" ? "ref" : String(value))).join()})`,
          );
        return result === 0x7e ? 0n : result === undefined ? undefined : result >= 0x7c ? 0 : null;
      };
    } else if (item.kind === "table") {
      target[item.name] = new WebAssembly.Table({ initial: item.table.min, element: "anyfunc" });
    } else if (item.kind === "memory") {
      target[item.name] = new WebAssembly.Memory({ initial: item.memory.min, maximum: item.memory.max ?? 100 });
    } else if (item.kind === "global") {
      // A constant one may be given as a value; those that the generator asks for are (ref extern).
      target[item.name] = (item.value === 0x7e ? 0n : item.value >= 0x7c ? 0 : host) as WebAssembly.ImportValue;
    }
  }
  return made;
}

/** `validate` does not find a mix of both forms of exceptions. */
function compiles(bytes: Uint8Array): boolean {
  try {
    new WebAssembly.Module(bytes as BufferSource);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when it is one that V8 does not take. */
export function generatedModule(seed: number): Uint8Array | undefined {
  const folder = mkdtempSync(join(tmpdir(), "warren-generated-"));
  try {
    const random = seeded(seed);
    const small = seed % 2 === 0;
    const input = join(folder, "input");
    const output = join(folder, "output.wasm");
    writeFileSync(
      input,
      Uint8Array.from({ length: small ? 500 + random(1_000) : 2000 + random(20_000) }, () => random(256)),
    );
    const options = small ? features : noExceptions;
    execFileSync(process.execPath, [wasmOpt, "-ttf", input, "-o", output, ...options], { stdio: "ignore" });
    const bytes = new Uint8Array(readFileSync(output));
    return compiles(bytes) ? bytes : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
