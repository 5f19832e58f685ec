// Calls everything that a module exports, plain and rewritten, and compares what can be seen.

import { type Pick, seeded } from "../../../base/testdata/random.ts";
import { capsDefault, type ModuleCaps } from "../../caps.ts";
import { decodeModule } from "../../decode.ts";
import { functionType, type ModuleInfo, type ValueType } from "../../module-info.ts";
import { type RewriteOptions, rewriteModule } from "../rewrite.ts";
import { cell, instantiate, jspi } from "./preemption.ts";

export interface Comparison {
  readonly calls: number;
  readonly traps: number;
  readonly ticks: number;
  readonly yields: number;
  /** Empty: the same. */
  readonly difference: string;
}

type World = Record<string, unknown>;

/** Generated modules may have more of something than a service may. */
export const generatedCaps: ModuleCaps = { ...capsDefault, memories: 100, tables: 100, tableEntries: 10_000_000 };

/** `imports` is called once for each world, `options` are those of the rewriter. */
export async function compare(
  bytes: Uint8Array,
  seed: number,
  imports: (log: (text: string) => void) => WebAssembly.Imports,
  options: RewriteOptions = {},
): Promise<Comparison> {
  const info = decodeModule(bytes, generatedCaps);
  const rewritten = rewriteModule(info, options);
  const random = seeded(seed);
  const chance = seeded(seed + 1);
  const counts = { calls: 0, traps: 0, ticks: 0, yields: 0 };
  const plainLog: string[] = [];
  const cutLog: string[] = [];
  let suspends = false;
  // A raised cell at each check, at some, or at none.
  const raise = () => {
    cell[0] = chance(3) === 0 ? 0 : 1;
  };
  const tick = () => {
    counts.ticks++;
    // Not for ever: a yield takes a turn of the event loop.
    if (counts.ticks < 20_000) raise();
    return suspends && counts.yields < 200 && chance(4) === 0 ? 0 : 1;
  };
  const pause = () => {
    counts.yields++;
    return Promise.resolve(1);
  };
  const start = (plain: WebAssembly.Module, cut: WebAssembly.Module): [string, World, string, World] => {
    let plainWorld: World = {};
    let cutWorld: World = {};
    const first = outcome(() => {
      plainWorld = {
        ...new WebAssembly.Instance(
          plain,
          imports((text) => plainLog.push(text)),
        ).exports,
      };
    });
    const second = outcome(() => {
      const made = instantiate(rewritten, cut, { tick, pause, imports: imports((text) => cutLog.push(text)) });
      (made.exports["warren.start"] as (() => void) | undefined)?.();
      cutWorld = { ...made.exports };
    });
    return [first, plainWorld, second, cutWorld];
  };
  raise();
  const [plainStart, plain, cutStart, cut] = start(
    new WebAssembly.Module(bytes as BufferSource),
    new WebAssembly.Module(rewritten.bytes as BufferSource),
  );
  const result = (difference: string): Comparison => ({ ...counts, difference });
  if (plainStart !== cutStart) return result(`start: ${plainStart} → ${cutStart}`);
  if (plainStart !== "[]") return result("");
  for (let round = 0; round < 3; round++) {
    suspends = round === 2;
    for (const { name, kind, index } of info.exports) {
      if (kind !== "func") continue;
      const args = functionType(info, index)!.params.map((type) => value(type, random));
      counts.calls++;
      const expected = outcome(() => (plain[name] as (...values: unknown[]) => unknown)(...args));
      raise();
      const call = cut[name] as (...values: unknown[]) => unknown;
      const actual = suspends ? await outcomeLater(() => jspi.promising(call)(...args)) : outcome(() => call(...args));
      // How much stack there is depends on too much: what the frames look like, and what is compiled by now.
      if (expected === stackOverflow || actual === stackOverflow) return result("");
      if (expected.startsWith("!")) counts.traps++;
      if (expected !== actual)
        return result(`round ${round}, ${name}(${args.map(String).join()}): ${expected} → ${actual}`);
      const state = compareState(info, plain, cut);
      if (state !== "") return result(`round ${round}, after ${name}(${args.map(String).join()}): ${state}`);
    }
  }
  return result(plainLog.join() === cutLog.join() ? "" : "calls to the host");
}

function compareState(info: ModuleInfo, plain: World, cut: World): string {
  for (const { name, kind } of info.exports) {
    if (kind === "memory") {
      const [a, b] = [plain, cut].map((world) => Buffer.from((world[name] as WebAssembly.Memory).buffer)) as [
        Buffer,
        Buffer,
      ];
      if (!a.equals(b)) return `memory ${name} differs`;
    } else if (kind === "global") {
      const [a, b] = [plain, cut].map((world) => outcome(() => (world[name] as WebAssembly.Global).value));
      if (a !== b) return `global ${name}: ${a} → ${b}`;
    } else if (kind === "table") {
      const [a, b] = [plain, cut].map((world) => tableText(world[name] as WebAssembly.Table));
      if (a !== b) return `table ${name} differs`;
    }
  }
  return "";
}

function tableText(table: WebAssembly.Table): string {
  // A table of 64 bits has its length as a BigInt.
  const length = Number(table.length);
  const entries = Array.from({ length: Math.min(length, 200) }, (_, i) =>
    outcome(() => table.get((typeof table.length === "bigint" ? BigInt(i) : i) as number)),
  );
  return `${length}: ${entries.join()}`;
}

const stackOverflow = "!RangeError: Maximum call stack size exceeded";

function outcome(act: () => unknown): string {
  try {
    return text(act());
  } catch (error) {
    return failure(error);
  }
}

async function outcomeLater(act: () => Promise<unknown>): Promise<string> {
  try {
    return text(await act());
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): string {
  if (error instanceof WebAssembly.Exception) return "!exception";
  return error instanceof Error ? `!${error.name}: ${error.message}` : `!${String(error)}`;
}

function text(result: unknown): string {
  const list = Array.isArray(result) ? result : result === undefined ? [] : [result];
  return `[${list.map((item) => (typeof item === "function" ? `function ${item.name}` : typeof item === "object" && item !== null ? "object" : Object.is(item, -0) ? "-0" : String(item))).join()}]`;
}

const edges32 = [0, 1, 2, -1, 7, 64, 255, 256, 65_535, 65_536, 0x7fff_ffff, -0x8000_0000];
const edgesFloat = [0, -0, 1, -1, 0.5, 1e9, -1e9, 1e300, Number.NaN, Infinity, -Infinity];

/** An argument of a type. */
export function value(type: ValueType, random: Pick): unknown {
  switch (type) {
    case 0x7f:
      return random(2) === 0 ? edges32[random(edges32.length)] : random(0xffff_ffff) | 0;
    case 0x7e:
      return random(2) === 0 ? BigInt(edges32[random(edges32.length)]!) : BigInt(random(0xffff_ffff)) * 0x1_0001_0003n;
    case 0x7d:
    case 0x7c:
      return edgesFloat[random(edgesFloat.length)];
    default:
      return null;
  }
}
