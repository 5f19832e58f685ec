import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onCore } from "./cores.ts";
import type { Load } from "./system.ts";

const run = promisify(execFile);

/** Loads by HTTP/2 with prior knowledge, `streams` requests at a time on each connection. */
export function h2load(path: string, streams: number): Load {
  return async ({ port, host, path: target = "/" }, { connections, seconds }) => {
    const folder = mkdtempSync(join(tmpdir(), "warren-bench-h2load-"));
    const log = join(folder, "log");
    try {
      const url = `http://127.0.0.1:${port}${target}`;
      const args = [`-c${connections}`, `-m${streams}`, "-t1", `-D${seconds}`, `--log-file=${log}`];
      const { stdout } = await run(...onCore(1, path, [...args, "-H", `:authority: ${host}`, url]));
      const [, succeeded, failed] = /([0-9]+) succeeded, ([0-9]+) failed/.exec(stdout) ?? [];
      const ok = Number(/status codes: ([0-9]+) 2xx/.exec(stdout)?.[1]);
      if (succeeded === undefined || Number(failed) > 0 || ok < Number(succeeded))
        throw new Error(`h2load of ${url}:\n${stdout}`);
      // Each line: start, status, duration in microseconds.
      const times = readFileSync(log, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => Number(line.split("\t")[2]));
      times.sort((a, b) => a - b);
      const requests = Number(succeeded);
      return {
        requests,
        perSecond: requests / seconds,
        p50: times[Math.floor(times.length * 0.5)]!,
        p99: times[Math.floor(times.length * 0.99)]!,
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
