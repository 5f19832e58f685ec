import { randomInt } from "node:crypto";
import { closeSync, writeSync } from "node:fs";
import { rateBytes, rateCell } from "../../base/rate-page.ts";
import { createSharedPage } from "../../base/shared-page.ts";
import type { InstanceSpec } from "../../worker/protocol.ts";

/** The pages on which workers count together how often a service that runs in several of them is asked: one for a service. */
export class RatePages {
  readonly #pages = new Map<string, number>();

  /** What goes with the order to start a guest. */
  of({ service, ratesShared }: Pick<InstanceSpec, "service" | "ratesShared">): number[] {
    if (ratesShared !== true) return [];
    const fd = this.#pages.get(service) ?? make(service);
    this.#pages.set(service, fd);
    return [fd];
  }

  forget(service: string): void {
    const fd = this.#pages.get(service);
    if (fd !== undefined) closeSync(fd);
    this.#pages.delete(service);
  }
}

function make(service: string): number {
  const fd = createSharedPage(`rates ${service}`, rateBytes);
  const seed = Float64Array.of(randomInt(2 ** 32));
  writeSync(fd, new Uint8Array(seed.buffer), 0, seed.byteLength, rateCell.seed * seed.BYTES_PER_ELEMENT);
  return fd;
}
