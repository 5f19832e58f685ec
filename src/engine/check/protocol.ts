// What the daemon and a process that checks a program say to each other. With worker/protocol.ts the only file beyond its
// own folders that the daemon imports: constants and types.
import type { ErrorRecord } from "../../base/errors.ts";

/** Raised whenever `prepareProgram` comes to give something else: what was kept of an earlier version is made anew. */
export const preparationVersion = 6;

/** How the process is started: the JSON of its one argument. */
export interface CheckArguments {
  /** Of the prepared module. */
  readonly preparedBytesMax: number;
  readonly cpuSecondsMax: number;
  /** Bytes of memory, beside what Node has for itself. */
  readonly dataBytesMax: number;
}

/** What it then waits for: JSON on its standard input, to the end of that. At nothing it ends. */
export interface CheckOrder {
  /** Bytes that the guest's memories together may grow to. */
  readonly memoryBytesMax: number;
}

/** The program's file, to be read from its beginning. */
export const programFd = 3;
/** The prepared module is written here, to be used if the result is good. */
export const preparedFd = 4;

/** One line of JSON on standard output, the last thing that the process does. */
export type CheckResult = { readonly preparedBytes: number } | { readonly error: ErrorRecord };
