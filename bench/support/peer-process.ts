import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Scope } from "./scope.ts";

/** A process that ends with the scope. Its standard error is ours. */
export function startProcess(
  scope: Pick<Scope, "after">,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });
  scope.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, "exit");
    child.kill();
    await end;
  });
  return child;
}

/** Starts one of our own servers, which prints its port as its first line. */
export async function startNode(
  scope: Pick<Scope, "after">,
  file: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ pid: number; port: number }> {
  const child = startProcess(scope, process.execPath, ["--disable-warning=ExperimentalWarning", file], env);
  for await (const line of createInterface({ input: child.stdout! })) return { pid: child.pid!, port: Number(line) };
  throw new Error(`${file} ended at once`);
}
