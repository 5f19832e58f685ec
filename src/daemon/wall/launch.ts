import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import type { LaunchPlan } from "../../worker/protocol.ts";

const launcherFile = join(import.meta.dirname, "../../worker/launcher.js");

/**
 * Starts the process that a plan describes. No environment: nothing of the operator's shell is its business.
 *
 * @param launcher only tests, which run the sources, have another.
 */
export function launch(
  plan: LaunchPlan,
  options: Pick<SpawnOptions, "stdio" | "detached">,
  launcher: string = launcherFile,
): ChildProcess {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", launcher, JSON.stringify(plan)], {
    ...options,
    env: {},
    cwd: "/",
  });
}
