import { WarrenError } from "../../base/errors.ts";
import type { Exit } from "../../engine/exit.ts";
import { reportError } from "../report.ts";

/** 128 + SIGABRT, as a shell reports a native program that crashed. */
const trapCode = 134;

/** What `warren run` ends with after its program; says why where the program did not end by itself. */
export function exitCode(path: string, exit: Exit, json: boolean): number {
  switch (exit.kind) {
    case "exit":
      // The system keeps eight bits: a failure must not become 0 by that.
      return exit.code === 0 ? 0 : exit.code % 256 || 1;
    case "trap": {
      const frames = exit.backtrace.map((frame) => `\n  at ${frame}`).join("");
      reportError(new WarrenError("program.trap", `${path} crashed: ${exit.message}${frames}`), { json });
      return trapCode;
    }
    case "limit":
      reportError(new WarrenError(exit.code, `${path} was stopped: ${exit.message}`), { json });
      return 1;
    case "killed":
      reportError(new WarrenError("program.killed", `${path} was stopped: ${exit.reason}`), { json });
      return 1;
  }
}
