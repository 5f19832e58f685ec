import type { Host } from "./host.ts";

/** `clockid` of preview 1. */
export const clockId = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;

/** A clock's time in nanoseconds; undefined for an unknown clock. */
export function readClock({ clocks, thread }: Pick<Host, "clocks" | "thread">, id: number): bigint | undefined {
  switch (id) {
    case clockId.realtime:
      return clocks.realtime();
    case clockId.monotonic:
      return clocks.monotonic();
    case clockId.processCpu:
    case clockId.threadCpu:
      return BigInt(Math.round(thread.cpuMs * 1e6));
    default:
      return undefined;
  }
}
