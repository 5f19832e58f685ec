// The front with guests inside, nginx before the same server as a native program, and node:http; one host among 1,000.
import { TestDaemon } from "../../test/support/daemon.ts";
import { findExecutable } from "../support/executable.ts";
import { printTable, ratios, spread, spreadText } from "../support/figures.ts";
import { benchHost, benchHosts } from "../support/hosts.ts";
import { startNativeGo } from "../support/native-go.ts";
import { startNginx } from "../support/nginx.ts";
import { startNode } from "../support/peer-process.ts";
import { Scope } from "../support/scope.ts";
import { type Load, type Measured, measureInTurn, type System } from "../support/system.ts";
import { target } from "../support/targets.ts";
import type { Length } from "./length.ts";

const routesOfOneService = 100;
const mebibyte = 2 ** 20;

export async function guests(load: Load, { rounds, seconds }: Length): Promise<void> {
  await using scope = new Scope();
  const hosts = benchHosts(1000);
  const systems: System[] = [];
  const go = findExecutable("go");
  const nginx = findExecutable("nginx");

  const daemon = await TestDaemon.start(scope, { workers: 1 });
  for (let from = 1; from < hosts.length; from += routesOfOneService) {
    const route = hosts.slice(from, from + routesOfOneService).map((host) => ({ host }));
    await daemon.deploy(`others-${from}`, "c-hello", { route });
  }
  await daemon.deploy("c", "c-http", { route: [{ host: "c.bench.example.com" }] });
  // Limits that nothing here is over.
  const bounds = { rate: "100000000/s", connections: 10_000 };
  const limits = { ...bounds, client: bounds };
  await daemon.deploy("c-limits", "c-http", { route: [{ host: "limits.bench.example.com" }], limits });
  await daemon.deploy("c-access", "c-http", { route: [{ host: "access.bench.example.com" }], access: {} });
  const pids = daemon.workerPids();

  const goGuest: System = { name: "Warren, Go guest", port: daemon.port, host: benchHost, pids };
  if (go === undefined) console.log("skipped: everything in Go: the go command is not installed");
  else {
    await daemon.deploy("go", "go-http", { route: [{ host: benchHost }] });
    systems.push(goGuest);
  }

  let nginxGo: System | undefined;
  if (nginx === undefined) console.log("skipped: nginx is not installed (apt-get install nginx)");
  else if (go !== undefined) {
    const native = await startNativeGo(scope, go);
    const proxy = await startNginx(scope, nginx, { upstream: native.port, hosts });
    const { port } = proxy;
    nginxGo = {
      name: "nginx proxy_pass, native Go",
      port,
      host: benchHost,
      pids: [proxy.pid, native.pid],
      part: [proxy.pid],
    };
    systems.push(nginxGo);
  }

  const alone = await startNode(scope, `${import.meta.dirname}/../peers/front-alone.ts`);
  const frontAlone: System = { name: "the front alone", port: alone.port, host: benchHost, pids: [alone.pid] };
  const cGuest: System = { name: "Warren, C guest", port: daemon.port, host: "c.bench.example.com", pids };
  const limited: System = { ...cGuest, name: "the same with limits", host: "limits.bench.example.com" };
  const logged: System = { ...cGuest, name: "the same with an access log", host: "access.bench.example.com" };
  const http = await startNode(scope, `${import.meta.dirname}/../peers/node-http.ts`);
  const nodeHttp: System = { name: "node:http, no proxy", port: http.port, host: benchHost, pids: [http.pid] };
  systems.push(frontAlone, cGuest, limited, logged, nodeHttp);

  await measureInTurn(load, systems, { rounds: 1, connections: 32, seconds });
  for (const connections of [32, 1])
    report(connections, nginxGo, frontAlone, await measureInTurn(load, systems, { rounds, connections, seconds }));
  if (nginxGo === undefined) return;
  const large = [goGuest, nginxGo].map((system) => ({ ...system, path: `/big?bytes=${mebibyte}` }));
  const results = await measureInTurn(load, large, { rounds, connections: 8, seconds });
  console.log("\nguests, 1 MiB, 8 connections\n");
  const base = results.get(large[1]!)!.map(({ cpu }) => cpu);
  const rows = [...results].map(([{ name }, measured]) => [
    name,
    spreadText(spread(measured.map(({ cpu }) => cpu)), 0),
    spreadText(
      ratios(
        measured.map(({ cpu }) => cpu),
        base,
      ),
    ),
    spread(measured.map(({ perSecond }) => perSecond)).median.toFixed(0),
  ]);
  printTable(["", "µs of CPU a request", "× nginx + Go", "requests/s"], rows);
}

function report(
  connections: number,
  nginxGo: System | undefined,
  frontAlone: System,
  results: Map<System, Measured[]>,
): void {
  console.log(`\nguests, ${connections === 1 ? "1 connection" : `${connections} connections`}\n`);
  const nginxOwn = nginxGo && results.get(nginxGo)!.map(({ partCpu }) => partCpu);
  const nginxAll = nginxGo && results.get(nginxGo)!.map(({ cpu }) => cpu);
  const rows: string[][] = [];
  const row = (name: string, cpu: number[], measured?: Measured[]): void => {
    rows.push([
      name,
      spreadText(spread(cpu), 1),
      nginxOwn ? spreadText(ratios(cpu, nginxOwn)) : "",
      nginxAll ? spreadText(ratios(cpu, nginxAll)) : "",
      measured ? spread(measured.map(({ perSecond }) => perSecond)).median.toFixed(0) : "",
      measured ? spread(measured.map(({ p50 }) => p50)).median.toFixed(0) : "",
      measured ? spread(measured.map(({ p99 }) => p99)).median.toFixed(0) : "",
    ]);
  };
  for (const [system, measured] of results)
    row(
      system.name,
      measured.map(({ cpu }) => cpu),
      measured,
    );
  if (nginxOwn) row("of this nginx itself", nginxOwn);
  printTable(["", "µs of CPU a request", "× nginx itself", "× nginx + Go", "requests/s", "p50 µs", "p99 µs"], rows);
  console.log();
  if (nginxOwn && connections > 1) {
    const cpu = (system: System): number[] => results.get(system)!.map((measured) => measured.cpu);
    target("CPU of the front for a request, × nginx's", ratios(cpu(frontAlone), nginxOwn).median, 2);
  }
}
