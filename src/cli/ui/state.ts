import { dim, green, red, yellow } from "./style.ts";

/** Paints the cell of a table that holds a service's state. */
export function paintState(cell: string): string {
  switch (cell.trim()) {
    case "running":
      return green(cell, process.stdout);
    case "starting":
    case "restarting":
    case "stopping":
      return yellow(cell, process.stdout);
    case "stopped":
      return dim(cell, process.stdout);
    default:
      return red(cell, process.stdout);
  }
}

/** The width that a table may take: the terminal's; in a pipe nothing is cut. */
export function tableWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
