// How two processes share a port: by one listening socket, or by one each with SO_REUSEPORT. How evenly connections fall, what they cost,
// and what becomes of them when one process stands still or ends. See docs/decisions.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { boundAddress, listenTcp } from "../src/base/native-socket.ts";
import { cpuMicros } from "./support/cpu-time.ts";
import { printTable } from "./support/figures.ts";
import { freePort } from "./support/ports.ts";
import { Scope } from "./support/scope.ts";

const seconds = Number(process.env.SECONDS ?? 3);
const processes = 2;
const held = 200;

await using scope = new Scope();
const folder = mkdtempSync(join(tmpdir(), "warren-bench-accept-"));
scope.after(() => rmSync(folder, { recursive: true, force: true }));
const load = join(folder, "connect");
execFileSync("cc", ["-O2", join(import.meta.dirname, "streams/connect.c"), "-o", load], { stdio: "inherit" });

class Acceptors {
  readonly children: ChildProcess[] = [];
  readonly port: number;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(how: "shared" | "reuseport"): Promise<Acceptors> {
    const fd = how === "shared" ? listenTcp({ ip: "127.0.0.1", port: 0 }) : undefined;
    const acceptors = new Acceptors(fd === undefined ? await freePort() : boundAddress(fd).port);
    for (let i = 0; i < processes; i++) {
      const child = spawn(
        process.execPath,
        [
          "--disable-warning=ExperimentalWarning",
          join(import.meta.dirname, "peers/accepting.ts"),
          how,
          String(acceptors.port),
        ],
        { stdio: ["pipe", "pipe", "inherit", ...(fd === undefined ? [] : [fd])] },
      );
      scope.after(() => child.kill("SIGKILL"));
      child.stdout!.setEncoding("utf8");
      await once(child.stdout!, "data");
      acceptors.children.push(child);
    }
    if (fd !== undefined) closeSync(fd);
    return acceptors;
  }

  /** How many connections each has taken. */
  async counts(): Promise<number[]> {
    return Promise.all(
      this.children.map(async (child) => {
        child.stdin!.write("\n");
        return Number(await once(child.stdout!, "data"));
      }),
    );
  }

  cpu(): number {
    return cpuMicros(this.children.map(({ pid }) => pid!));
  }

  async churn(connections: number): Promise<{ done: number; late: number; p50: number; p99: number }> {
    const { stdout } = await promisify(execFile)(load, ["churn", this.port, seconds, connections].map(String));
    const [done = 0, late = 0, p50 = 0, p99 = 0] = stdout.split(" ").map(Number);
    return { done, late, p50, p99 };
  }

  end(): void {
    for (const child of this.children) child.kill("SIGKILL");
  }
}

function share(before: number[], after: number[]): string {
  const parts = after.map((count, i) => count - before[i]!);
  const all = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => `${((100 * part) / all).toFixed(0)} %`).join(" : ");
}

const rows: string[][] = [];
for (const how of ["shared", "reuseport"] as const) {
  const acceptors = await Acceptors.start(how);
  await acceptors.churn(32);
  for (const connections of [1, 4, 64]) {
    const [before, cpu] = [await acceptors.counts(), acceptors.cpu()];
    const { done, p50, p99 } = await acceptors.churn(connections);
    const micros = (acceptors.cpu() - cpu) / done;
    rows.push([
      how,
      `${connections} at a time`,
      share(before, await acceptors.counts()),
      micros.toFixed(1),
      (done / seconds).toFixed(0),
      `${p50}, ${p99}`,
      "0",
    ]);
  }
  const before = await acceptors.counts();
  const holder = spawn(load, ["hold", String(acceptors.port), String(held)], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout!, "data");
  let after = await acceptors.counts();
  while (after.reduce((sum, count) => sum + count, 0) - before.reduce((sum, count) => sum + count, 0) < held)
    after = await acceptors.counts();
  rows.push([how, `${held} opened at once and held`, share(before, after), "", "", "", ""]);
  holder.stdin!.end();
  acceptors.children[0]!.kill("SIGSTOP");
  const stuck = await acceptors.churn(64);
  rows.push([
    how,
    "64 at a time, one process stands still",
    "",
    "",
    (stuck.done / seconds).toFixed(0),
    `${stuck.p50}, ${stuck.p99}`,
    String(stuck.late),
  ]);
  acceptors.end();
}
printTable(
  ["", "connections", "taken by each", "µs of CPU each", "a second", "µs p50, p99", "not answered in 1 s"],
  rows,
);
