import type { ReadStream } from "node:tty";
import { bindLibc } from "../../base/libc.ts";
import { endBySignal, signals } from "./end-process.ts";

// Not node:tty's, which loads all of Node's streams: few programs are run on a terminal and for milliseconds.
const { isatty } = bindLibc({ isatty: { arguments: ["int32"], return: "int32" } });

export function isTerminal(fd: 0 | 1 | 2): boolean {
  return isatty(fd) === 1;
}

let keyboard: ReadStream | undefined;

/** Standard input where it is a terminal. */
export function openKeyboard(): ReadStream {
  keyboard ??= new (tty().ReadStream)(0);
  return keyboard;
}

/**
 * Gives the program single keys, Ctrl-C among them, until {@link restoreTerminal}. SIGINT and SIGTERM find Node putting the terminal
 * back by itself, also while a program computes.
 */
export function takeKeys(): void {
  openKeyboard().setRawMode(true);
  process.once("exit", restoreTerminal);
  for (const number of [signals.hangup, signals.quit]) {
    process.once(number === signals.hangup ? "SIGHUP" : "SIGQUIT", () => {
      restoreTerminal();
      endBySignal(number);
    });
  }
}

/** Takes the keys back, if they were given. */
export function restoreTerminal(): void {
  if (keyboard?.isRaw) keyboard.setRawMode(false);
}

/** What a program has to know of the terminal to paint it; there is no call of preview 1 to ask for it. */
export function terminalVariables(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const screen = ([1, 2, 0] as const).find(isTerminal);
  if (screen === undefined) return {};
  const { columns, rows } = new (tty().WriteStream)(screen);
  return { ...(env.TERM === undefined ? {} : { TERM: env.TERM }), COLUMNS: String(columns), LINES: String(rows) };
}

function tty(): typeof import("node:tty") {
  return process.getBuiltinModule("node:tty");
}
