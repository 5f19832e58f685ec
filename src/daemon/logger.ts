import pino from "pino";

export type Logger = pino.Logger;
export type LogFormat = "auto" | "json" | "text";

const levels: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

/** The daemon's own log on standard error: one readable line each on a terminal, JSON lines otherwise. */
export function createLogger(format: LogFormat, level: string = "info"): Logger {
  const text = format === "text" || (format === "auto" && process.stderr.isTTY);
  const options: pino.LoggerOptions = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // Synchronous, so that the last line before an end is not lost; the daemon logs little.
  const destination = pino.destination({ dest: 2, sync: true });
  if (!text) return pino(options, destination);
  return pino(options, { write: (line: string) => void destination.write(formatLine(line)) });
}

/** `12:03:04.123 info  worker started worker=k3-0 ms=107` */
export function formatLine(line: string): string {
  const { level, time, msg = "", err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === "string" && !/[\s"]/.test(value) ? value : JSON.stringify(value)}`,
  );
  const error = typeof err === "object" && err !== null && "message" in err ? `: ${String(err.message)}` : "";
  return `${String(time).slice(11, 23)} ${(levels[level as number] ?? "?").padEnd(5)} ${msg}${error}${fields.join("")}\n`;
}
