import { WarrenError } from "../base/errors.ts";

const pattern = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** A year: far beyond any use, and safely within the range of timers' arithmetic. */
const msMax = 365 * 24 * 3_600_000;

/** `500ms`, `30s`, `1.5m`, `1h` → milliseconds. Throws `duration.invalid`. */
export function parseDuration(text: string): number {
  const [, number, unit] = pattern.exec(text) ?? [];
  if (number === undefined || unit === undefined) {
    throw new WarrenError(
      "duration.invalid",
      `"${text.slice(0, 40)}" is not a duration: expected a number and ms, s, m or h, such as 30s`,
    );
  }
  const ms = Math.round(Number(number) * (unitMs[unit] ?? 0));
  if (ms > msMax)
    throw new WarrenError(
      "duration.invalid",
      `"${text.slice(0, 40)}" is too long a duration: at most ${msMax / unitMs.h!}h`,
    );
  return ms;
}
