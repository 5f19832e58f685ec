import { printTable, ratios, spread, spreadText } from "../support/figures.ts";
import type { Measured, System } from "../support/system.ts";
import { target } from "../support/targets.ts";
import type { Part } from "./parts.ts";

/** Of Warren's CPU for hello in C and in Rust to that of others. */
const targets = [
  { other: (guest: string) => `wasmtime serve, ${guest}`, atMost: 1 / 5 },
  { other: () => "node:http", atMost: 1 },
  { other: () => "nginx, a file", atMost: 2.5 },
] as const;

export function report(part: Part, results: ReadonlyMap<System, readonly Measured[]>): void {
  console.log(`\n${part.name}, ${part.connections} connections\n`);
  const cpu = new Map([...results].map(([{ name }, measured]) => [name, measured.map((one) => one.cpu)]));
  const relative = (own: readonly number[], base: readonly number[] | undefined): string =>
    base === undefined ? "" : spreadText(ratios(own, base));
  const rows = [...results].map(([{ name }, measured]) => {
    const own = cpu.get(name)!;
    // `Warren, C` beside `wasmtime serve, C`; what is no component beside the first of them.
    const guest = part.guests.find((one) => name.includes(`, ${one}`)) ?? part.guests[0]!;
    return [
      name,
      spreadText(spread(own), part.post === 2 ** 20 ? 0 : 1),
      relative(own, cpu.get(`wasmtime serve, ${guest}`)),
      relative(own, cpu.get(part.post === undefined ? "node:http" : "node:http, echo")),
      spread(measured.map(({ perSecond }) => perSecond)).median.toFixed(0),
      spread(measured.map(({ p99 }) => p99)).median.toFixed(0),
    ];
  });
  printTable(["", "µs of CPU a request", "× wasmtime serve", "× node:http", "requests/s", "p99 µs"], rows);
  console.log();
  if (part.name !== "hello") return;
  for (const guest of part.guests) {
    const own = cpu.get(`Warren, ${guest}`);
    if (own === undefined) continue;
    for (const { other, atMost } of targets) {
      const base = cpu.get(other(guest));
      if (base !== undefined) target(`CPU of hello in ${guest}, × ${other(guest)}'s`, ratios(own, base).median, atMost);
    }
  }
}
