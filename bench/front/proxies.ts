// The front before the same native server as nginx, HAProxy and Caddy: each on one core, the load and the server on the other.
import { buildCaddy, startCaddy } from "../support/caddy.ts";
import { makeCertificate } from "../support/certificate.ts";
import { moveToCore } from "../support/cores.ts";
import { findExecutable } from "../support/executable.ts";
import { printTable, ratios, spread, spreadText } from "../support/figures.ts";
import { h2load } from "../support/h2load.ts";
import { startHaproxy } from "../support/haproxy.ts";
import { benchHost, benchHosts } from "../support/hosts.ts";
import { startNativeGo } from "../support/native-go.ts";
import { startNginx } from "../support/nginx.ts";
import { echoLoad, handshakeLoad } from "../support/node-load.ts";
import { startNode } from "../support/peer-process.ts";
import { Scope } from "../support/scope.ts";
import { type Load, type Measured, measureInTurn, type System } from "../support/system.ts";
import { target } from "../support/targets.ts";
import type { Length } from "./length.ts";

const frontPeer = `${import.meta.dirname}/../peers/front-proxy.ts`;
const mebibyte = 2 ** 20;
/** Of the front's CPU time to nginx's. */
const atMost = 1.5;

interface Case {
  readonly name: string;
  readonly load: Load;
  readonly hosts?: number;
  readonly path?: string;
  readonly connections: number;
  /** Clients speak HTTP/2 with prior knowledge. */
  readonly http2?: boolean;
  readonly tls?: boolean;
}

/** One host and many, small bodies and large ones. */
export async function proxies(load: Load, length: Length): Promise<void> {
  const many = [1, 100, 10_000].map((hosts) => ({
    name: `${hosts} of hosts, 150 bytes`,
    load,
    hosts,
    connections: 32,
  }));
  await measureCases([...many, { name: "1 MiB", load, path: `/big?bytes=${mebibyte}`, connections: 8 }], length);
}

export async function withHttp2(length: Length): Promise<void> {
  const path = findExecutable("h2load");
  if (path === undefined) console.log("skipped: h2load is not installed (apt-get install nghttp2-client)");
  else
    await measureCases(
      [{ name: "HTTP/2, 16 streams each", load: h2load(path, 16), connections: 4, http2: true }],
      length,
    );
}

export async function websocket(length: Length): Promise<void> {
  await measureCases([{ name: "WebSocket echo of 32 bytes", load: echoLoad, connections: 32 }], length);
}

/** Handshakes, and requests on connections that are kept. */
export async function overTls(load: Load, length: Length): Promise<void> {
  const handshakes = (["new", "resumed"] as const).map((sessions) => ({
    name: `TLS, ${sessions} session and a request`,
    load: handshakeLoad(sessions),
    connections: 8,
    tls: true,
  }));
  await measureCases([{ name: "TLS, 150 bytes", load, connections: 32, tls: true }, ...handshakes], length);
}

async function measureCases(cases: readonly Case[], length: Length): Promise<void> {
  const go = findExecutable("go");
  if (go === undefined) {
    console.log("skipped: the proxies: the go command is not installed");
    return;
  }
  await using scope = new Scope();
  const native = await startNativeGo(scope, go);
  moveToCore(1, native.pid);
  for (const one of cases) await measureCase(one, length, { go, upstream: native.port });
}

async function measureCase(
  { name, load, hosts: count = 1, path = "/", connections, http2 = false, tls: secure = false }: Case,
  { rounds, seconds }: Length,
  { go, upstream }: { readonly go: string; readonly upstream: number },
): Promise<void> {
  await using scope = new Scope();
  const systems: System[] = [];
  const add = (name: string, { pid, port }: { pid: number; port: number }): System => {
    moveToCore(0, pid);
    const system = { name, port, host: benchHost, path, tls: secure, pids: [pid] };
    systems.push(system);
    return system;
  };
  const tls = secure ? makeCertificate(scope) : undefined;
  const options = { upstream, hosts: benchHosts(count), http2, tls };
  const certificate = tls && { TLS_CHAIN: tls.chain, TLS_KEY: tls.key };
  const front = add(
    "Warren",
    await startNode(scope, frontPeer, { UPSTREAM: String(upstream), HOSTS: String(count), ...certificate }),
  );
  const [nginxPath, haproxyPath] = ["nginx", "haproxy"].map(findExecutable);
  const nginx = nginxPath === undefined ? undefined : add("nginx", await startNginx(scope, nginxPath, options));
  if (nginxPath === undefined) console.log("skipped: nginx is not installed (apt-get install nginx)");
  if (haproxyPath === undefined) console.log("skipped: HAProxy is not installed (apt-get install haproxy)");
  else add("HAProxy", await startHaproxy(scope, haproxyPath, options));
  add("Caddy", await startCaddy(scope, buildCaddy(go), options));
  if (http2) add("node:http2, no proxy", await startNode(scope, `${import.meta.dirname}/../peers/node-http2.ts`));
  // Once to warm up.
  await measureInTurn(load, systems, { rounds: 1, connections, seconds });
  const results = await measureInTurn(load, systems, { rounds, connections, seconds });
  report(`${name}, ${connections} connections`, nginx && results.get(nginx)!, results);
  if (nginx === undefined) return;
  const toNginx = ratios(results.get(front)!.map(cpuOf), results.get(nginx)!.map(cpuOf)).median;
  target(`CPU of the front for a request, × nginx's (${name})`, toNginx, atMost);
}

function cpuOf({ cpu }: Measured): number {
  return cpu;
}

function report(name: string, base: readonly Measured[] | undefined, results: Map<System, Measured[]>): void {
  console.log(`\n${name}\n`);
  const rows = [...results].map(([system, measured]) => [
    system.name,
    spreadText(spread(measured.map(cpuOf)), 1),
    base === undefined ? "" : spreadText(ratios(measured.map(cpuOf), base.map(cpuOf))),
    spread(measured.map(({ perSecond }) => perSecond)).median.toFixed(0),
    spread(measured.map(({ p50 }) => p50)).median.toFixed(0),
    spread(measured.map(({ p99 }) => p99)).median.toFixed(0),
  ]);
  printTable(["", "µs of CPU a request", "× nginx", "requests/s", "p50 µs", "p99 µs"], rows);
  console.log();
}
