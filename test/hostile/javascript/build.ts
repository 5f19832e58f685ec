import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const here = import.meta.dirname;
const packages = join(here, "../../../node_modules");

/** A server with a JavaScript engine in it: at `/` it runs a short regular expression, at `/bomb` one that takes centuries. */
export function buildJavaScriptServer(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "warren-javascript-"));
  try {
    const output = join(folder, "server.wasm");
    const parts = [
      [join(packages, "@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm"), "quickjs"],
      [join(here, "host.wat"), "a"],
      [join(here, "server.wat"), "server"],
    ];
    const merge = join(packages, "binaryen/bin/wasm-merge");
    execFileSync(process.execPath, [merge, "--all-features", ...parts.flat(), "-o", output]);
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
