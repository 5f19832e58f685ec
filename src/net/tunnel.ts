import type { Socket } from "node:net";
import type { Conduit } from "../base/conduit.ts";
import { resetConduit } from "../base/conduit.ts";

/**
 * Pipes a client's socket and a guest's connection into each other, with backpressure and half-close both ways: TCP
 * routes, and HTTP connections after a 101. `onDone` is called once, when the socket is closed.
 */
export class Tunnel {
  readonly #socket: Socket;
  readonly #conduit: Conduit;
  readonly #onDone: () => void;
  #blocked: boolean = false;
  #pumping: boolean = false;

  constructor(socket: Socket, conduit: Conduit, onDone: () => void) {
    this.#socket = socket;
    this.#conduit = conduit;
    this.#onDone = onDone;
  }

  /** `ahead` was read from the socket already. */
  start(ahead: Uint8Array | undefined): void {
    const { input, output } = this.#conduit;
    const socket = this.#socket;
    input.onReadable = () => this.#toClient();
    output.onWritable = () => this.#onGuestWritable();
    socket.on("data", (chunk: Buffer) => this.#toGuest(chunk));
    socket.on("end", () => output.end());
    socket.on("drain", () => {
      this.#blocked = false;
      this.#toClient();
    });
    // What went wrong does not matter here: "close" follows and ends both sides.
    socket.on("error", () => {});
    socket.on("close", () => this.#onClose());
    if (ahead !== undefined) this.#toGuest(ahead);
    if (socket.readableEnded) output.end();
    this.#toClient();
    if (output.writable || output.closed) socket.resume();
  }

  #toGuest(chunk: Uint8Array): void {
    const { output } = this.#conduit;
    if (!output.push(chunk) && !output.closed) this.#socket.pause();
  }

  #onGuestWritable(): void {
    // A guest that closed both ways has no use for what the client still sends.
    if (this.#conduit.output.cancelled && this.#conduit.input.finished) this.#socket.destroySoon();
    else this.#socket.resume();
  }

  #toClient(): void {
    const { input, output } = this.#conduit;
    const socket = this.#socket;
    // Taking a chunk may make the guest push the next one before this one is written: that one's turn comes after.
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#blocked) {
      const chunk = input.shift();
      if (chunk === undefined) break;
      this.#blocked = !socket.write(chunk);
    }
    this.#pumping = false;
    if (!input.finished) return;
    if (input.failure !== undefined) socket.resetAndDestroy();
    else if (output.cancelled) socket.destroySoon();
    else socket.end();
  }

  #onClose(): void {
    const { input, output } = this.#conduit;
    input.onReadable = undefined;
    output.onWritable = undefined;
    if (!input.finished || !output.closed) resetConduit(this.#conduit, "the client went away");
    this.#onDone();
  }
}
