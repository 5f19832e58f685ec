// What a small handler's calls cost by our generated code, by jco's and by glue written by hand, each in turn. See README.md.

import { ComponentCode, instantiateComponent } from "../src/component/abi/component-code.ts";
import { componentOf, jcoInstance } from "../src/component/abi/testdata/jco.ts";
import { decodeComponent } from "../src/component/decode.ts";
import { decodeModules, linkComponent } from "../src/component/link.ts";
import { wat } from "../src/wasm/rewrite/testdata/wat.ts";
import { handWritten } from "./abi/hand-written.ts";
import { callsEach, module, wit } from "./abi/hello-guest.ts";
import { classes, functions, JcoOutparam, Outparam, Request } from "./abi/hello-host.ts";
import { printTable } from "./support/figures.ts";

const rounds = Number(process.env.ROUNDS ?? 9);
const runs = Number(process.env.RUNS ?? 20_000);

const component = await componentOf(module, wit);
const decoded = decodeComponent(component);
const plan = linkComponent(decoded, decodeModules(decoded));
const core = plan.modules.map(({ start, end }) => new WebAssembly.Module(component.slice(start, end)));

/** How long it takes until there is source, in a process that has done it before. */
function generate(): number {
  const start = performance.now();
  new ComponentCode(plan, { name: "bench", blocks: () => false, preemptive: false });
  return performance.now() - start;
}

async function ours(blocks: (name: string) => boolean, suspends: boolean, marked = false) {
  const cards = new Uint8Array(65_536);
  const code = new ComponentCode(plan, { name: "bench", blocks: ({ name }) => blocks(name), preemptive: false });
  const instance = await instantiateComponent(code, {
    instantiate: (index, imports) =>
      new WebAssembly.Instance(core[plan.coreInstances[index]!.module]!, imports).exports,
    initialize() {},
    hostFunction: (_, name) => functions[name] ?? (() => {}),
    enter() {},
    cards: () => (marked ? cards : undefined),
  });
  instance.suspends = suspends;
  return async () => {
    const out = new Outparam();
    await instance.call("bench:hello/handler", "handle", [new Request(), out]);
    if (out.response === undefined || instance.handles !== 0) throw new Error("it did not answer");
  };
}

const theirs = await jcoInstance(component, { "bench:hello/types": classes });
const byHand = handWritten(new WebAssembly.Module(new Uint8Array(await wat(module))));

// Of a pool: V8 optimizes for all of them then, not for the one.
const pool = await Promise.all(Array.from({ length: 8 }, () => ours(() => false, false, true)));
let turn = 0;

const contenders: Readonly<Record<string, () => unknown>> = {
  "by hand": () => {
    const out = new Outparam();
    byHand(new Request(), out);
    if (out.response === undefined) throw new Error("it did not answer");
  },
  ours: await ours(() => false, false),
  "ours, marked": await ours(() => false, false, true),
  "ours, marked, eight instances in turn": () => pool[turn++ % pool.length]!(),
  "ours, entered so that it can be suspended": await ours(() => false, true),
  "ours, one call suspending": await ours((name) => name.includes("blocking"), true),
  jco: () => {
    const out = new JcoOutparam();
    theirs["bench:hello/handler"]!.handle(new classes.Request(), out);
    if (out.response === undefined) throw new Error("it did not answer");
  },
};

const generation = Array.from({ length: 20 }, generate);
const figures = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++)
  for (const [name, run] of Object.entries(contenders)) {
    const count = name === "jco" ? runs / 20 : runs;
    const start = process.threadCpuUsage();
    for (let index = 0; index < count; index++) {
      const result = run();
      if (result instanceof Promise) await result;
    }
    const { user, system } = process.threadCpuUsage(start);
    // The first round warms up.
    if (round > 0) figures.get(name)!.push((user + system) / count);
  }

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const ratios = (name: string, to: string): string => {
  const all = figures.get(name)!.map((value, round) => value / figures.get(to)![round]!);
  return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)}..${Math.max(...all).toFixed(2)})`;
};
printTable(
  [`${callsEach} calls of the host`, "µs of CPU", "× by hand", "× jco"],
  Object.keys(contenders).map((name) => [
    name,
    median(figures.get(name)!).toFixed(2),
    ratios(name, "by hand"),
    ratios(name, "jco"),
  ]),
);
console.log(`generating the code: ${generation[0]!.toFixed(1)} ms at first, then ${median(generation).toFixed(1)} ms`);
if (median(figures.get("ours")!) > 3 * median(figures.get("by hand")!)) {
  console.log("MISSED: three times what it costs by hand");
  process.exitCode = 1;
}
