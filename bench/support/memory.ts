import { readFileSync } from "node:fs";

export interface Memory {
  /** Proportional set size, bytes: pages that several processes share count once among them. */
  readonly pss: number;
  /** Resident set size, bytes: shared pages count in full for each. */
  readonly rss: number;
}

/** What processes hold together (proc_pid_smaps(5)). */
export function memoryOf(pids: readonly number[]): Memory {
  let pss = 0;
  let rss = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    pss += kibibytes(text, "Pss");
    rss += kibibytes(text, "Rss");
  }
  return { pss, rss };
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +([0-9]+) kB`, "m").exec(text)?.[1]) * 1024;
}
