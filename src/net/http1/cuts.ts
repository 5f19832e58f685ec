import { COLON } from "./bytes.ts";

// Cuts are lines that do not go on: from and to in turn, ascending when complete.

/** Adds the line from `from` to `to`, unless it is cut already. */
export function addCut(cuts: number[], from: number, to: number): void {
  for (let index = 0; index < cuts.length; index += 2) if (cuts[index] === from) return;
  cuts.push(from, to);
  // Lines do not overlap, so that sorting all the ends keeps the pairs.
  cuts.sort((a, b) => a - b);
}

/** Cuts the fields of these names (lower case) out of a head whose lines begin at `start + lines[n]`. */
export function cutNamed(
  cuts: number[],
  names: readonly string[],
  bytes: Buffer,
  start: number,
  lines: Uint32Array,
  lineCount: number,
): void {
  for (let line = 1; line < lineCount; line++) {
    const from = start + lines[line]!;
    const name = bytes.toString("latin1", from, bytes.indexOf(COLON, from)).toLowerCase();
    if (names.includes(name)) addCut(cuts, from, start + lines[line + 1]!);
  }
}

/** The fields that are left once the cuts are made, as names in lower case and values. */
export function listFields(
  bytes: Buffer,
  start: number,
  lines: Uint32Array,
  lineCount: number,
  cuts: readonly number[],
): [string, string][] {
  const result: [string, string][] = [];
  for (let line = 1, cut = 0; line < lineCount; line++) {
    const from = start + lines[line]!;
    while (cut < cuts.length && cuts[cut + 1]! <= from) cut += 2;
    if (cut < cuts.length && cuts[cut]! <= from) continue;
    const text = bytes.toString("latin1", from, start + lines[line + 1]! - 2);
    const colon = text.indexOf(":");
    result.push([text.slice(0, colon).toLowerCase(), text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")]);
  }
  return result;
}
