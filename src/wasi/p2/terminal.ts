import type { P2Host } from "./host.ts";

/** `terminal-input` and `terminal-output` of `wasi:cli`, which say no more than that there is one. */
export class Terminal {
  readonly #host: P2Host;

  constructor(host: P2Host) {
    host.resources.add();
    this.#host = host;
  }

  drop(): void {
    this.#host.resources.remove();
  }
}
