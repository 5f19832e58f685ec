import { readFileSync } from "node:fs";
import { type Finding, ok, warn } from "./finding.ts";

const descriptorsWanted = 65_536;
const backlogWanted = 4096;

/** What the system lets a process hold: open files, and connections that wait to be accepted. */
export function checkLimits(): Finding[] {
  return [descriptors(), backlog()].filter((finding) => finding !== undefined);
}

function descriptors(): Finding | undefined {
  const text = readText("/proc/self/limits");
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(text)?.[1];
  if (hard === undefined) return undefined;
  const count = hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
  return count >= descriptorsWanted
    ? ok("open files", `at most ${hard}`)
    : warn(
        "open files",
        `at most ${hard}`,
        `raise the hard limit to ${descriptorsWanted}: LimitNOFILE= in a systemd unit, or ulimit -Hn`,
      );
}

function backlog(): Finding | undefined {
  const text = readText("/proc/sys/net/core/somaxconn").trim();
  if (text === "") return undefined;
  return Number(text) >= backlogWanted
    ? ok("somaxconn", text)
    : warn("somaxconn", text, `bursts of connections may be refused: sysctl -w net.core.somaxconn=${backlogWanted}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
