import { join } from "node:path";
import { findJco } from "../../src/cli/build/jco.ts";
import { childrenOf, startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

/** `jco serve` as it comes: one instance for all requests, so that what one leaves behind the next one finds. */
export async function startJco(scope: Scope, component: string): Promise<{ pids: number[]; port: number } | undefined> {
  const jco = findJco(import.meta.dirname);
  if (jco === undefined) return undefined;
  const port = await freePort();
  const args = [join(jco.folder, "dist/jco.js"), "serve", component, "--host", "127.0.0.1", "--port", String(port)];
  const child = startProcess(scope, process.execPath, args);
  await untilConnects(port, 60_000);
  return { pids: [child.pid!, ...childrenOf(child.pid!)], port };
}
