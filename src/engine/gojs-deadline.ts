import type { RewrittenModule } from "../wasm/rewrite/contract.ts";
import {
  epochImport,
  preemptExport,
  reservedModule,
  tickSlot,
  trampolineModule,
  yieldSlot,
} from "../wasm/rewrite/contract.ts";
import { EpochClock } from "./cpu/epoch-clock.ts";

// What a tick answers (wasm/rewrite/contract.ts).
const goOn = 1;
const endGuest = -1;

/** Ends a Go program for GOOS=js that computes on when its time is over. It is never made to yield, so it needs no JSPI. */
export class GojsDeadline {
  readonly #clock = new EpochClock();
  readonly #at: number;

  /** Counts from now on. */
  constructor(ms: number) {
    this.#at = performance.now() + ms;
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
      this.#clock.stillRuns();
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
    this.#clock.guestStarts();
  }

  async stop(): Promise<void> {
    await this.#clock.stop();
  }
}
