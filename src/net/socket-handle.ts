import type { Socket } from "node:net";

/**
 * What the front needs of a socket that node:net keeps to itself. `fd` is what libuv polls, `writeQueueSize` the bytes the
 * kernel has not taken yet (node:net's own idle timeout reads it).
 */
export interface SocketHandle {
  readonly fd: number;
  readonly writeQueueSize: number;
  readStop(): number;
  readStart(): number;
}

/** Undefined once the socket is destroyed. */
export function socketHandle(socket: Socket): SocketHandle | undefined {
  return (socket as unknown as { _handle: SocketHandle | null })._handle ?? undefined;
}

/** The TCP connection beneath a TLS connection; the socket itself when it is none. */
export function carrierOf(socket: Socket): Socket {
  return (socket as unknown as { _parent: Socket | null })._parent ?? socket;
}

/** Tells a peer that takes nothing from one that is slow. */
export class StallWatch {
  readonly #socket: Socket;
  #queued = 0;
  #since = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether bytes have waited for the peer for that long without it taking one. To be asked about once a second. */
  stalled(now: number, msMax: number): boolean {
    const queued =
      this.#socket.writableLength === 0
        ? 0
        : this.#socket.writableLength + (socketHandle(carrierOf(this.#socket))?.writeQueueSize ?? 0);
    if (queued === 0 || queued !== this.#queued) {
      this.#queued = queued;
      this.#since = now;
      return false;
    }
    return now - this.#since > msMax;
  }
}
