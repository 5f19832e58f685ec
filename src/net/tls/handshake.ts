import type { Socket } from "node:net";
import type { Swept } from "../ticker.ts";
import { type ClientHello, readClientHello } from "./client-hello.ts";

/** From the connection to its last handshake message; a second more or less. */
const handshakeMsMax = 10_000;

const plainAnswer =
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" +
  "this port speaks TLS: use https:// (request.plain)\n";

export interface HandshakeSteps {
  /** The client's hello has come, the last of `bytes`. The socket is not read any more. */
  hello(hello: ClientHello, bytes: Buffer): void;
  /** The client sent something else; the socket is destroyed. */
  failed(error: { readonly code?: string }): void;
}

/** A connection until its client has said whom it wants to speak to, and then until it is secured. */
export class Handshake implements Swept {
  readonly socket: Socket;
  readonly #since: number;
  readonly #steps: HandshakeSteps;
  readonly #onReadable = (): void => this.#read();
  readonly #onEnd = (): void => void this.socket.destroy();
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, now: number, steps: HandshakeSteps) {
    this.socket = socket;
    this.#since = now;
    this.#steps = steps;
    // What went wrong does not matter here: "close" follows.
    socket.on("error", () => {});
  }

  /** `ahead` was read from the socket by the worker that passed it on. */
  start(ahead: Uint8Array | undefined): void {
    const { socket } = this;
    socket.on("readable", this.#onReadable);
    socket.on("end", this.#onEnd);
    if (ahead !== undefined && ahead.length > 0) this.#take(Buffer.from(ahead));
  }

  sweep(now: number): void {
    if (now - this.#since > handshakeMsMax) this.socket.destroy();
  }

  #read(): void {
    const bytes = this.socket.read() as Buffer | null;
    if (bytes !== null) this.#take(bytes);
  }

  #take(chunk: Buffer): void {
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#bytes = bytes;
    let hello: ClientHello | undefined;
    try {
      hello = readClientHello(bytes);
    } catch (error) {
      this.#release();
      this.#steps.failed(error as { code?: string });
      if (looksLikeHttp(bytes)) this.socket.write(plainAnswer);
      this.socket.destroySoon();
      return;
    }
    if (hello === undefined) return;
    this.#release();
    this.#steps.hello(hello, bytes);
  }

  #release(): void {
    this.socket.off("readable", this.#onReadable);
    this.socket.off("end", this.#onEnd);
  }
}

function looksLikeHttp(bytes: Uint8Array): boolean {
  return bytes[0] !== undefined && bytes[0] >= 0x41 && bytes[0] <= 0x5a;
}
