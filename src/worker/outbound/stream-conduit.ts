import { Socket } from "node:net";
import type { Address } from "../../base/address.ts";
import type { Conduit } from "../../base/conduit.ts";
import { conduitPair } from "../../base/conduit.ts";
import { Tunnel } from "../../base/tunnel.ts";
import { localAddress } from "../../net/socket-address.ts";
import { StallWatch } from "../../net/socket-handle.ts";
import { type Swept, Ticker } from "../../net/ticker.ts";

/** How long the other end may take nothing of what a guest left to be sent when it closed the connection. */
const stallMsMax = 60_000;

/** Connected sockets that were handed over, each joined with a guest's end of an in-memory connection. */
export class StreamConduits {
  readonly #ticker = new Ticker();

  /** The dialling end of a connection to `remote`, over a descriptor that this owns from now on. */
  open(fd: number, remote: Address): Conduit {
    const socket = socketOf(fd);
    const [near, far] = conduitPair(localAddress(socket), remote);
    this.#join(socket, far, () => {});
    return near;
  }

  /** Joins a descriptor with a dialling end. `onDone` is called once, when it is closed. */
  join(fd: number, conduit: Conduit, onDone: () => void): void {
    this.#join(socketOf(fd), conduit, onDone);
  }

  #join(socket: Socket, conduit: Conduit, onDone: () => void): void {
    const watched = new Leftover(socket, conduit);
    this.#ticker.add(watched);
    const done = (): void => {
      this.#ticker.remove(watched);
      onDone();
    };
    new Tunnel(socket, conduit, done).start(undefined);
  }
}

function socketOf(fd: number): Socket {
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true, manualStart: true } as never);
  // What a guest writes comes in pieces that are worth a packet.
  socket.setNoDelay(true);
  return socket;
}

/** A guest that is slow to read is its own affair; one that has gone leaves nothing that waits for ever. */
class Leftover implements Swept {
  readonly #socket: Socket;
  readonly #conduit: Conduit;
  readonly #stall: StallWatch;

  constructor(socket: Socket, conduit: Conduit) {
    this.#socket = socket;
    this.#conduit = conduit;
    this.#stall = new StallWatch(socket);
  }

  sweep(now: number): void {
    const left = this.#conduit.input.closed && this.#conduit.output.cancelled;
    if (left && this.#stall.stalled(now, stallMsMax)) this.#socket.resetAndDestroy();
  }
}
