// One TCP connection of a guest against the same program built for this machine: a stream each way, and echo round trips. See
// README.md.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { startProcess } from "./support/peer-process.ts";
import { Scope } from "./support/scope.ts";

const rounds = Number(process.env.ROUNDS ?? 7);
const clang = process.env.CLANG ?? "clang-19";
const source = join(import.meta.dirname, "sockets/peer.c");
const guest = join(import.meta.dirname, "sockets/guest.ts");

const works = [
  { name: "send 512 MiB", args: ["send", 2 ** 29] },
  { name: "receive 512 MiB", args: ["receive", 2 ** 29] },
  { name: "20,000 echoes of 64 bytes", args: ["echo", 20_000] },
] as const;

await using scope = new Scope();
const folder = mkdtempSync(join(tmpdir(), "warren-bench-sockets-"));
scope.after(() => rmSync(folder, { recursive: true, force: true }));
const native = join(folder, "peer");
const module = join(folder, "peer.wasm");
execFileSync(clang, ["-O2", source, "-o", native], { stdio: "inherit" });
execFileSync(clang, ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", source, "-o", module], { stdio: "inherit" });

const server = startProcess(scope, native, ["serve"]);
let port = "";
for await (const line of createInterface({ input: server.stdout! })) {
  port = line;
  break;
}

/** Milliseconds of wall and of CPU time. */
function measure(command: string, args: readonly string[]): [wall: number, cpu: number] {
  const [wall = 0, cpu = 0] = execFileSync(command, args, { encoding: "utf8" }).split(" ").map(Number);
  return [wall / 1e6, cpu / 1e6];
}

const rows: string[][] = [];
for (const { name, args } of works) {
  const [how, amount] = args.map(String) as [string, string];
  const times = { native: [] as number[], nativeCpu: [] as number[], guest: [] as number[], guestCpu: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const [wall, cpu] = measure(native, [how, port, amount]);
    times.native.push(wall);
    times.nativeCpu.push(cpu);
    const ours = measure(process.execPath, [
      "--disable-warning=ExperimentalWarning",
      guest,
      module,
      port,
      how,
      port,
      amount,
    ]);
    times.guest.push(ours[0]);
    times.guestCpu.push(ours[1]);
  }
  rows.push([
    name,
    spreadText(spread(times.native), 0),
    spreadText(spread(times.guest), 0),
    spreadText(ratios(times.guest, times.native)),
    spreadText(ratios(times.guestCpu, times.nativeCpu)),
  ]);
}
printTable(["one connection", "native ms", "guest ms", "× native", "× native, CPU"], rows);
