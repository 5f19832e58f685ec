import type { P2Host } from "./host.ts";

/** A resource that is nothing but counted. */
export abstract class CountedResource {
  readonly #host: P2Host;

  constructor(host: P2Host) {
    host.resources.add();
    this.#host = host;
  }

  drop(): void {
    this.#host.resources.remove();
  }
}
