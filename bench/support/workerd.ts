import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { npmPeer } from "./npm-peer.ts";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

const version = "1.20261117.1";

/** workerd's binary from npm, or undefined where npm has none for this machine. */
export function findWorkerd(): string | undefined {
  const folder = npmPeer("workerd", version);
  const platform = `workerd-${process.platform}-${process.arch === "x64" ? "64" : process.arch}`;
  const path = join(dirname(folder), "@cloudflare", platform, "bin/workerd");
  return existsSync(path) ? path : undefined;
}

/** workerd with an app whose default export has `fetch`. One isolate answers all requests: nothing is reset between them. */
export async function startWorkerd(
  scope: Scope,
  workerd: string,
  entry: string,
): Promise<{ pid: number; port: number }> {
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-workerd-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    outfile: join(folder, "app.js"),
    logLevel: "error",
  });
  const port = await freePort();
  const config = join(folder, "config.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "app", worker = .app) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "app") ]
);
const app :Workerd.Worker = (
  modules = [ (name = "app.js", esModule = embed "app.js") ],
  compatibilityDate = "2026-01-01"
);
`,
  );
  const child = startProcess(scope, workerd, ["serve", config]);
  await untilConnects(port);
  return { pid: child.pid!, port };
}
