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
