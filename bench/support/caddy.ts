import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProxyOptions } from "./nginx.ts";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

const version = "v2.10.2";
const folder = join(tmpdir(), `warren-bench-caddy-${version}`);

/** Builds Caddy from Go's module proxy, once on a machine: its path. */
export function buildCaddy(go: string): string {
  const program = join(folder, "caddy");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  console.error(`building Caddy ${version}, once`);
  execFileSync(go, ["install", `github.com/caddyserver/caddy/v2/cmd/caddy@${version}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: ["ignore", "inherit", "ignore"],
  });
  return program;
}

/** Caddy before an upstream, for many hosts, with one thread that runs Go. */
export async function startCaddy(
  scope: Scope,
  path: string,
  { upstream, hosts, tls }: ProxyOptions,
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "warren-bench-caddy-"));
  scope.after(() => rmSync(home, { recursive: true, force: true }));
  const config = join(home, "caddy.json");
  const reverse = {
    handler: "reverse_proxy",
    upstreams: [{ dial: `127.0.0.1:${upstream}` }],
    transport: { protocol: "http", keep_alive: { max_idle_conns_per_host: 64 } },
  };
  const server = {
    listen: [`127.0.0.1:${port}`],
    automatic_https: { disable: true },
    protocols: ["h1", "h2c"],
    ...(tls === undefined ? {} : { tls_connection_policies: [{ fallback_sni: hosts[0] }] }),
    routes: [{ match: [{ host: hosts }], handle: [reverse] }],
  };
  const logging = { logs: { default: { level: "ERROR" } } };
  const certificates = { load_files: tls === undefined ? [] : [{ certificate: tls.chain, key: tls.key }] };
  const apps = { http: { servers: { server } }, tls: { certificates } };
  writeFileSync(config, JSON.stringify({ admin: { disabled: true }, logging, apps }));
  const child = startProcess(scope, path, ["run", "--config", config], {
    HOME: home,
    GOMAXPROCS: "1",
    XDG_CONFIG_HOME: home,
    XDG_DATA_HOME: home,
  });
  await untilConnects(port);
  return { pid: child.pid!, port };
}
