import { bitsOfF32, bitsOfF64, f32OfBits, f64OfBits, low32, plain, wide } from "./flat-bits.ts";
import { GuestMemory } from "./guest-memory.ts";
import { notOwned } from "./handle-table.ts";
import type { InstanceState } from "./instance-state.ts";

/** JSPI is not in TypeScript's library yet (https://github.com/WebAssembly/js-promise-integration). */
interface Jspi {
  readonly Suspending: new (call: unknown) => unknown;
  promising(call: unknown): (...args: readonly unknown[]) => Promise<unknown>;
}
const jspi = WebAssembly as unknown as Jspi;

function badTag(state: InstanceState, tag: number, where: number): never {
  return state.trap(where, `there is no case ${tag}`);
}

function char(state: InstanceState, code: number, where: number): string {
  const point = code >>> 0;
  if (point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff))
    state.trap(where, `0x${point.toString(16)} is no character`);
  return String.fromCodePoint(point);
}

/** A character of the host's; half of one is replaced, as in a string. */
function codePoint(text: string): number {
  const point = text.codePointAt(0);
  if (point === undefined) throw new TypeError("an empty string is no character");
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}

function indexOf(names: ReadonlyMap<string, number>, name: string): number {
  return names.get(name) ?? noCase(name);
}

function noCase(name: unknown): never {
  throw new TypeError(`the host gave a case that there is not: ${String(name)}`);
}

function callable(value: unknown): unknown {
  if (typeof value !== "function") throw new TypeError("not a function");
  return value;
}

/** What generated code calls `R`. */
export const runtime = {
  GuestMemory,
  Suspending: jspi.Suspending,
  promising: (value: unknown): unknown => jspi.promising(value),
  callable,
  notOwned,
  borrowsLeft: "handles that were lent for this call are left",
  badTag,
  char,
  codePoint,
  indexOf,
  noCase,
  plain,
  low32,
  wide,
  f32OfBits,
  f64OfBits,
  bitsOfF32,
  bitsOfF64,
} as const;
