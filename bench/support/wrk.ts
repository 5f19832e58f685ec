import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { onCore } from "./cores.ts";
import type { Load } from "./system.ts";

const run = promisify(execFile);

/** Loads with wrk from one thread. */
export function wrkLoad(path: string): Load {
  return async ({ port, host, path: target = "/", tls }, { connections, seconds }) => {
    const url = `${tls ? "https" : "http"}://127.0.0.1:${port}${target}`;
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "-H", `Host: ${host}`, url];
    const { stdout } = await run(...onCore(1, path, args));
    const errors = /^ *(?:Socket errors|Non-2xx).*$/m.exec(stdout)?.[0];
    if (errors !== undefined) throw new Error(`${url} (${host}): ${errors.trim()}`);
    return {
      requests: Number(field(stdout, /([0-9]+) requests in/)),
      perSecond: Number(field(stdout, /Requests\/sec: +([0-9.]+)/)),
      p50: microseconds(field(stdout, / 50% +([0-9.a-z]+)/)),
      p99: microseconds(field(stdout, / 99% +([0-9.a-z]+)/)),
    };
  };
}

function field(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`wrk printed something else:\n${text}`);
  return found;
}

function microseconds(text: string): number {
  const factor = text.endsWith("us") ? 1 : text.endsWith("ms") ? 1000 : 1_000_000;
  return Number.parseFloat(text) * factor;
}
