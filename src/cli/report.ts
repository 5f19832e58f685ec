import { errorRecord, WarrenError } from "../base/errors.ts";
import { filterEscapes } from "./ui/escapes.ts";
import { bold, dim, red } from "./ui/style.ts";

/** Prints an error on standard error and gives the exit code that stands for it. */
export function reportError(error: unknown, { json }: { readonly json: boolean }): number {
  const known = error instanceof WarrenError;
  if (process.env.WARREN_DEBUG) console.error(error);
  if (json) {
    const { status: _, ...record } = errorRecord(error);
    process.stderr.write(`${JSON.stringify({ error: { ...record, ...logOf(error) } })}\n`);
  } else {
    process.stderr.write(`${formatError(error)}\n`);
  }
  return known && error.code.startsWith("usage.") ? 2 : 1;
}

/** `warren: message (code)`, a guest's last words if there are any, and a hint, each on lines of their own. */
export function formatError(error: unknown): string {
  const record = errorRecord(error);
  const hint =
    record.hint ?? (record.code === "internal" ? "this is a fault in Warren; WARREN_DEBUG=1 shows where" : undefined);
  const prefix = red("warren:", process.stderr);
  const lines = [`${prefix} ${plain(record.message)} ${dim(`(${record.code})`, process.stderr)}`];
  const { log } = logOf(error);
  if (log !== undefined && log.length > 0)
    lines.push("the last lines it wrote:", ...log.map((line) => `  ${dim("|", process.stderr)} ${plain(line)}`));
  if (hint !== undefined) lines.push(`${bold("hint:", process.stderr)} ${plain(hint)}`);
  return lines.join("\n");
}

/** Messages quote names and files that may hold anything. */
function plain(text: string): string {
  return filterEscapes(text, { lines: true });
}

/** What a guest wrote last, which the daemon sends along when a deploy fails. */
function logOf(error: unknown): { log?: string[] } {
  const log: unknown = error instanceof Error && "log" in error ? error.log : undefined;
  return Array.isArray(log)
    ? { log: log.map((line) => (typeof line === "string" ? line : String(line?.text ?? ""))) }
    : {};
}
