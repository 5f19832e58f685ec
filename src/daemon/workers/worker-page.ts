import { closeSync, readSync } from "node:fs";
import { assert } from "../../base/assert.ts";
import { createSharedPage } from "../../base/shared-page.ts";
import { pulseWord } from "../../worker/protocol.ts";

/** The daemon's end of the page on which a worker shows that it lives and what it is at. */
export class WorkerPage {
  #fd: number | undefined;
  readonly #bytes = Buffer.alloc(4);
  readonly #numbers = new Map<string, number>();

  constructor(id: string) {
    this.#fd = createSharedPage(`worker ${id}`);
  }

  /** To be inherited by the worker. */
  get fd(): number {
    assert(this.#fd !== undefined);
    return this.#fd;
  }

  /** Changes at each beat. */
  get beats(): number {
    return this.#word(pulseWord.beats);
  }

  /** The service whose guest ran when it was last told, undefined when none did. */
  get running(): string | undefined {
    const number = this.#word(pulseWord.guest);
    for (const [service, own] of this.#numbers) if (own === number) return service;
    return undefined;
  }

  /** The number by which the worker is to show a service. */
  numberOf(service: string): number {
    const number = this.#numbers.get(service) ?? this.#numbers.size + 1;
    this.#numbers.set(service, number);
    return number;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Read, not mapped: it is looked at a few times a second. */
  #word(index: number): number {
    if (this.#fd === undefined || readSync(this.#fd, this.#bytes, 0, 4, 4 * index) < 4) return 0;
    return this.#bytes.readUInt32LE();
  }
}
