import type { Address } from "../../base/address.ts";
import { type Conduit, type ConnectionWork, conduitPair, resetConduit } from "../../base/conduit.ts";
import { WarrenError } from "../../base/errors.ts";

/** As Linux' default net.core.somaxconn was for long; a guest that is this far behind should refuse. */
const backlogMaxDefault = 1024;

export interface VirtualListenerOptions {
  /** Connections that may wait to be accepted; 1024 when not given. */
  readonly backlogMax?: number;
  /** Bytes that each direction of a connection holds; the default of `Flow` when not given. */
  readonly bytesMax?: number;
  /** Asked before each connection, with the number of those that wait already; always when not given. */
  readonly hasRoom?: (waiting: number) => boolean;
  /** For each connection: where the program's work for it is counted. */
  readonly openWork?: () => ConnectionWork;
}

/**
 * A TCP port that a guest listens on in its own virtual network, or a unix socket's name. The host or the guest dials it; the
 * guest's socket accepts.
 */
export class VirtualListener {
  /** The address that the guest is bound to. */
  readonly address: Address;
  /** Called once, when the guest first shows that it will accept. */
  onListen: (() => void) | undefined;
  /** Guest's: a connection waits, or the listener was closed. */
  onConnection: (() => void) | undefined;
  /** Network's: the port is free again. */
  onClose: (() => void) | undefined;
  readonly #backlogMax: number;
  readonly #bytesMax: number | undefined;
  readonly #hasRoom: ((waiting: number) => boolean) | undefined;
  readonly #openWork: (() => ConnectionWork) | undefined;
  #queue: Conduit[] = [];
  #state: "handed" | "listening" | "closed" = "handed";

  constructor(
    address: Address,
    { backlogMax = backlogMaxDefault, bytesMax, hasRoom, openWork }: VirtualListenerOptions = {},
  ) {
    this.address = address;
    this.#backlogMax = backlogMax;
    this.#bytesMax = bytesMax;
    this.#hasRoom = hasRoom;
    this.#openWork = openWork;
  }

  get #name(): string {
    const { ip, port } = this.address;
    return port === 0 ? ip : `port ${port}`;
  }

  /** The guest accepts connections, or waits for them. */
  get listening(): boolean {
    return this.#state === "listening";
  }
  get closed(): boolean {
    return this.#state === "closed";
  }
  /** Connections that wait to be accepted. */
  get pending(): number {
    return this.#queue.length;
  }
  /** Bytes that they have sent. */
  get waitingBytes(): number {
    return this.#queue.reduce((sum, end) => sum + end.input.bytes, 0);
  }

  /**
   * Dials the guest; the dialling end. Connections to a listener that is not `listening` yet wait in the backlog. Throws
   * `service.backlog-full`, `limits.memory` when the guest may hold no more, and, once closed, `service.unavailable`, all with
   * status 503. `to`: the address that was dialled, where it is not the one bound to.
   */
  connect(from: Address, to: Address = this.address): Conduit {
    if (this.#state === "closed") {
      throw new WarrenError("service.unavailable", `the program no longer listens on ${this.#name}`, {
        status: 503,
      });
    }
    if (this.#queue.length >= this.#backlogMax) this.#queue = this.#queue.filter((end) => !abandoned(end));
    if (this.#queue.length >= this.#backlogMax) {
      throw new WarrenError(
        "service.backlog-full",
        `${this.#backlogMax} connections to ${this.#name} already wait to be accepted by the program`,
        { status: 503 },
      );
    }
    if (this.#hasRoom?.(this.#queue.length) === false) {
      throw new WarrenError(
        "limits.memory",
        "the program's memory and what waits in its connections are over limits.memory: no more connections",
        { status: 503, hint: "Raise limits.memory, or look at why the program or its clients do not read." },
      );
    }
    const [dialler, accepted] = conduitPair(from, to, this.#bytesMax, this.#openWork?.());
    this.#queue.push(accepted);
    this.onConnection?.();
    return dialler;
  }

  /** The guest's end of the connection that waits longest. */
  accept(): Conduit | undefined {
    for (;;) {
      const end = this.#queue.shift();
      if (end === undefined || !abandoned(end)) return end;
    }
  }

  /** The guest has shown that it accepts: it listened, accepted or waited for a connection. */
  markListening(): void {
    if (this.#state !== "handed") return;
    this.#state = "listening";
    const told = this.onListen;
    this.onListen = undefined;
    told?.();
  }

  /** No more connections; those that wait are reset. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const waiting = this.#queue;
    this.#queue = [];
    for (const end of waiting) resetConduit(end, `the program stopped listening on ${this.#name}`);
    this.onConnection?.();
    this.onClose?.();
  }
}

/** The dialler broke off. One that closed in order is still to be accepted: it may have said all that it had to say (as on Linux). */
function abandoned({ input, output }: Conduit): boolean {
  return output.cancelled && input.failure !== undefined;
}
