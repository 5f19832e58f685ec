import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onCore } from "./cores.ts";
import type { Load } from "./system.ts";

const run = promisify(execFile);

/** Loads with wrk from one thread. */
export function wrkLoad(path: string): Load {
  return async ({ port, host, path: target = "/", tls, post }, { connections, seconds }) => {
    const url = `${tls ? "https" : "http"}://127.0.0.1:${port}${target}`;
    const script = post === undefined ? undefined : postScript(post);
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "-H", `Host: ${host}`];
    const { stdout } = await run(...onCore(1, path, [...args, ...(script === undefined ? [] : ["-s", script]), url]));
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

/** wrk takes bodies from a program in Lua only. */
function postScript(bytes: number): string {
  const file = join(tmpdir(), `warren-bench-post-${process.getuid?.() ?? 0}-${bytes}.lua`);
  writeFileSync(file, `wrk.method = "POST"\nwrk.body = string.rep("x", ${bytes})\n`);
  return file;
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
