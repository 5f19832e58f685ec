// CPU time of bytes and datagrams that pass: Warren's front alone and with a C guest, haproxy and nginx before the same echo server as a
// native program. See README.md.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { TestDaemon } from "../test/support/daemon.ts";
import { cpuMicros } from "./support/cpu-time.ts";
import { findExecutable } from "./support/executable.ts";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { startProcess } from "./support/peer-process.ts";
import { freePort } from "./support/ports.ts";
import { Scope } from "./support/scope.ts";
import { startHaproxy, startNginxStream } from "./support/stream-proxies.ts";
import { target } from "./support/targets.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 1.5);
const only = process.argv.slice(2);
const nginxModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
const haproxyTarget = 1.2;

interface System {
  readonly name: string;
  readonly pids: readonly number[];
  readonly port: number;
}

interface Load {
  readonly name: string;
  readonly kind: "tcp" | "ws" | "udp";
  readonly connections: number;
  readonly write: number;
  readonly window: number;
}

const loads: readonly Load[] = [
  {
    name: "TCP, writes of 64 KiB, 256 KiB on their way, 4 connections",
    kind: "tcp",
    connections: 4,
    write: 65_536,
    window: 262_144,
  },
  {
    name: "TCP, writes of 1 KiB, 16 KiB on their way, 32 connections",
    kind: "tcp",
    connections: 32,
    write: 1024,
    window: 16_384,
  },
  { name: "TCP, 100 bytes to and fro, 32 connections", kind: "tcp", connections: 32, write: 100, window: 100 },
  { name: "WebSocket, 100 bytes to and fro, 32 connections", kind: "ws", connections: 32, write: 100, window: 100 },
  { name: "UDP, 100 bytes to and fro, 32 senders", kind: "udp", connections: 32, write: 100, window: 100 },
  { name: "UDP, 1200 bytes, 8 on their way, 8 senders", kind: "udp", connections: 8, write: 1200, window: 9600 },
].filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part))) as Load[];

await using scope = new Scope();
const folder = mkdtempSync(join(tmpdir(), "warren-bench-streams-"));
scope.after(() => rmSync(folder, { recursive: true, force: true }));
const [load, echo] = ["load", "echo"].map((name) => {
  const program = join(folder, name);
  const source = join(import.meta.dirname, "streams", `${name}.c`);
  execFileSync("cc", ["-O2", source, "-o", program], { stdio: "inherit" });
  return program;
}) as [string, string];

async function firstLine(command: string, args: readonly string[]): Promise<{ pid: number; numbers: number[] }> {
  const child = startProcess(scope, command, args);
  for await (const line of createInterface({ input: child.stdout! }))
    return { pid: child.pid!, numbers: line.split(" ").map(Number) };
  throw new Error(`${command} ended at once`);
}

const native = await firstLine(echo, []);
const upstream = native.numbers[0]!;
const alone = await firstLine(process.execPath, [
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "peers/streams-alone.ts"),
]);
const daemon = await TestDaemon.start(scope, { workers: 1 });
const [tcpPort, udpPort] = [await freePort(), await freePort()];
await daemon.deploy("tcp", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${tcpPort}` }] });
await daemon.deploy("udp", "udp-echo", { route: [{ listen: `udp://127.0.0.1:${udpPort}`, replies: "unbounded" }] });
const [aloneTcp, aloneWs, aloneUdp] = alone.numbers as [number, number, number];
const frontPorts = { tcp: aloneTcp, ws: aloneWs, udp: aloneUdp };

const haproxyPath = findExecutable("haproxy");
const nginxPath = findExecutable("nginx");
const haproxy = haproxyPath && (await startHaproxy(scope, haproxyPath, upstream, false));
const splicing = haproxyPath && (await startHaproxy(scope, haproxyPath, upstream, true));
const nginx =
  nginxPath && existsSync(nginxModule) ? await startNginxStream(scope, nginxPath, nginxModule, upstream) : undefined;
if (!haproxy) console.log("skipped: haproxy is not installed (apt-get install haproxy)");
if (!nginx) console.log("skipped: nginx's streams are not installed (apt-get install nginx libnginx-mod-stream)");

function systems(kind: Load["kind"]): System[] {
  const all: System[] = [{ name: "the front alone", pids: [alone.pid], port: frontPorts[kind] }];
  if (kind !== "ws")
    all.push({
      name: "Warren, guest",
      pids: daemon.workerPids(),
      port: kind === "tcp" ? tcpPort : udpPort,
    });
  if (haproxy && kind !== "udp") {
    all.push({ name: "haproxy", pids: [haproxy.pid], port: haproxy[kind] });
    all.push({ name: "haproxy + echo", pids: [haproxy.pid, native.pid], port: haproxy[kind] });
  }
  if (splicing && kind === "tcp") all.push({ name: "haproxy, splicing", pids: [splicing.pid], port: splicing.tcp });
  if (nginx) {
    const port = nginx[kind]!;
    all.push({ name: "nginx", pids: [nginx.pid], port });
    all.push({ name: "nginx + echo", pids: [nginx.pid, native.pid], port });
  }
  return all;
}

interface Measured {
  /** CPU time of one write, there and back, in microseconds. */
  readonly cpu: number;
  readonly perSecond: number;
}

async function measure({ pids, port }: System, { kind, connections, write, window }: Load): Promise<Measured> {
  const before = cpuMicros(pids);
  const args = [kind, port, seconds, connections, write, window].map(String);
  const { stdout } = await promisify(execFile)(load, args);
  const writes = Number(stdout) / write;
  return { cpu: (cpuMicros(pids) - before) / writes, perSecond: writes / seconds };
}

for (const one of loads) {
  const all = systems(one.kind);
  const results = new Map<string, Measured[]>(all.map(({ name }) => [name, []]));
  for (const system of all) await measure(system, one);
  for (let round = 0; round < rounds; round++)
    for (const system of all) results.get(system.name)!.push(await measure(system, one));
  const cpu = (name: string): number[] => results.get(name)?.map((measured) => measured.cpu) ?? [];
  const peer = one.kind === "udp" ? "nginx" : "haproxy";
  const against = (values: number[], base: string): string =>
    cpu(base).length === 0 ? "" : spreadText(ratios(values, cpu(base)));
  console.log(`\n${one.name}\n`);
  printTable(
    ["", "µs of CPU a write", `× ${peer}`, `× ${peer} + echo`, "writes/s", "MB/s"],
    [...results].map(([name, measured]) => {
      const perSecond = spread(measured.map((one_) => one_.perSecond)).median;
      return [
        name,
        spreadText(spread(cpu(name)), 2),
        against(cpu(name), peer),
        against(cpu(name), `${peer} + echo`),
        perSecond.toFixed(0),
        ((perSecond * one.write) / 1e6).toFixed(0),
      ];
    }),
  );
  console.log();
  if (cpu(peer).length > 0)
    target(
      `CPU of the front, × ${peer}'s: ${one.name}`,
      ratios(cpu("the front alone"), cpu(peer)).median,
      haproxyTarget,
    );
}
