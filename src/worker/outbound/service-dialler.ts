import { closeSync } from "node:fs";
import type { Address } from "../../base/address.ts";
import type { Conduit } from "../../base/conduit.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { Asking, LaneOffers } from "../connector/lane-protocol.ts";
import type { Guests } from "../guests.ts";
import type { Routing } from "../routing.ts";
import type { ServerGuest } from "../server-guest.ts";
import { ConnectorClient } from "./connector-client.ts";
import type { StreamConduits } from "./stream-conduit.ts";

/** How long a connection waits for a service that has no instance at the moment. */
const waitMsMax = 15_000;
/** How soon to look again where it should be and is not: two workers hear of a move one after the other. */
const lookAgainMs = 100;
/** What a guest sees as its peer's address. */
const guestIp = "127.0.0.1";
const ports = { first: 49_152, count: 16_384 } as const;

/**
 * Connects guests with guests: in memory when both are here, else by a stream whose ends the connector gives to the two
 * workers. It goes by the connector so that it is not a worker's word what the dialling guest may reach.
 */
export class ServiceDialler {
  readonly client: ConnectorClient = new ConnectorClient((offer, fd) => this.#accept(offer, fd));
  readonly streams: StreamConduits;
  readonly #id: string;
  readonly #guests: Guests;
  readonly #routing: Routing;
  #count = 0;

  constructor(id: string, guests: Guests, routing: Routing, streams: StreamConduits) {
    this.#id = id;
    this.#guests = guests;
    this.#routing = routing;
    this.streams = streams;
  }

  /**
   * A connection to a service's own port for a guest that may have it. Waits for a service that is being moved or started
   * again. -CONNREFUSED when there is none, it is stopped, it keeps ending or does not listen there; -NETDOWN.
   */
  async dial(asking: Asking, service: string, to: Address, signal: AbortSignal): Promise<Conduit | Result> {
    const deadline = performance.now() + waitMsMax;
    while (!signal.aborted && performance.now() < deadline) {
      const placement = this.#routing.placement(service);
      if (placement === undefined || placement.state === "off" || placement.kind !== "server")
        return -errno.CONNREFUSED;
      if (placement.worker === this.#id) {
        const guest = this.#guest(service);
        if (guest !== undefined) return this.#dialHere(guest, to);
      } else if (placement.worker !== undefined) {
        const answer = await this.client.open("dial", {
          ...asking,
          to: service,
          port: to.port,
          worker: placement.worker,
        });
        if ("fd" in answer) return signal.aborted ? cancelled(answer.fd) : this.streams.open(answer.fd, to);
        if ("error" in answer) return answer.error;
      }
      try {
        await this.#routing.changed(service, Math.min(lookAgainMs, deadline - performance.now()));
      } catch {
        return -errno.CONNREFUSED;
      }
    }
    return signal.aborted ? -errno.CANCELED : -errno.CONNREFUSED;
  }

  async #dialHere(guest: ServerGuest, to: Address): Promise<Conduit | Result> {
    const release = taken(guest);
    try {
      const conduit = await guest.dial(this.#from(), to.port);
      whenClosed(conduit, release);
      return { ...conduit, remote: to };
    } catch {
      release();
      return -errno.CONNREFUSED;
    }
  }

  async #accept({ service, port }: LaneOffers["accept"]["body"], fd: number): Promise<LaneOffers["accept"]["answer"]> {
    const guest = this.#routing.placement(service)?.worker === this.#id ? this.#guest(service) : undefined;
    if (guest === undefined) {
      closeSync(fd);
      return { elsewhere: true };
    }
    const release = taken(guest);
    try {
      this.streams.join(fd, await guest.dial(this.#from(), port), release);
      return {};
    } catch {
      release();
      closeSync(fd);
      return { error: -errno.CONNREFUSED };
    }
  }

  #guest(service: string): ServerGuest | undefined {
    const placement = this.#routing.placement(service);
    const guest = placement && this.#guests.get(service, placement.revision);
    return guest?.kind === "stream" ? guest : undefined;
  }

  #from(): Address {
    return { ip: guestIp, port: ports.first + (this.#count++ % ports.count) };
  }
}

/** Counts as in flight, so that a revision that is replaced finishes it. What to call at its end. */
function taken({ activity }: ServerGuest): () => void {
  activity.requests++;
  activity.active++;
  return () => {
    if (--activity.active === 0) activity.onIdle?.();
  };
}

/** Both directions have ended, one way or another. */
function whenClosed({ input, output }: Conduit, done: () => void): void {
  let open = 2;
  const closed = (): void => {
    if (--open === 0) done();
  };
  input.onClosed = closed;
  output.onClosed = closed;
}

function cancelled(fd: number): Result {
  closeSync(fd);
  return -errno.CANCELED;
}
