import { join } from "node:path";
import type { Toolchain } from "../toolchain.ts";
import { findPackage } from "./npm-package.ts";

const shimName = "@assemblyscript/wasi-shim";

export async function findAssemblyScript(): Promise<Toolchain> {
  const compiler = findPackage("assemblyscript");
  const shim = findPackage(shimName);
  if (compiler === undefined || shim === undefined) {
    const missing = compiler === undefined ? "assemblyscript" : shimName;
    return { available: false, reason: `the package ${missing} is not installed`, install: `npm install ${missing}` };
  }
  return {
    available: true,
    version: `assemblyscript ${compiler.version}, wasi-shim ${shim.version}`,
    compile: ({ output, flags }) => ({
      command: process.execPath,
      args: [join(compiler.folder, "bin", "asc.js"), "--outFile", output, ...flags],
      env: {},
      product: output,
    }),
  };
}
