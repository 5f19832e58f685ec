import type { RewrittenModule } from "../wasm/rewrite/contract.ts";
import {
  epochImport,
  preemptExport,
  reservedModule,
  tickSlot,
  trampolineModule,
  yieldSlot,
} from "../wasm/rewrite/contract.ts";
import { CpuShare } from "./cpu/cpu-share.ts";
import { EpochClock } from "./cpu/epoch-clock.ts";

// What a tick answers (wasm/rewrite/contract.ts).
const goOn = 1;
const endGuest = -1;

export interface GojsLimitsOptions {
  /** Milliseconds that it may run for, from now on; as long as it likes when absent. */
  readonly timeMsMax?: number | undefined;
  /** Cores that it may use, averaged over 100 ms; as many as it likes when absent. */
  readonly cores?: number | undefined;
}

/**
 * Slows a Go program for GOOS=js down, and ends it when its time is over. It is never made to yield, so it needs no JSPI: to
 * hold it up its thread sleeps, which nothing else uses.
 */
export class GojsLimits {
  readonly #clock = new EpochClock();
  readonly #at: number;
  readonly #share: CpuShare | undefined;
  readonly #nobody = new Int32Array(new SharedArrayBuffer(4));
  /** What its thread had used when that was last asked. Milliseconds. */
  #usedMs = usedMs();

  constructor({ timeMsMax = Number.POSITIVE_INFINITY, cores }: GojsLimitsOptions) {
    this.#at = performance.now() + timeMsMax;
    if (cores !== undefined) this.#share = new CpuShare({ cores });
  }

  get over(): boolean {
    return performance.now() >= this.#at;
  }

  /** What the rewritten module imports. */
  imports({ memories }: RewrittenModule): Record<string, WebAssembly.Memory> {
    const made = memories.map(({ name, min, max }) => {
      const descriptor = { initial: min, ...(max === undefined ? {} : { maximum: max }) };
      return [name, new WebAssembly.Memory(descriptor)];
    });
    return { ...Object.fromEntries(made), [epochImport]: this.#clock.memory };
  }

  attach(exports: WebAssembly.Exports): void {
    const tick = (): number => {
      this.#clock.lower();
      this.#holdUp();
      // The clock may have fallen asleep meanwhile.
      this.#clock.guestStarts();
      return this.over ? endGuest : goOn;
    };
    const trampoline = new WebAssembly.Module(trampolineModule());
    const functions = new WebAssembly.Instance(trampoline, { [reservedModule]: { tick, yield: () => goOn } }).exports;
    const table = exports[preemptExport] as WebAssembly.Table;
    table.set(tickSlot, functions.tick);
    table.set(yieldSlot, functions.yield);
  }

  /** The program is about to run. */
  enter(): void {
    this.#holdUp();
    this.#clock.guestStarts();
  }

  #holdUp(): void {
    const share = this.#share;
    if (share === undefined) return;
    const used = usedMs();
    share.charge(used - this.#usedMs, performance.now());
    this.#usedMs = used;
    for (;;) {
      const now = performance.now();
      const ms = Math.min(share.heldMs(now), this.#at - now);
      if (ms <= 0) return;
      Atomics.wait(this.#nobody, 0, 0, ms);
    }
  }

  async stop(): Promise<void> {
    await this.#clock.stop();
  }
}

/** CPU time of this thread, milliseconds. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
