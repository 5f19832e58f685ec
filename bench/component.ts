// What reading a component costs: decoding it, decoding its core modules, validating and linking. A worker does it once for each. CPU time, in
// batches, since the clock of a thread is coarse; the peer is V8, which validates the same core modules and does nothing else.
// `node bench/component.ts [COMPONENT…]`, by default the handlers in C and TypeScript of examples/.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildExample } from "../src/cli/demo/build-example.ts";
import { decodeComponent } from "../src/component/decode.ts";
import { decodeModules, linkComponent } from "../src/component/link.ts";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";

const rounds = Number(process.env.ROUNDS ?? 9);
const batchMsMin = 40;

/** Milliseconds of CPU of one call. */
function batch(work: () => void): number {
  const start = process.cpuUsage();
  for (let count = 1; ; count++) {
    work();
    const { user, system } = process.cpuUsage(start);
    if (user + system >= batchMsMin * 1000) return (user + system) / 1000 / count;
  }
}

async function examples(): Promise<string[]> {
  const paths: string[] = [];
  for (const name of ["c-handler", "typescript-handler"]) {
    try {
      paths.push((await buildExample(join(import.meta.dirname, "../examples", name))).program);
    } catch (error) {
      console.log(`skipped: ${name}: ${(error as Error).message}`);
    }
  }
  return paths;
}

const given = process.argv.slice(2);
const rows: string[][] = [];
for (const path of given.length > 0 ? given : await examples()) {
  if (!existsSync(path)) throw new Error(`no such file: ${path}`);
  const bytes = new Uint8Array(readFileSync(path));
  const start = process.cpuUsage();
  const component = decodeComponent(bytes);
  const modules = decodeModules(component);
  linkComponent(component, modules);
  const firstUsage = process.cpuUsage(start);
  const first = (firstUsage.user + firstUsage.system) / 1000;
  const cores = component.modules.map(({ start, end }) => new Uint8Array(bytes.subarray(start, end)));
  const work = {
    decode: () => void decodeComponent(bytes),
    modules: () => void decodeModules(component),
    link: () => void linkComponent(component, modules),
    v8: () => {
      for (const core of cores) WebAssembly.validate(core);
    },
  };
  const times: Record<keyof typeof work, number[]> = { decode: [], modules: [], link: [], v8: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(times) as (keyof typeof work)[]) times[name].push(batch(work[name]));
  }
  const all = times.decode.map((ms, round) => ms + times.modules[round]! + times.link[round]!);
  rows.push([
    path.split("/").at(-1)!,
    bytes.length >= 1e6 ? `${(bytes.length / 1e6).toFixed(1)} MB` : `${(bytes.length / 1e3).toFixed(0)} KB`,
    `${first.toFixed(1)} ms`,
    ...[times.decode, times.modules, times.link, all].map((values) => `${spreadText(spread(values))} ms`),
    spreadText(ratios(all, times.v8)),
  ]);
}
printTable(
  ["", "size", "first", "decode", "core modules", "validate and link", "in all", "ratio to V8's validation"],
  rows,
);
