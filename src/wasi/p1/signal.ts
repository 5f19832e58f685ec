import { errno } from "../errno.ts";
import type { Host } from "./host.ts";

/**
 * Warren's own: preview 1 has no way for a guest to be told of a signal (docs/decisions/0022). Go programs of `warren build` call
 * them when they use os/signal.
 */
export function signalFunctions({ memory, table, signals }: Host) {
  return {
    /** BUSY while it is open. Reads give a byte for each signal, its number in preview 1. */
    warren_signal_open(fdAt: number): number {
      memory.check(fdAt, 4);
      if (table.full) return errno.MFILE;
      const stream = signals.open();
      if (stream === undefined) return errno.BUSY;
      memory.setU32(fdAt, table.add(stream));
      return errno.SUCCESS;
    },
    /** 0 what happens without the program, 1 nothing, 2 it can be read. */
    warren_signal_action: (signal: number, action: number) =>
      signals.setAction(signal >>> 0, action >>> 0) === 0 ? errno.SUCCESS : errno.INVAL,
  };
}
