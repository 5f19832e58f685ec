import { errorRecord, WarrenError } from "../base/errors.ts";
import { filterEscapes } from "./ui/escapes.ts";
import { bold, dim, red } from "./ui/style.ts";

/** Prints an error on standard error and gives the exit code that stands for it. */
export function reportError(error: unknown, { json }: { readonly json: boolean }): number {
  const known = error instanceof WarrenError;
  if (process.env.WARREN_DEBUG) console.error(error);
  if (json) {
    const { status: _, ...record } = errorRecord(error);
    process.stderr.write(`${JSON.stringify({ error: record })}\n`);
  } else {
    process.stderr.write(`${formatError(error)}\n`);
  }
  return known && error.code.startsWith("usage.") ? 2 : 1;
}

/** `warren: message (code)`, what more the message says below it, and the hint on a line of its own. */
export function formatError(error: unknown): string {
  const record = errorRecord(error);
  const hint =
    record.hint ?? (record.code === "internal" ? "this is a fault in Warren; WARREN_DEBUG=1 shows where" : undefined);
  const prefix = red("warren:", process.stderr);
  const [first = "", ...rest] = plain(record.message).split("\n");
  const lines = [`${prefix} ${first} ${dim(`(${record.code})`, process.stderr)}`, ...rest];
  if (hint !== undefined) lines.push(`${bold("hint:", process.stderr)} ${plain(hint)}`);
  return lines.join("\n");
}

/** Messages quote names and files that may hold anything. */
function plain(text: string): string {
  return filterEscapes(text, { lines: true });
}
