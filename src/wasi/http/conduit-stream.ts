import { Duplex } from "node:stream";
import { type Conduit, resetConduit } from "../../base/conduit.ts";

/** The dialling end of a connection as a stream, for Node's modules that speak protocols over one. */
export class ConduitStream extends Duplex {
  readonly #conduit: Conduit;
  #wanted: boolean = false;
  #pumping: boolean = false;
  /** What is to be called once there is room again. */
  #blocked: (() => void) | undefined;

  constructor(conduit: Conduit) {
    super();
    this.#conduit = conduit;
    conduit.input.onReadable = () => this.#pump();
    conduit.output.onWritable = () => this.#unblock();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { output } = this.#conduit;
    if (output.closed) done(new Error("the connection was closed"));
    else if (output.push(chunk)) done();
    else this.#blocked = () => done(output.cancelled ? new Error("the connection was closed") : null);
  }

  override _final(done: () => void): void {
    this.#conduit.output.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { input, output } = this.#conduit;
    input.onReadable = undefined;
    output.onWritable = undefined;
    if (!input.finished || !output.closed) resetConduit(this.#conduit);
    done(error);
  }

  #pump(): void {
    const { input } = this.#conduit;
    // Taking a chunk may bring the next one before this one is passed on: that one's turn comes after.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#wanted) {
      const chunk = input.shift();
      if (chunk === undefined) break;
      this.#wanted = this.push(chunk);
    }
    this.#pumping = false;
    if (!input.finished || this.readableEnded) return;
    if (input.failure !== undefined) this.destroy(new Error(input.failure.message));
    else if (this.#wanted) {
      this.#wanted = false;
      this.push(null);
    }
  }

  #unblock(): void {
    const blocked = this.#blocked;
    this.#blocked = undefined;
    blocked?.();
  }
}
