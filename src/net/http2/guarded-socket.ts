import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { FloodGuard } from "./flood-guard.ts";

/** Frames come in pieces: up to so many bytes it costs less to copy them than to write each. */
const copiedBytesMax = 16 * 1024;

/**
 * A client's socket as node:http2 gets it: with the guard in between, which node:http2 leaves no place for on a socket of its
 * own (it reads that natively).
 */
export class GuardedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #guard: FloodGuard;
  #afterDrain: (() => void) | undefined;

  constructor(socket: Socket, guard: FloodGuard) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#guard = guard;
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("end", () => this.push(null));
    socket.on("drain", () => this.#drained());
    socket.on("close", () => this.destroy());
    // What went wrong does not matter here: "close" follows.
    socket.on("error", () => {});
  }

  /** Bytes of the client, read here or by whoever had the socket before. */
  receive(chunk: Buffer): void {
    if (this.#guard.flooded || this.destroyed) return;
    this.#guard.received(chunk);
    if (!this.#guard.flooded && !this.push(chunk)) this.#socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#guard.sent(chunk);
    if (this.#socket.write(chunk)) done();
    else this.#afterDrain = done;
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: () => void): void {
    let bytes = 0;
    for (const { chunk } of chunks) bytes += chunk.length;
    if (bytes <= copiedBytesMax) {
      this._write(
        Buffer.concat(
          chunks.map(({ chunk }) => chunk),
          bytes,
        ),
        "buffer" as BufferEncoding,
        done,
      );
      return;
    }
    this.#socket.cork();
    for (const { chunk } of chunks) {
      this.#guard.sent(chunk);
      this.#socket.write(chunk);
    }
    this.#socket.uncork();
    if (this.#socket.writableNeedDrain) this.#afterDrain = done;
    else done();
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#drained();
    // What was written goes out; what still comes is thrown away until the connection's owner has waited long enough.
    this.#socket.end();
    this.#socket.resume();
    done(error);
  }

  #drained(): void {
    const done = this.#afterDrain;
    this.#afterDrain = undefined;
    done?.();
  }
}
