// What the table of routes costs with 100,000 of them: to build, to hold, to ask and to change, and what the daemon takes to see
// whose a route is. One thread, no daemon. See README.md.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ServiceSpec } from "../src/control/service.ts";
import { RouteClaims } from "../src/daemon/services/route-claims.ts";
import { type RouteRule, RouteTable } from "../src/net/router.ts";
import type { HttpTarget } from "../src/net/target.ts";
import { printTable } from "./support/figures.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const questions = 200_000;
const listener = "http://0.0.0.0:80";
const nanosecondsMax = 1000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const target: HttpTarget = {
  kind: "stream",
  activity: { requests: 0, active: 0, onIdle: undefined },
  connect: () => {
    throw new Error("nobody connects");
  },
};

interface Shape {
  readonly name: string;
  readonly services: number;
  /** The routes of one service. */
  rules(service: number): Omit<RouteRule, "listener" | "target">[];
  /** A request of one service. */
  asked(service: number, random: number): { host: string; path: string };
}

const shapes: readonly Shape[] = [
  {
    name: "100,000 hosts, one route each",
    services: 100_000,
    rules: (service) => [{ host: `shop-${service}.example.com` }],
    asked: (service) => ({ host: `shop-${service}.example.com`, path: "/a/b/c?d" }),
  },
  {
    name: "1,000 hosts with 100 paths",
    services: 1000,
    rules: (service) =>
      list(100, (index) => ({ host: `shop-${service}.example.com`, path: `/v${index % 10}/p${index}` })),
    asked: (service, random) => {
      const index = Math.floor(random * 100);
      return { host: `shop-${service}.example.com`, path: `/v${index % 10}/p${index}/x/y/z` };
    },
  },
  {
    name: "100,000 wildcards",
    services: 100_000,
    rules: (service) => [{ host: `*.shop-${service}.example.com` }],
    asked: (service) => ({ host: `eu.www.shop-${service}.example.com`, path: "/" }),
  },
  {
    name: "100,000 hosts, a third with methods",
    services: 50_000,
    rules: (service) => [
      { host: `shop-${service}.example.com` },
      service % 3 === 0
        ? { host: `shop-${service}.example.com`, methods: ["POST"] }
        : { host: `shop-${service}.example.com`, path: "/api" },
    ],
    asked: (service) => ({ host: `shop-${service}.example.com`, path: "/api/x" }),
  },
];

function list<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Of this thread, in milliseconds: what others do on the machine is not in it, but for what they do to its caches. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const request = { method: "GET", field: () => undefined };
const rows: string[][] = [];
let missed = false;
for (const shape of shapes) {
  const names = list(shape.services, (service) => `default/s${service}`);
  const all = names.map((_, service) => shape.rules(service).map((rule) => ({ ...rule, listener, target })));
  collect();
  const before = process.memoryUsage().heapUsed;
  const start = cpuMs();
  const table = new RouteTable();
  for (const [service, rules] of all.entries()) table.set(names[service]!, rules);
  const buildMs = cpuMs() - start;
  collect();
  const count = all.reduce((sum, rules) => sum + rules.length, 0);
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  const asked = list(questions, () => shape.asked(Math.floor(Math.random() * shape.services), Math.random()));
  const lookups: number[] = [];
  const changes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = cpuMs();
    for (const { host, path } of asked)
      if (table.match(listener, host, path, false, "192.0.2.1", request) === undefined) throw new Error(host);
    lookups.push(((cpuMs() - from) * 1e6) / questions);
    const changed = cpuMs();
    const changesOfRound = Math.ceil(1_000_000 / all[0]!.length / 10);
    for (let change = 0; change < changesOfRound; change++) {
      const service = change % shape.services;
      table.set(names[service]!, all[service]!);
    }
    changes.push(((cpuMs() - changed) * 1000) / changesOfRound);
  }
  const lookup = median(lookups);
  missed ||= lookup > nanosecondsMax;
  rows.push([
    shape.name,
    `${Math.round(lookup)}${lookup > nanosecondsMax ? " MISSED" : ""}`,
    buildMs.toFixed(0),
    bytes.toFixed(0),
    median(changes).toFixed(1),
  ]);
}
printTable(["routes", "ns a look-up", "ms to build", "bytes a route", "µs to change a service"], rows);

console.log("\nWhose a route is, of 100,000 hosts of 1,000 namespaces (the daemon, at a deploy):");
const claims = new RouteClaims();
const loading = cpuMs();
const specs = list(
  100_000,
  (service): ServiceSpec => ({ name: `s${service}`, route: [{ host: `shop-${service}.example.com` }] }),
);
for (const [service, spec] of specs.entries()) claims.load(`n${service % 1000}`, spec);
const loadMs = cpuMs() - loading;
const hundred: ServiceSpec = {
  name: "new",
  route: list(100, (index) => ({ host: "new.example.com", path: `/p${index}` })),
};
const deploys = 2000;
const deploying = cpuMs();
for (let deploy = 0; deploy < deploys; deploy++) claims.reserve("n1", hundred).keep();
const deployMs = (cpuMs() - deploying) / deploys;
printTable(
  ["", "ms"],
  [
    ["taking 100,000 routes in when the daemon starts", loadMs.toFixed(0)],
    ["a deploy with 100 routes", deployMs.toFixed(2)],
  ],
);
if (missed) process.exitCode = 1;
