import type { P2Host } from "../host.ts";

/** `wasi:sockets/network.network`: an instance has one, and what it may reach is decided at each call. */
export class NetworkHandle {
  readonly #host: P2Host;

  constructor(host: P2Host) {
    host.resources.add();
    this.#host = host;
  }

  drop(): void {
    this.#host.resources.remove();
  }
}
