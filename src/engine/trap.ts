import type { Exit } from "./exit.ts";

const framesMax = 20;
const nameLengthMax = 200;

/** V8's form of a frame in wasm code: `at name (wasm://wasm/HASH:wasm-function[7]:0xc7)`, the name only where there is one. */
const frame = /^\s+at (?:(.*) \()?wasm:\/\/wasm\/[^:]*:wasm-function\[(\d+)\]:(0x[0-9a-f]+)\)?$/;

/** V8 keeps 10 frames otherwise. It is set for the process: frames of ours never get out. */
export function keepGuestFrames(): void {
  if (Error.stackTraceLimit < framesMax) Error.stackTraceLimit = framesMax;
}

/** Tells a guest's crash from what its code threw. Nothing of the host gets into it: no paths, no frames of ours. */
export function trapOf(error: unknown): Exit {
  return {
    kind: "trap",
    message: messageOf(error),
    backtrace: error instanceof Error ? backtraceOf(error.stack ?? "") : [],
  };
}

function messageOf(error: unknown): string {
  const { Exception, SuspendError } = WebAssembly as unknown as Record<"Exception" | "SuspendError", new () => object>;
  // V8 reports a stack overflow in wasm as it does in JavaScript.
  if (error instanceof RangeError && error.message.includes("call stack")) return "call stack exhausted";
  // What instantiation fails with: no memory to be had, or a segment that does not fit.
  if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError) {
    return error.message.replace(/^WebAssembly\.Instance\(\): /, "");
  }
  if (error instanceof Exception) return "uncaught exception";
  if (error instanceof SuspendError) return "its start function calls something that may wait, which only _start can";
  return `internal error: ${error instanceof Error ? error.message : String(error)}`;
}

function backtraceOf(stack: string): string[] {
  const names: string[] = [];
  for (const line of stack.split("\n")) {
    const match = frame.exec(line);
    if (match === null) continue;
    const [, name, index, offset] = match;
    names.push(name === undefined ? `function ${index} at ${offset}` : `${printable(name)} at ${offset}`);
    if (names.length === framesMax) break;
  }
  return names;
}

/** Names come from the module: they may hold anything. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, nameLengthMax);
}
