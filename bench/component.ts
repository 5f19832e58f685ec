// What it costs to decode, validate and link components, of which a worker does each once. `node bench/component.ts [COMPONENT…]`, by default
// a component of 10 KB and of 14 MB that are made for it. CPU of one thread; the peer is V8, which only looks for what the core modules import.
import { readFileSync } from "node:fs";
import { decodeComponent } from "../src/component/decode.ts";
import { decodeModules, linkComponent } from "../src/component/link.ts";
import { printTable } from "./support/figures.ts";

const rounds = Number(process.env.ROUNDS ?? 60);

/** Milliseconds of CPU. */
function timed<T>(work: () => T): readonly [result: T, ms: number] {
  const start = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(start);
  return [result, (user + system) / 1000];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const rows: string[][] = [];
for (const path of process.argv.slice(2)) {
  const bytes = new Uint8Array(readFileSync(path));
  const times = { decode: [] as number[], modules: [] as number[], link: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const [component, decode] = timed(() => decodeComponent(bytes));
    const [modules, decodeModulesMs] = timed(() => decodeModules(component));
    const [, link] = timed(() => linkComponent(component, modules));
    times.decode.push(decode);
    times.modules.push(decodeModulesMs);
    times.link.push(link);
  }
  const cell = (values: readonly number[]) => `${values[0]!.toFixed(1)} / ${median(values).toFixed(2)} ms`;
  rows.push([
    path.split("/").at(-1)!,
    bytes.length >= 1e6 ? `${(bytes.length / 1e6).toFixed(1)} MB` : `${(bytes.length / 1e3).toFixed(0)} KB`,
    cell(times.decode),
    cell(times.modules),
    cell(times.link),
  ]);
}
printTable(["", "size", "decode, first / median", "core modules", "link"], rows);
