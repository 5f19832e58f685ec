import { readdirSync, readFileSync } from "node:fs";
import { systemCode, WarrenError } from "../../base/errors.ts";
import type { Wall } from "./wall.ts";

/** Filters that a launched worker has more than the daemon: the list, and the seal. */
const ownFilters = 2;

/**
 * Looks, from outside, whether every thread of a worker stands behind the wall (proc_pid_status(5)). Throws
 * `worker.unwalled`. Landlock does not show; the launcher puts it up before the filters that do.
 */
export function checkWall(pid: number, wall: Wall): void {
  let threads = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readStatus(`/proc/${pid}/task/${thread}/status`);
    if (status === undefined) continue;
    threads++;
    const fault = faultOf(status, wall);
    if (fault !== undefined)
      throw new WarrenError("worker.unwalled", `thread ${thread} of the worker ${pid} ${fault}`, {
        status: 500,
        hint: "it was ended before it served anything; this is a fault of Warren or of the kernel",
      });
  }
  if (threads === 0)
    throw new WarrenError("worker.unwalled", `the worker ${pid} shows no threads in /proc`, { status: 500 });
}

type Status = (name: string) => string | undefined;

function faultOf(status: Status, { state, user }: Wall): string | undefined {
  if (status("NoNewPrivs") !== "1") return "may gain privileges";
  if (state.seccomp && status("Seccomp") !== "2") return "makes any system call";
  const filters = status("Seccomp_filters");
  // Linux 5.9 shows the number.
  if (state.seccomp && filters !== undefined && Number(filters) < daemonFilters() + ownFilters) return "is not sealed";
  if (user === undefined) return undefined;
  const ids = `${status("Uid")}\t${status("Gid")}`.split("\t");
  if (ids.some((id) => id !== String(user))) return `runs as user and group ${ids.join(", ")}, not ${user}`;
  if (!/^0+$/.test(status("CapEff") ?? "")) return "holds capabilities";
  return undefined;
}

function daemonFilters(): number {
  return Number(readStatus("/proc/self/status")?.("Seccomp_filters") ?? 0);
}

/** The fields of a status file; undefined when the thread has ended. */
function readStatus(path: string): Status | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ESRCH") return undefined;
    throw error;
  }
  return (name) => new RegExp(`^${name}:\\t(.*)$`, "m").exec(text)?.[1];
}
