import type { GuestThread } from "../../wasi/guest-thread.ts";
import type { Pacer } from "../../wasi/pacer.ts";
import {
  epochImport,
  preemptExport,
  reservedModule,
  tickSlot,
  trampolineModule,
  yieldSlot,
} from "../../wasm/rewrite/contract.ts";
import { AddressSpace } from "../address-space.ts";
import { CpuScheduler } from "./cpu-scheduler.ts";
import type { CpuShare } from "./cpu-share.ts";
import { EpochClock } from "./epoch-clock.ts";

/** How long a guest runs before others have their turn. */
const sliceMsDefault = 2;

// What a tick or a yield answers (wasm/rewrite/contract.ts).
const goOn = 1;
const callYield = 0;
const endGuest = -1;

const notNested = { depth: 0 } as const;

/** What one guest may use of the CPU. */
export interface CpuTerms {
  readonly preemption: Preemption;
  /** Of its service, shared with its other instances. */
  readonly share: CpuShare;
  /** How long it may run without once waiting for something; then it is ended. Milliseconds. */
  readonly burstMsMax: number;
}

/** How long a guest has run since it last waited for something. Milliseconds. */
export interface Burst {
  readonly cpuMs: number;
  /** By the clock: with the time that others ran in between. */
  readonly wallMs: number;
}

/** A memory that a rewritten module imports. Pages of 64 KiB. */
export interface ImportedMemory {
  readonly name: string;
  readonly min: number;
  readonly max: number | undefined;
  readonly is64: boolean;
}

/** Interrupts the guests of a process: one clock and one scheduler for all of them. */
export class Preemption {
  readonly #clock = new EpochClock();
  readonly #scheduler = new CpuScheduler();
  /** Of the process, as everything here is. */
  readonly addressSpace: AddressSpace = new AddressSpace();
  readonly #trampoline = new WebAssembly.Module(trampolineModule());
  readonly #sliceMs: number;

  constructor(sliceMs: number = sliceMsDefault) {
    this.#sliceMs = sliceMs;
  }

  /** How a guest's thread takes its turns. */
  pacer(share: CpuShare): Pacer {
    const clock = this.#clock;
    const scheduler = this.#scheduler;
    return {
      starts: () => clock.guestStarts(),
      ran: (ms, now) => scheduler.ran(share, ms, now),
      soon: (look) => scheduler.soon(look),
      resume: (go) => scheduler.admit(share, go),
      requeue: (go) => scheduler.enqueue(share, go),
    };
  }

  /** What a rewritten module imports: memories of its own and the cell that all look at. */
  imports(memories: readonly ImportedMemory[]): WebAssembly.ModuleImports {
    const made = memories.map(({ name, min, max, is64 }) => {
      const memory = new WebAssembly.Memory(descriptor(min, max, is64));
      this.addressSpace.hold(memory);
      return [name, memory];
    });
    return { ...Object.fromEntries(made), [epochImport]: this.#clock.memory };
  }

  /**
   * Puts the two functions into a fresh instance by which it asks whether to go on. `onOverrun` must end the guest. While `nested` counts a
   * call it cannot be suspended.
   */
  attach(
    exports: WebAssembly.Exports,
    thread: GuestThread,
    { share, burstMsMax }: CpuTerms,
    onOverrun: (burst: Burst) => void,
    nested: { readonly depth: number } = notNested,
  ): void {
    const tick = (): number => {
      this.#clock.lower();
      if (thread.ended !== undefined) return endGuest;
      this.#clock.stillRuns();
      const now = performance.now();
      const cpuMs = thread.burstMs(now);
      if (cpuMs > burstMsMax) {
        onOverrun({ cpuMs, wallMs: now - thread.burstStartedAt });
        return endGuest;
      }
      if (nested.depth > 0) return goOn;
      const over = now - thread.sliceStartedAt >= this.#sliceMs || share.exhausted(thread.sliceStartedAt, now);
      return over ? callYield : goOn;
    };
    const pause = (): Promise<number> => thread.pause(goOn).catch(() => endGuest);
    const functions = new WebAssembly.Instance(this.#trampoline, {
      [reservedModule]: { tick, yield: suspending(pause) },
    }).exports;
    const table = exports[preemptExport] as WebAssembly.Table;
    table.set(tickSlot, functions.tick);
    table.set(yieldSlot, functions.yield);
  }

  /** Stops the clock's thread; for tests. */
  close(): Promise<void> {
    return this.#clock.stop();
  }
}

function descriptor(min: number, max: number | undefined, is64: boolean): WebAssembly.MemoryDescriptor {
  // TypeScript's library does not know memories of 64 bits yet: their sizes are BigInts.
  const pages = (count: number): number => (is64 ? (BigInt(count) as unknown as number) : count);
  const limits = { initial: pages(min), ...(max === undefined ? {} : { maximum: pages(max) }) };
  return is64 ? ({ ...limits, address: "i64" } as WebAssembly.MemoryDescriptor) : limits;
}

/** JSPI is not in TypeScript's library yet (https://github.com/WebAssembly/js-promise-integration). */
function suspending(call: () => Promise<number>): WebAssembly.ImportValue {
  return new (WebAssembly as unknown as { Suspending: new (call: unknown) => WebAssembly.ImportValue }).Suspending(
    call,
  );
}
