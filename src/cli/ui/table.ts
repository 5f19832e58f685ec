import { filterEscapes } from "./escapes.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** The width it may be cut to where a terminal is too narrow; without it, it is never cut before the others are. */
  readonly widthMin?: number;
  /** Colours a padded cell. */
  readonly style?: (cell: string) => string;
}

export interface TableLayout {
  /** Columns of the terminal; without it nothing is cut. */
  readonly width?: number | undefined;
  readonly titleStyle?: (title: string) => string;
}

const gap = "  ";

/** Rows under titles, in columns. No line is wider than the terminal: columns that may be cut give way, the widest first. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, titleStyle }: TableLayout = {},
): string {
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map((_, i) => filterEscapes((row[i] ?? "").replaceAll("\n", " "))));
  const natural = columns.map((_, i) => Math.max(...[titles, ...cells].map((row) => displayWidth(row[i] ?? ""))));
  const widths = width === undefined ? natural : fit(columns, natural, width);

  const line = (row: readonly string[], paint: (cell: string, column: Column) => string): string => {
    const parts: string[] = [];
    let spaces = 0;
    for (const [i, column] of columns.entries()) {
      const room = widths[i] ?? 0;
      if (room === 0) continue;
      const text = cut(row[i] ?? "", room);
      const pad = room - displayWidth(text);
      const before = column.align === "right" ? pad : 0;
      // Nothing follows the last text: trailing blanks would only be in the way of a copy.
      if (parts.length > 0) parts.push(" ".repeat(spaces) + gap);
      parts.push(" ".repeat(before), text === "" ? "" : paint(text, column));
      spaces = pad - before;
    }
    return parts.join("").trimEnd();
  };
  return [
    line(titles, (title) => titleStyle?.(title) ?? title),
    ...cells.map((row) => line(row, (cell, column) => column.style?.(cell) ?? cell)),
  ].join("\n");
}

/** The widths that fit: 0 for a column that has no room at all. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, room) => sum + (room > 0 ? room + gap.length : 0), -gap.length);
  while (total() > width) {
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      const room = widths[i] ?? 0;
      if (column.widthMin !== undefined && room > column.widthMin && room > (widths[widest] ?? 0)) widest = i;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  // Narrower still: columns go from the right, and at last the first one is cut.
  for (let i = columns.length - 1; i > 0 && total() > width; i--) widths[i] = 0;
  widths[0] = Math.min(widths[0] ?? 0, Math.max(1, width));
  return widths;
}

/** Cuts text to a display width, with `…` in place of what is gone. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let out = "";
  let used = 0;
  for (const char of text) {
    used += charWidth(char);
    if (used > width - 1) break;
    out += char;
  }
  return `${out}…`;
}

/** How many terminal cells a text without control characters takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;

function charWidth(char: string): number {
  if (char <= "\u02ff") return 1;
  if (/\p{Mark}|\p{Default_Ignorable_Code_Point}/u.test(char)) return 0;
  return wide.test(char) ? 2 : 1;
}
