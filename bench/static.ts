// CPU time of a request for a static file: Warren and nginx, one worker each, the same directory. See README.md.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestDaemon } from "../test/support/daemon.ts";
import { findExecutable } from "./support/executable.ts";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { startNginxStatic } from "./support/nginx-static.ts";
import { Scope } from "./support/scope.ts";
import { measureInTurn, type System } from "./support/system.ts";
import { wrkLoad } from "./support/wrk.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 2);
const host = "static.bench.example.com";

const wrk = findExecutable("wrk");
const nginx = findExecutable("nginx");
if (wrk === undefined || nginx === undefined) {
  console.log("skipped: wrk and nginx are needed (apt-get install wrk nginx)");
  process.exit();
}

await using scope = new Scope();
const root = mkdtempSync(join(tmpdir(), "warren-bench-static-"));
scope.after(() => rmSync(root, { recursive: true, force: true }));
// Workers run as a user of their own where root starts them.
chmodSync(root, 0o755);
// One that has no compressed copy but could, as most scripts have not, and one that nobody compresses.
const files: readonly [name: string, bytes: number][] = [
  ["small.js", 1024],
  ["small.bin", 1024],
  ["large.bin", 1024 * 1024],
];
for (const [name, bytes] of files) writeFileSync(join(root, name), Buffer.alloc(bytes, "0123456789abcdef"));

const daemon = await TestDaemon.start(scope, { workers: 1 });
await daemon.client.putService("default", { name: "site", route: [{ host, static: root }] });
// The worker that had no right to the directory goes.
while (daemon.workerPids().length > 1) await new Promise((resolve) => setTimeout(resolve, 50));
const peer = await startNginxStatic(scope, nginx, { root, host });

const rows: string[][] = [];
for (const [name] of files) {
  const path = `/${name}`;
  const warren: System = { name: "Warren", port: daemon.port, host, path, pids: daemon.workerPids() };
  const other: System = { name: "nginx", port: peer.port, host, path, pids: [peer.pid] };
  const load = wrkLoad(wrk);
  await measureInTurn(load, [warren, other], { rounds: 1, connections: 32, seconds: 1 });
  const results = await measureInTurn(load, [warren, other], { rounds, connections: 32, seconds });
  const base = results.get(other)!.map(({ cpu }) => cpu);
  for (const [system, measured] of results) {
    const cpu = measured.map((one) => one.cpu);
    rows.push([
      `${name}, ${system.name}`,
      spreadText(spread(cpu), 1),
      spreadText(ratios(cpu, base)),
      spread(measured.map(({ perSecond }) => perSecond)).median.toFixed(0),
      spread(measured.map(({ p99 }) => p99)).median.toFixed(0),
    ]);
  }
}
console.log(`\n32 connections, ${rounds} rounds of ${seconds} s\n`);
printTable(["", "µs of CPU a request", "× nginx", "requests/s", "p99 µs"], rows);
