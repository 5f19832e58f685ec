import type { ServiceView } from "../../control/service.ts";
import { dim, green, red, yellow } from "./style.ts";

/** What stands for a service's state: more than the API's, whose other fields say the rest. */
export function shownState({ state, throttling, quarantined }: ServiceView): string {
  if (quarantined) return "quarantined";
  return throttling && state === "running" ? "throttled" : state;
}

/** Paints the cell of a table that holds a service's state. */
export function paintState(cell: string): string {
  switch (cell.trim()) {
    case "running":
      return green(cell, process.stdout);
    case "starting":
    case "restarting":
    case "throttled":
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
