// Modules out of binaryen's generator do the same rewritten as not. WARREN_FUZZ_RUNS sets how many, WARREN_FUZZ_SEED the first.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeModule } from "../decode.ts";
import { functionType } from "../module-info.ts";
import { compare } from "./testdata/differential.ts";
import { generator } from "./testdata/random.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 16);
const first = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const wasmOpt = join(import.meta.dirname, "../../../node_modules/binaryen/bin/wasm-opt");

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

/** Whatever it asks for; calls are written down. */
function imports(bytes: Uint8Array, log: (text: string) => void): WebAssembly.Imports {
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

test("modules of binaryen's generator do the same rewritten as not", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-rewrite-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const sums = { calls: 0, traps: 0, ticks: 0, yields: 0 };
  let valid = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const random = generator(seed);
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
    if (!compiles(bytes)) continue;
    valid++;
    const { difference, ...counts } = await compare(bytes, seed, (log) => imports(bytes, log));
    assert.equal(difference, "", `seed ${seed}`);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
  }
  t.diagnostic(`${valid} modules: ${JSON.stringify(sums)}`);
  assert.ok(valid > runs / 4);
});
