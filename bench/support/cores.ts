import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { findExecutable } from "./executable.ts";

const taskset = availableParallelism() > 1 ? findExecutable("taskset") : undefined;

/** What is measured has the first core for itself; the load and the servers behind it have the second. */
export type Core = 0 | 1;

/** A command that runs on one core only, where there are two. */
export function onCore(core: Core, command: string, args: readonly string[]): [string, string[]] {
  return taskset === undefined ? [command, [...args]] : [taskset, ["-c", String(core), command, ...args]];
}

/** Moves a process that runs to one core, with all its threads. */
export function moveToCore(core: Core, pid: number): void {
  if (taskset !== undefined) execFileSync(taskset, ["-a", "-c", "-p", String(core), String(pid)], { stdio: "ignore" });
}
