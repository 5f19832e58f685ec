import type { Doing } from "./conduit.ts";

const doings: Readonly<Record<Doing | "untouched", string>> = {
  computing: "the program was computing for it",
  behind: "it waited while the program computed for others",
  waiting: "the program was waiting",
  untouched: "the program had read nothing of it",
};

/** What a request has cost, in words: by the clock, of the guest's CPU where that is known, and what the guest was at. */
export function describeSpent(
  wallMs: number,
  cpuMs: number | undefined,
  doing: Doing | "untouched" | undefined,
): string {
  const cpu = cpuMs === undefined ? "" : `, ${formatMs(cpuMs)} of CPU time`;
  return `${formatMs(wallMs)}${cpu}${doing === undefined ? "" : `; ${doings[doing]}`}`;
}

/** `0.4 ms`, `12 ms`, `2.1 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms >= 100_000 ? 0 : 1)} s`;
  return `${ms >= 10 || ms === 0 ? Math.round(ms) : ms.toFixed(1)} ms`;
}
