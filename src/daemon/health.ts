import { readFileSync } from "node:fs";
import type { HealthView, WorkerView } from "../control/service.ts";
import type { Supervisor } from "./services/supervisor.ts";
import type { ConnectorKeeper } from "./workers/connector-keeper.ts";
import type { WorkerProcess } from "./workers/worker-process.ts";

export function workerView(worker: WorkerProcess, supervisor: Supervisor): WorkerView {
  let instances = 0;
  for (const service of supervisor.services.values()) if (service.worker === worker.id) instances++;
  return {
    id: worker.id,
    pid: worker.pid,
    state: worker.state === "draining" ? "draining" : "ready",
    instances,
    memoryBytes: residentBytes(worker.pid),
    startedAt: new Date(worker.startedAt).toISOString(),
    ...(worker.wall === undefined ? {} : { wall: worker.wall.state }),
  };
}

/** Nothing while no service needs one. */
export function connectorView({ process, trouble }: ConnectorKeeper): Pick<HealthView, "connector"> {
  if (process === undefined)
    return trouble === undefined ? {} : { connector: { state: "restarting", reason: trouble, memoryBytes: 0 } };
  const { pid } = process;
  return { connector: { state: "ready", pid, memoryBytes: residentBytes(pid) } };
}

export function countServices(supervisor: Supervisor): HealthView["services"] {
  const services = [...supervisor.services.values()];
  return { total: services.length, running: services.filter((service) => service.view([]).state === "running").length };
}

/** Resident set size by proc(5): the second field of statm, in pages; 0 when the process is gone. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageBytes;
  } catch {
    return 0;
  }
}

// Linux on x86_64, and on arm64 as distributions build it.
const pageBytes = 4096;
