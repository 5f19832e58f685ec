import { flushCompileCache } from "node:module";
import { bindLibc, pointerTo } from "../../base/libc.ts";

const libc = bindLibc({
  _exit: { arguments: ["int32"], return: "int32" },
  signal: { arguments: ["int32", "uint64"], return: "uint64" },
  setrlimit: { arguments: ["int32", "pointer"], return: "int32" },
});

const defaultAction = 0n;
/** RLIMIT_CORE (setrlimit(2)). */
const coreLimit = 4;

/**
 * Ends this process now. process.exit() would wait for a read of standard input that is under way, which may never end, and
 * take the engine down piece by piece.
 */
export function endProcess(code: number): never {
  process.emit("exit", code);
  flushCompileCache();
  libc._exit(code);
  throw new Error("_exit returned");
}

/** signal(7): the numbers of these are the same on every machine. */
export const signals = { hangup: 1, quit: 3, brokenPipe: 13 } as const;

/**
 * Ends this process by a signal, as one that did not handle it: whoever waits for it sees that. The system's default action
 * of some is to do nothing; then the exit code tells, 128 and the signal's number.
 */
export function endBySignal(number: number): never {
  // A dump would be one of Node, not of the program.
  const none = new BigUint64Array(2);
  libc.setrlimit(coreLimit, pointerTo(none));
  // Node ignores SIGPIPE and has handlers of its own for others.
  libc.signal(number, defaultAction);
  process.kill(process.pid, number);
  process.exit(128 + number);
}
