import type { LogLine } from "../../control/service.ts";

/** What is longer is cut: one line of a guest must not fill the log. UTF-16 units. */
const textMax = 64 * 1024;

/** One line of a log file: JSON, with its line end. */
export function encodeLine(line: LogLine): string {
  const text = line.text.length > textMax ? `${line.text.slice(0, textMax)}…` : line.text;
  return `${JSON.stringify({ ...line, text })}\n`;
}

/** A line of ours in a guest's log. */
export function noticeLine(text: string): LogLine {
  return { at: new Date().toISOString(), stream: "warren", revision: 0, text };
}

/** The lines of a piece of a file that ends at a line's end. What a crash left half written is passed over. */
export function decodeLines(bytes: Buffer): LogLine[] {
  const lines: LogLine[] = [];
  for (const text of bytes.toString("utf8").split("\n")) {
    if (text === "") continue;
    try {
      lines.push(JSON.parse(text) as LogLine);
    } catch {
      // Only a daemon that died while writing leaves such a line; the next one ended it.
    }
  }
  return lines;
}
