import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WarrenError } from "../base/errors.ts";

/** V8 reserves 10 GiB of addresses for each memory's guard, and a process has room for about 16,300. */
const memoriesMaxDefault = 12_000;
/** From this part of the maximum on, memories that nobody uses are looked for. */
const collectFrom = 0.75;
const collectEveryMs = 1000;

/**
 * Counts the WebAssembly memories of a process. One that its guest has left takes addresses until V8's garbage collection
 * finds it, so it is counted until then.
 */
export class AddressSpace {
  readonly #memoriesMax: number;
  readonly #registry = new FinalizationRegistry<undefined>(() => this.#memories--);
  #memories = 0;
  #collectedAt = Number.NEGATIVE_INFINITY;

  constructor(memoriesMax: number = memoriesMaxDefault) {
    this.#memoriesMax = memoriesMax;
  }

  get memories(): number {
    return this.#memories;
  }

  /** Throws `limits.address-space` when there is no room for so many more memories. */
  check(count: number): void {
    const wanted = this.#memories + count;
    if (wanted > this.#memoriesMax * collectFrom) this.#collectSoon();
    if (wanted <= this.#memoriesMax) return;
    throw new WarrenError(
      "limits.address-space",
      `no more than ${this.#memoriesMax} memories fit into a worker, and it has ${this.#memories}`,
      { status: 503, hint: "Start more workers (serve --workers), or stop services of this machine." },
    );
  }

  hold(memory: WebAssembly.Memory): void {
    this.#memories++;
    this.#registry.register(memory, undefined);
  }

  /** V8 collects by the bytes in use; addresses that are reserved only do not hurry it. */
  #collectSoon(): void {
    const now = performance.now();
    if (now - this.#collectedAt < collectEveryMs) return;
    this.#collectedAt = now;
    setImmediate(collectGarbage);
  }
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
