// What 50 neighbours in the same worker notice of a hostile guest: the latency of their requests while it attacks, beside the
// latency without it. See README.md.

import { assembleAttack } from "../test/hostile/assemble.ts";
import { attacks } from "../test/hostile/attacks.ts";
import { TestDaemon } from "../test/support/daemon.ts";
import { ask, keepAliveAgent } from "../test/support/http.ts";
import { printTable } from "./support/figures.ts";
import { Scope } from "./support/scope.ts";
import { target } from "./support/targets.ts";

const seconds = Number(process.env.SECONDS ?? 3);
const clients = 4;
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
  // The attack goes on for as long as it is measured, and is ended then.
  const limits = { memory: "128MiB", request: `${seconds + 1}s` };
  await daemon.deployBytes("hostile", assembleAttack(attack), { limits });
  const attacked = ask(daemon.port, "hostile.localhost", "/", { method: "POST" }).catch(() => undefined);
  worst.push(await measure(attack.name));
  await attacked;
  await daemon.client.deleteService("default", "hostile");
}
printTable(["attack", "requests", "p50 ms", "p99 ms", "most ms"], rows);
console.log(`p99 without an attack: ${quiet.toFixed(1)} ms`);
target("the worst p99 of the neighbours", Math.max(...worst), 20, " ms");

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
