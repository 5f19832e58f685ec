// Runs spinning guests one after the other until their tick ends them, and tells how each ended.
import { parentPort } from "node:worker_threads";
import { cell, instantiate, jspi, rewrite, startClock } from "./preemption.ts";

export interface SpinRequest {
  readonly bytes: Uint8Array;
  /** Milliseconds until it is ended. */
  readonly time: number;
  /** Enter by JSPI and yield at each tick. */
  readonly yields: boolean;
}

export interface SpinResult {
  readonly ended: string;
  readonly ticks: number;
  readonly yields: number;
  /** Milliseconds between two ticks, at the most; the clock's own gaps included. */
  readonly longest: number;
}

async function spin({ bytes, time, yields: yielding }: SpinRequest): Promise<SpinResult> {
  const rewritten = rewrite(bytes);
  const module = new WebAssembly.Module(rewritten.bytes as BufferSource);
  let ticks = 0;
  let yields = 0;
  let longest = 0;
  let last = performance.now();
  const deadline = last + time;
  const tick = (): number => {
    const now = performance.now();
    if (ticks > 0) longest = Math.max(longest, now - last);
    last = now;
    ticks++;
    if (now > deadline) return -1;
    return yielding ? 0 : 1;
  };
  const pause = async (): Promise<number> => {
    yields++;
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
    return 1;
  };
  const { exports } = instantiate(rewritten, module, { tick, pause, imports: { host: { nothing: () => {} } } });
  cell[0] = 0;
  let ended = "returned";
  try {
    if (yielding) await jspi.promising(exports.spin)();
    else (exports.spin as () => void)();
  } catch (error) {
    ended = (error as Error).message;
  }
  return { ended, ticks, yields, longest };
}

const clock = startClock(1);
parentPort!.once("close", () => clock[Symbol.dispose]());
parentPort!.on("message", (request: SpinRequest) => {
  void spin(request).then((result) => parentPort!.postMessage(result));
});
