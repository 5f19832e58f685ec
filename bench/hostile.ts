// What 50 neighbours in the same worker notice of a hostile guest: the latency of their requests while it attacks, beside the
// latency without it. Names of attacks, or parts of them, as arguments: only these. See README.md.

import { assembleAttack } from "../test/hostile/assemble.ts";
import { attacks } from "../test/hostile/attacks.ts";
import { TestDaemon } from "../test/support/daemon.ts";
import { ask, keepAliveAgent } from "../test/support/http.ts";
import { printTable } from "./support/figures.ts";
import { Scope } from "./support/scope.ts";
import { target } from "./support/targets.ts";

const seconds = Number(process.env.SECONDS ?? 3);
const chosen = process.argv.slice(2);
const clients = 4;
/** Between two attacks of a guest that ended: it may be started again meanwhile. */
const pauseMs = 50;
const neighbours = Array.from({ length: 50 }, (_, i) => `calm-${i}.localhost`);

await using scope = new Scope();
const daemon = await TestDaemon.start(scope, { workers: 1 });
for (const host of neighbours) await daemon.deploy(host.replace(".localhost", ""), "c-hello");

const rows: string[][] = [];
await measure("nobody");
const quiet = await measure("nobody");
const worst: number[] = [];
for (const attack of attacks) {
  if (attack.refused !== undefined) continue;
  if (chosen.length > 0 && !chosen.some((part) => attack.name.includes(part))) continue;
  // The attack goes on for as long as it is measured, and is ended then.
  const limits = { memory: attack.memory ?? "128MiB", request: `${seconds + 1}s` };
  const program = assembleAttack(attack);
  const names = Array.from({ length: attack.services ?? 1 }, (_, i) => `hostile-${i}`);
  for (const name of names) await daemon.deployBytes(name, program, { limits });
  const over = new AbortController();
  const attacked = names.map((name) => attackOn(`${name}.localhost`, over.signal));
  worst.push(await measure(attack.name));
  over.abort();
  await Promise.all(attacked);
  for (const name of names) await daemon.client.deleteService("default", name);
}
printTable(["attack", "requests", "p50 ms", "p99 ms", "most ms"], rows);
console.log(`p99 without an attack: ${quiet.toFixed(1)} ms`);
target("the worst p99 of the neighbours", Math.max(...worst), 20, " ms");

/** Sets a guest off, and again when it ended before its time. */
async function attackOn(host: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await ask(daemon.port, host, "/", { method: "POST" }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Keeps a steady load on the neighbours, notes its latencies and gives their 99th percentile. */
async function measure(name: string): Promise<number> {
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const agent = keepAliveAgent(1);
      for (let i = client; performance.now() < until; i += clients) {
        const began = performance.now();
        const { status } = await ask(daemon.port, neighbours[i % neighbours.length]!, "/", { agent });
        if (status !== 200) throw new Error(`${name}: a neighbour answered ${status}`);
        times.push(performance.now() - began);
        // A steady load, not as much as it takes: that would measure throughput.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      agent.destroy();
    }),
  );
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))]!;
  rows.push([name, String(times.length), at(0.5).toFixed(1), at(0.99).toFixed(1), times.at(-1)!.toFixed(1)]);
  return at(0.99);
}
