import { pointerTo } from "../base/libc.ts";
import { systemCall } from "../base/system-call.ts";

/** What the kernel lets a thread of a worker run at a time while others want the CPU. Nanoseconds. */
const sliceNs = 500_000n;

const number = process.arch === "arm64" ? { set: 274, get: 275 } : { set: 314, get: 315 };
// struct sched_attr of sched_setattr(2), its first version.
const attributesBytes = 48;
const policyAt = 4;
const runtimeAt = 24;
/** SCHED_OTHER and SCHED_BATCH: the others have no such slice. */
const fairPolicies: readonly number[] = [0, 3];

/**
 * Asks the kernel for short slices for this thread, the program it becomes by execve, and every thread of that. A worker gets no more of
 * the CPU by it, but gets it sooner: the clock that interrupts guests is late otherwise when the machine is overloaded, and an event waits
 * for whole slices of others. Linux 6.12 and later do it (EEVDF); earlier ones take the call and change nothing, and where it is not allowed
 * nothing is lost.
 */
export function askForShortSlices(): void {
  const attributes = Buffer.alloc(attributesBytes);
  // Read first, since the niceness is set along with it.
  if (systemCall(number.get, 0, pointerTo(attributes), attributesBytes, 0) < 0) return;
  if (!fairPolicies.includes(attributes.readUInt32LE(policyAt))) return;
  attributes.writeBigUInt64LE(sliceNs, runtimeAt);
  systemCall(number.set, 0, pointerTo(attributes), 0);
}
