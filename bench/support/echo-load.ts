import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { onCore } from "./cores.ts";
import type { Load, LoadResult } from "./system.ts";

const run = promisify(execFile);

/** Loads with WebSocket messages of 32 bytes that come back, one at a time on each connection. */
export const echoLoad: Load = async ({ port, host }, { connections, seconds }) => {
  const args = [`${import.meta.dirname}/../peers/echo-load.ts`, port, host, connections, seconds].map(String);
  const { stdout } = await run(...onCore(1, process.execPath, ["--disable-warning=ExperimentalWarning", ...args]));
  return JSON.parse(stdout) as LoadResult;
};
