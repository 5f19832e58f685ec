// The front before the same native server as nginx, HAProxy and Caddy: each on one core, the load and the server on the other.
import { buildCaddy, startCaddy } from "../support/caddy.ts";
import { moveToCore } from "../support/cores.ts";
import { findExecutable } from "../support/executable.ts";
import { printTable, ratios, spread, spreadText } from "../support/figures.ts";
import { startHaproxy } from "../support/haproxy.ts";
import { benchHost, benchHosts } from "../support/hosts.ts";
import { startNativeGo } from "../support/native-go.ts";
import { startNginx } from "../support/nginx.ts";
import { startNode } from "../support/peer-process.ts";
import { Scope } from "../support/scope.ts";
import { type Measured, measureInTurn, type System } from "../support/system.ts";
import { target } from "../support/targets.ts";
import type { Length } from "./length.ts";

const frontPeer = `${import.meta.dirname}/../peers/front-proxy.ts`;
const mebibyte = 2 ** 20;
/** Of the front's CPU time to nginx's. */
const atMost = 1.5;

interface Case {
  readonly name: string;
  readonly hosts: number;
  readonly path: string;
  readonly connections: number;
}

const cases: readonly Case[] = [
  ...[1, 100, 10_000].map((hosts) => ({
    name: `${hosts} ${hosts === 1 ? "host" : "hosts"}, 150 bytes`,
    hosts,
    path: "/",
    connections: 32,
  })),
  { name: "1 host, 1 MiB", hosts: 1, path: `/big?bytes=${mebibyte}`, connections: 8 },
];

export async function proxies(wrk: string, length: Length): Promise<void> {
  const go = findExecutable("go");
  if (go === undefined) {
    console.log("skipped: the proxies: the go command is not installed");
    return;
  }
  await using scope = new Scope();
  const native = await startNativeGo(scope, go);
  moveToCore(1, native.pid);
  for (const one of cases) await measureCase(wrk, one, length, { go, upstream: native.port });
}

async function measureCase(
  wrk: string,
  { name, hosts: count, path, connections }: Case,
  { rounds, seconds }: Length,
  { go, upstream }: { readonly go: string; readonly upstream: number },
): Promise<void> {
  await using scope = new Scope();
  const systems: System[] = [];
  const add = (name: string, { pid, port }: { pid: number; port: number }): System => {
    moveToCore(0, pid);
    const system = { name, port, host: benchHost, path, pids: [pid] };
    systems.push(system);
    return system;
  };
  const hosts = benchHosts(count);
  const front = add("Warren", await startNode(scope, frontPeer, { UPSTREAM: String(upstream), HOSTS: String(count) }));
  const [nginxPath, haproxyPath] = ["nginx", "haproxy"].map(findExecutable);
  const nginx =
    nginxPath === undefined ? undefined : add("nginx", await startNginx(scope, nginxPath, { upstream, hosts }));
  if (nginxPath === undefined) console.log("skipped: nginx is not installed (apt-get install nginx)");
  if (haproxyPath === undefined) console.log("skipped: HAProxy is not installed (apt-get install haproxy)");
  else add("HAProxy", await startHaproxy(scope, haproxyPath, { upstream, hosts }));
  add("Caddy", await startCaddy(scope, buildCaddy(go), { upstream, hosts }));
  // Once to warm up.
  await measureInTurn(wrk, systems, { rounds: 1, connections, seconds });
  const results = await measureInTurn(wrk, systems, { rounds, connections, seconds });
  report(`${name}, ${connections} connections`, nginx && results.get(nginx)!, results);
  if (nginx !== undefined)
    target(
      `CPU of the front for a request, × nginx's (${name})`,
      ratio(results.get(front)!, results.get(nginx)!),
      atMost,
    );
}

function ratio(measured: readonly Measured[], base: readonly Measured[]): number {
  return ratios(measured.map(cpuOf), base.map(cpuOf)).median;
}

function cpuOf({ cpu }: Measured): number {
  return cpu;
}

function report(name: string, base: readonly Measured[] | undefined, results: Map<System, Measured[]>): void {
  console.log(`\nproxies, ${name}\n`);
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
