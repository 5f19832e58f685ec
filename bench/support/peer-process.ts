import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Scope } from "./scope.ts";

/** A process that ends with the scope. Its standard error is ours, unless it says too much. */
export function startProcess(
  scope: Pick<Scope, "after">,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stderr: "inherit" | "ignore" = "inherit",
): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", stderr], env: { ...process.env, ...env } });
  // Nobody may read all of what it prints.
  child.stdout.resume();
  scope.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // They would live on, and keep what they print into open.
    const others = childrenOf(child.pid!);
    const end = once(child, "exit");
    child.kill();
    await end;
    for (const pid of others) endProcess(pid);
    child.stdout.destroy();
  });
  return child;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended with the one that started it.
  }
}

/** The processes that a process has started, and those that they have. */
export function childrenOf(pid: number): number[] {
  const own = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
  return own.flatMap((child) => [child, ...childrenOf(child)]);
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
