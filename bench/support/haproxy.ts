import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProxyOptions } from "./nginx.ts";
import { startProcess } from "./peer-process.ts";
import { freePort, untilConnects } from "./ports.ts";
import type { Scope } from "./scope.ts";

/** HAProxy with one thread before an upstream, for many hosts. */
export async function startHaproxy(
  scope: Scope,
  path: string,
  { upstream, hosts, http2, tls }: ProxyOptions,
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-haproxy-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const [config, list] = [join(folder, "haproxy.cfg"), join(folder, "hosts.lst")];
  writeFileSync(list, `${hosts.join("\n")}\n`);
  const more = `${http2 ? " proto h2" : ""}${tls === undefined ? "" : ` ssl crt ${tls.both}`}`;
  writeFileSync(config, configuration(port, upstream, list, more));
  const child = startProcess(scope, path, ["-db", "-f", config]);
  await untilConnects(port);
  return { pid: child.pid!, port };
}

function configuration(port: number, upstream: number, list: string, more: string): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 300s
  http-reuse always
frontend clients
  bind 127.0.0.1:${port}${more}
  http-request deny deny_status 404 unless { req.hdr(host) -i -f ${list} }
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend guest
backend guest
  server guest 127.0.0.1:${upstream}
`;
}
