import type { Address } from "../../base/address.ts";
import { type Conduit, resetConduit } from "../../base/conduit.ts";
import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { gather } from "../gather.ts";

/** A guest's TCP socket: one end of an in-memory connection. */
export class Connection implements Descriptor {
  readonly type = filetype.streamSocket;
  flags = 0;
  wake: (() => void) | undefined;
  readonly #end: Conduit;
  #readable: boolean = true;
  #writable: boolean = true;

  constructor(end: Conduit) {
    this.#end = end;
    const wake = () => this.wake?.();
    end.input.onReadable = wake;
    end.output.onWritable = wake;
  }

  get local(): Address {
    return this.#end.local;
  }
  get remote(): Address {
    return this.#end.remote;
  }

  get heldBytes(): number {
    return this.#end.input.bytes + this.#end.output.bytes;
  }

  read(buffers: readonly Uint8Array[]): Result {
    return this.receive(buffers, false);
  }

  /** `peek` leaves what was read in place (MSG_PEEK). */
  receive(buffers: readonly Uint8Array[], peek: boolean): Result {
    const { input } = this.#end;
    if (!this.#readable || buffers.length === 0) return 0;
    if (input.bytes === 0) {
      if (input.failure !== undefined) return -errno.CONNRESET;
      return input.closed ? 0 : -errno.AGAIN;
    }
    // A peek does not move on, so it can fill one buffer only.
    if (peek) return input.read(buffers[0]!, true);
    let count = 0;
    for (const buffer of buffers) {
      const got = input.read(buffer);
      count += got;
      if (got < buffer.length) break;
    }
    return count;
  }

  write(buffers: readonly Uint8Array[]): Result {
    const { output } = this.#end;
    if (!this.#writable || output.closed) return -errno.PIPE;
    if (buffers.length === 0) return 0;
    if (!output.writable) return -errno.AGAIN;
    // At most one queue's length at a time, or one large write would take as much again of the host's memory.
    const chunk = gather(buffers, output.bytesMax);
    output.push(chunk);
    return chunk.length;
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    const { input, output } = this.#end;
    // A connection that broke wakes who waits for either direction (POSIX poll: POLLHUP is always reported).
    const broken = input.failure !== undefined && input.bytes === 0;
    if (interest === "read") {
      if (this.#readable && !input.readable) return undefined;
      return { bytes: this.#readable ? input.bytes : 0, hangup: !this.#readable || input.finished };
    }
    const closed = broken || !this.#writable || output.closed;
    if (!closed && !output.writable) return undefined;
    return { bytes: closed ? 0 : output.bytesMax - output.bytes, hangup: closed };
  }

  /** Closes one direction or both; INVAL when neither is asked for. */
  shutdown(read: boolean, write: boolean): Result {
    if (!read && !write) return -errno.INVAL;
    if (read) {
      this.#readable = false;
      this.#end.input.cancel();
    }
    if (write) {
      this.#writable = false;
      this.#end.output.end();
    }
    return 0;
  }

  close(): void {
    const { input, output } = this.#end;
    input.onReadable = undefined;
    output.onWritable = undefined;
    output.end();
    input.cancel();
  }

  /** Breaks the connection off: the guest did not end it, it ended itself. */
  reset(why: string, code?: string): void {
    this.#end.input.onReadable = undefined;
    this.#end.output.onWritable = undefined;
    resetConduit(this.#end, why, code);
  }
}
