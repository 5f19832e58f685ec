import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { onCore } from "./cores.ts";
import type { Load, LoadResult } from "./system.ts";

const run = promisify(execFile);

/** WebSocket messages of 32 bytes that come back, one at a time on each connection. */
export const echoLoad: Load = nodeLoad("echo-load.ts");

/** Connections over TLS for one request each. */
export function handshakeLoad(sessions: "new" | "resumed"): Load {
  return nodeLoad("handshake-load.ts", sessions);
}

function nodeLoad(file: string, ...more: string[]): Load {
  return async ({ port, host }, { connections, seconds }) => {
    const path = `${import.meta.dirname}/../peers/${file}`;
    const args = ["--disable-warning=ExperimentalWarning", path, port, host, connections, seconds, ...more].map(String);
    const { stdout } = await run(...onCore(1, process.execPath, args));
    return JSON.parse(stdout) as LoadResult;
  };
}
