// Whether services share a worker's CPU by weight: two that spin and one that answers requests, as many as it can. See README.md.

import { TestDaemon } from "../test/support/daemon.ts";
import { ask, keepAliveAgent } from "../test/support/http.ts";
import { printTable } from "./support/figures.ts";
import { Scope } from "./support/scope.ts";
import { target } from "./support/targets.ts";

const seconds = Number(process.env.SECONDS ?? 6);
/** Clients of the one that serves: it always has a request to answer. */
const clients = 4;

await using scope = new Scope();
const daemon = await TestDaemon.start(scope, { workers: 1 });

let worst = 0;
const rows: string[][] = [];
for (const weights of [
  { "spin-a": 100, "spin-b": 100, serve: 100 },
  { "spin-a": 100, "spin-b": 300, serve: 200 },
  { "spin-a": 400, "spin-b": 100, serve: 50 },
]) {
  const names = Object.keys(weights) as (keyof typeof weights)[];
  for (const name of names) await daemon.deploy(name, "c-spin", { limits: { weight: weights[name], request: "10m" } });
  const over = new AbortController();
  const spinners = keepAliveAgent(2);
  const spinning = names
    .slice(0, 2)
    .map((name) => ask(daemon.port, `${name}.localhost`, "/spin?ms=0", { agent: spinners }).catch(() => {}));
  let answered = 0;
  const serving = Array.from({ length: clients }, async () => {
    const agent = keepAliveAgent(1);
    while (!over.signal.aborted) {
      await ask(daemon.port, "serve.localhost", "/spin?ms=3", { agent });
      answered++;
    }
    agent.destroy();
  });
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(500);
  const before = await used(names);
  const from = answered;
  await pause(seconds * 1000);
  const after = await used(names);
  over.abort();
  const requests = answered - from;
  await Promise.all(serving);
  // Their requests end with them.
  spinners.destroy();
  for (const name of names) await daemon.client.deleteService("default", name);
  await Promise.all(spinning);
  const spent = names.map((_, i) => after[i]! - before[i]!);
  const all = spent.reduce((sum, ms) => sum + ms, 0);
  const weight = names.reduce((sum, name) => sum + weights[name], 0);
  for (const [i, name] of names.entries()) {
    const [part, due] = [spent[i]! / all, weights[name] / weight];
    worst = Math.max(worst, Math.abs(part / due - 1));
    const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
    rows.push([name, String(weights[name]), percent(due), percent(part), name === "serve" ? String(requests) : ""]);
  }
}
printTable(["service", "weight", "due", "had", "requests"], rows);
target("the most that one had more or less than its due, in percent", worst * 100, 10, " %");

/** CPU time of each so far, milliseconds. */
async function used(names: readonly string[]): Promise<number[]> {
  const services = await daemon.client.listServices("default");
  return names.map((name) => services.find((service) => service.name === name)!.cpuMs);
}
