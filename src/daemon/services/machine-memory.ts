import { totalmem } from "node:os";
import { availableMemory, constrainedMemory } from "node:process";
import { WarrenError } from "../../base/errors.ts";

/** What is kept free for the system and for guests that grow: a twentieth of the memory, at least so many bytes. */
const reserveBytesMin = 128 * 2 ** 20;
const reserveParts = 20;

/** What the machine has, or the daemon's control group may use of it (memory.max; cgroups(7)). */
export function machineMemory(): number {
  const total = totalmem();
  // Without a limit Node answers 0, undefined or what no machine has.
  return Math.min(total, constrainedMemory() || total);
}

function reserveOf(total: number): number {
  return Math.max(reserveBytesMin, total / reserveParts);
}

/** What each of so many workers may hold for its instances, when the operator does not say. */
export function workerBudget(workers: number, total: number = machineMemory()): number {
  return Math.floor(Math.max(total - reserveOf(total), reserveBytesMin) / workers);
}

/** Whether the machine has memory for one more guest. Throws `limits.machine-memory`: better no new guest than a worker killed. */
export function admitGuest(
  service: string,
  available: number = availableMemory(),
  total: number = machineMemory(),
): void {
  const reserve = reserveOf(total);
  if (available >= reserve) return;
  const free = Math.floor(available / 2 ** 20);
  throw new WarrenError(
    "limits.machine-memory",
    `${service} is not started: ${free} MiB of memory are left on this machine, and ${Math.floor(reserve / 2 ** 20)} MiB are kept free`,
    { status: 503, hint: "stop services (warren ls shows their memory), or give the machine more" },
  );
}
