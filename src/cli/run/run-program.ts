import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isatty } from "node:tty";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { parseSize } from "../../control/size.ts";
import type { Exit } from "../../engine/exit.ts";
import { startInstance } from "../../engine/instance.ts";
import { compileProgram } from "../../engine/program.ts";
import { reportError } from "../report.ts";
import { hasColour } from "../ui/style.ts";
import { type Granted, grantsText } from "./grants.ts";
import { StandardInput, standardOutput } from "./standard-streams.ts";

/** All that wasm32 can address. */
const memoryMaxDefault = 4 * 1024 ** 3;
/** 128 + SIGABRT, as a shell reports a native program that crashed. */
const trapCode = 134;

export interface RunOptions extends Granted {
  readonly verbose: boolean;
  readonly json: boolean;
}

/**
 * Runs a program to its end; resolves with the exit code. Ctrl-C needs no care of ours: with no handler installed SIGINT
 * ends the process at once, also while the guest computes, and shells report 130.
 */
export async function runProgram(path: string, options: RunOptions): Promise<number> {
  const memoryMax = options.memory === undefined ? memoryMaxDefault : parseSize(options.memory);
  if (options.verbose) process.stderr.write(`${grantsText(options)}\n`);
  // It has the process to itself, and Ctrl-C ends that: checks would only slow it down.
  const program = await compileProgram(readProgram(path), { memoryMax, interruptible: false });
  const instance = startInstance(program, {
    args: [basename(path), ...options.args],
    env: options.env,
    mounts: options.grants,
    stdin: new StandardInput(),
    stdout: standardOutput(1, hasColour(process.stdout)),
    stderr: standardOutput(2, hasColour(process.stderr)),
    terminals: { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) },
  });
  // A guest that waits for what will never come holds nothing that keeps Node from ending.
  const awake = setInterval(() => {}, 2 ** 30);
  const exit = await instance.exited;
  clearInterval(awake);
  return exitCode(path, exit, options.json);
}

function exitCode(path: string, exit: Exit, json: boolean): number {
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

function readProgram(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT")
      throw new WarrenError("program.not-found", `there is no program ${path}`, { status: 404, cause: error });
    throw new WarrenError("program.unreadable", `cannot read ${path} (${code ?? String(error)})`, { cause: error });
  }
}
