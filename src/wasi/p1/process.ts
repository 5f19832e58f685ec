import { errno } from "../errno.ts";
import { readClock } from "./clock-id.ts";
import type { Host } from "./host.ts";

/** One call for more than this would hold up the host: random bytes come at about 1 GB/s. */
const randomBytesMax = 16 * 1024 * 1024;

/** What node's clocks can tell apart, nanoseconds. */
const resolution = 1n;

/** Clocks, randomness, and the guest's own life. */
export function processFunctions(host: Host) {
  const { memory, thread } = host;
  return {
    clock_res_get(id: number, at: number): number {
      if (id >>> 0 > 3) return errno.INVAL;
      memory.setU64(at, resolution);
      return errno.SUCCESS;
    },
    clock_time_get(id: number, _precision: bigint, at: number): number {
      memory.check(at, 8);
      const time = readClock(host, id);
      if (time === undefined) return errno.INVAL;
      memory.setU64(at, BigInt.asUintN(64, time));
      return errno.SUCCESS;
    },
    random_get(at: number, length: number): number {
      const target = memory.bytes(at, length);
      if (target.length > randomBytesMax) return errno.TOOBIG;
      if (target.length > 0) host.random(target);
      return errno.SUCCESS;
    },
    sched_yield: () => (thread.overdue ? thread.pause(errno.SUCCESS) : errno.SUCCESS),
    proc_exit: (code: number) => host.exit(code >>> 0),
    // Deprecated, and no libc calls it: a guest that raises a signal means to die of it.
    proc_raise: (signal: number) => host.exit(128 + (signal & 0x7f)),
  };
}
