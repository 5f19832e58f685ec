import { Duplex } from "node:stream";
import type { Conduit } from "../../base/conduit.ts";
import type { FloodGuard } from "./flood-guard.ts";

/** A connection in memory as node:http2 gets it, with the guard in between. */
export class ConduitStream extends Duplex {
  readonly #conduit: Conduit;
  readonly #guard: FloodGuard;
  #afterDrain: (() => void) | undefined;
  #pumping: boolean = false;

  constructor(conduit: Conduit, guard: FloodGuard) {
    super({ allowHalfOpen: true });
    this.#conduit = conduit;
    this.#guard = guard;
    conduit.output.onWritable = () => this.#drained();
  }

  override _read(): void {
    // Before anybody reads, what the guest says waits where it is.
    this.#conduit.input.onReadable ??= () => this.#pump();
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#guard.sent(chunk);
    if (this.#conduit.output.push(chunk) || this.#conduit.output.closed) done();
    else this.#afterDrain = done;
  }

  override _final(done: () => void): void {
    this.#conduit.output.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#conduit.input.onReadable = undefined;
    this.#conduit.output.end();
    this.#conduit.input.cancel();
    this.#drained();
    done(error);
  }

  #pump(): void {
    const { input } = this.#conduit;
    // Taking a chunk may make the guest push the next one: its turn comes below.
    if (this.#pumping) return;
    this.#pumping = true;
    for (let more = true; more && !this.#guard.flooded; ) {
      const chunk = input.shift();
      if (chunk === undefined) break;
      this.#guard.received(chunk);
      more = !this.#guard.flooded && this.push(chunk);
    }
    this.#pumping = false;
    if (!input.finished) return;
    input.onReadable = undefined;
    if (input.failure === undefined) this.push(null);
    else this.destroy();
  }

  #drained(): void {
    const done = this.#afterDrain;
    this.#afterDrain = undefined;
    done?.();
  }
}
