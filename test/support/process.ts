import { readdirSync, readFileSync, readlinkSync } from "node:fs";

// What proc(5) says of other processes.

/** Resident memory in bytes; 0 when the process is gone. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** False too for what is dead and only waits for its parent to hear of it. */
export function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

/** CPU time of all threads, user and system, in milliseconds. Kept by the kernel in steps of 10. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** The most memory that a process had while `work` ran, in bytes. */
export async function residentBytesMax(pid: number, work: () => Promise<unknown>): Promise<number> {
  let most = residentBytes(pid);
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid));
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(most, residentBytes(pid));
}

/** Processes that have to do with a folder: started with it in their arguments or environment, or with output into it. */
export function processesOf(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder) ||
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder) ||
          readlinkSync(`/proc/${pid}/fd/1`).startsWith(folder)
        );
      } catch {
        // It ended meanwhile, or belongs to somebody else.
        return false;
      }
    })
    .map(Number);
}
