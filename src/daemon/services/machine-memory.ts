import { totalmem } from "node:os";
import { availableMemory } from "node:process";
import { WarrenError } from "../../base/errors.ts";

/** What is kept free for the system and for guests that grow: a twentieth of the memory, at least so many bytes. */
const reserveBytesMin = 128 * 2 ** 20;
const reserveParts = 20;

/** Whether the machine has memory for one more guest. Throws `limits.machine-memory`: better no new guest than a worker killed. */
export function admitGuest(service: string, available: number = availableMemory(), total: number = totalmem()): void {
  const reserve = Math.max(reserveBytesMin, total / reserveParts);
  if (available >= reserve) return;
  const free = Math.floor(available / 2 ** 20);
  throw new WarrenError(
    "limits.machine-memory",
    `${service} is not started: ${free} MiB of memory are left on this machine, and ${Math.floor(reserve / 2 ** 20)} MiB are kept free`,
    { status: 503, hint: "stop services (warren ls shows their memory), or give the machine more" },
  );
}
