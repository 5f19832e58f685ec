/** Prints whether a measured value keeps its target; the process then ends with 1 if one was missed. */
export function target(what: string, value: number, atMost: number, unit = ""): void {
  const kept = value <= atMost;
  console.log(`${kept ? "kept" : "MISSED"}: ${what}: ${value.toFixed(2)}${unit}, at most ${atMost}${unit}`);
  if (!kept) process.exitCode = 1;
}
