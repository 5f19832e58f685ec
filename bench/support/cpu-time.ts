import { readFileSync } from "node:fs";

/** CLK_TCK is 100 on every Linux that Node runs on (proc_pid_stat(5)). */
const microsPerTick = 10_000;

/** CPU time that processes have used, in user and system mode, all threads: microseconds, in steps of 10,000 for each. */
export function cpuMicros(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name, in brackets and with whatever in it; utime and stime are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * microsPerTick;
}
