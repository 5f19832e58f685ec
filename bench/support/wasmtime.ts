import { isExecutable } from "../../src/cli/demo/toolchains/executable.ts";
import { findExecutable } from "./executable.ts";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

/** Wasmtime: what WASMTIME names, or the one on PATH. */
export function findWasmtime(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { WASMTIME: path } = env;
  if (path === undefined || path === "") return findExecutable("wasmtime");
  if (!isExecutable(path)) throw new Error(`WASMTIME is ${path}, which cannot be executed`);
  return path;
}

/** `wasmtime serve` as it comes: a fresh instance for each request, from its pool. */
export async function startWasmtime(
  scope: Scope,
  wasmtime: string,
  component: string,
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const args = ["serve", "-Scli", "--addr", `127.0.0.1:${port}`, component];
  // It says of each connection that ends with the load that it did.
  const child = startProcess(scope, wasmtime, args, {}, "ignore");
  // A component of 14 MB takes half a minute on a busy machine.
  await untilConnects(port, 120_000);
  return { pid: child.pid!, port };
}
