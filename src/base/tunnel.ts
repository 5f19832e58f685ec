import type { Socket } from "node:net";
import type { Conduit } from "./conduit.ts";
import { resetConduit } from "./conduit.ts";
import { systemCode } from "./errors.ts";

/**
 * Pipes a socket and a guest's connection into each other, with backpressure and half-close both ways: a client's on TCP
 * routes and after a 101, a server's that a guest connected to. `onDone` is called once, when the socket is closed.
 */
export class Tunnel {
  readonly #socket: Socket;
  readonly #conduit: Conduit;
  readonly #onDone: () => void;
  #blocked: boolean = false;
  #pumping: boolean = false;
  #due: boolean = false;
  readonly #pump = (): void => {
    this.#due = false;
    if (!this.#socket.destroyed) this.#toSocket();
  };
  /** What the socket closed on, as the guest is to hear of it. */
  #failure: string | undefined;

  constructor(socket: Socket, conduit: Conduit, onDone: () => void) {
    this.#socket = socket;
    this.#conduit = conduit;
    this.#onDone = onDone;
  }

  /** `ahead` was read from the socket already. */
  start(ahead: Uint8Array | undefined): void {
    const { input, output } = this.#conduit;
    const socket = this.#socket;
    input.onReadable = () => this.#later();
    output.onWritable = () => this.#onGuestWritable();
    socket.on("data", (chunk: Buffer) => this.#toGuest(chunk));
    socket.on("end", () => output.end());
    socket.on("drain", () => {
      this.#blocked = false;
      this.#toSocket();
    });
    // "close" follows and ends both sides.
    socket.on("error", (error) => {
      if (systemCode(error) === "ETIMEDOUT") this.#failure = "connection.timed-out";
    });
    socket.on("close", () => this.#onClose());
    if (ahead !== undefined) this.#toGuest(ahead);
    if (socket.readableEnded) output.end();
    this.#toSocket();
    if (output.writable || output.closed) socket.resume();
  }

  #toGuest(chunk: Uint8Array): void {
    const { output } = this.#conduit;
    if (!output.push(chunk) && !output.closed) this.#socket.pause();
  }

  #onGuestWritable(): void {
    // A guest that closed both ways has no use for what the client still sends.
    const { input, output } = this.#conduit;
    if (!output.cancelled || !input.finished) this.#socket.resume();
    else if (input.failure === undefined) this.#socket.destroySoon();
    else this.#reset();
  }

  /** What a guest writes before it waits goes out with one call of the system. */
  #later(): void {
    if (this.#due) return;
    this.#due = true;
    process.nextTick(this.#pump);
  }

  #toSocket(): void {
    const { input, output } = this.#conduit;
    const socket = this.#socket;
    // Taking a chunk may make the guest push the next one before this one is written: that one's turn comes after.
    if (this.#pumping) return;
    this.#pumping = true;
    let chunk = this.#blocked ? undefined : input.shift();
    if (chunk !== undefined && input.bytes > 0) socket.cork();
    for (; chunk !== undefined; chunk = this.#blocked ? undefined : input.shift()) this.#blocked = !socket.write(chunk);
    if (socket.writableCorked > 0) socket.uncork();
    this.#pumping = false;
    if (!input.finished) return;
    if (input.failure !== undefined) this.#reset();
    else if (output.cancelled) socket.destroySoon();
    else socket.end();
  }

  #reset(): void {
    const socket = this.#socket;
    // Node cannot reset one that is being shut down (EINVAL of uv_tcp_close_reset), and would leave it open for ever.
    if (socket.writableEnded && !socket.writableFinished) socket.destroy();
    else socket.resetAndDestroy();
  }

  #onClose(): void {
    const { input, output } = this.#conduit;
    input.onReadable = undefined;
    output.onWritable = undefined;
    if (!input.finished || !output.closed) resetConduit(this.#conduit, "the other end went away", this.#failure);
    this.#onDone();
  }
}
