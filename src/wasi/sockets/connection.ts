import { type Conduit, resetConduit } from "../../base/conduit.ts";
import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { gather } from "../gather.ts";
import type { SocketName, UnixEnds } from "./socket-name.ts";
import { SocketOptions } from "./socket-options.ts";

/** Opens the far side of a connection, now or later. A call that is aborted may give whatever it likes. */
export type Opening = (signal: AbortSignal) => Conduit | Result | Promise<Conduit | Result>;

/** A guest's stream socket that is connected or was told to be: one end of an in-memory connection, once it has it. */
export class Connection implements Descriptor {
  readonly type = filetype.streamSocket;
  flags = 0;
  wake: (() => void) | undefined;
  #end: Conduit | undefined;
  #options: SocketOptions | undefined;
  #connecting: AbortController | undefined;
  /** Why it could not be connected, until the guest is told (SO_ERROR). */
  #error = 0;
  #unix: UnixEnds | undefined;
  #readable: boolean = true;
  #writable: boolean = true;

  /** Without an end it is to be connected by {@link connect}. `unix`: the names of a unix socket's. */
  constructor(end?: Conduit, options?: SocketOptions, unix?: UnixEnds) {
    this.#options = options;
    this.#unix = unix;
    if (end !== undefined) this.#attach(end);
  }

  get options(): SocketOptions {
    this.#options ??= new SocketOptions();
    return this.#options;
  }
  get local(): SocketName | undefined {
    return this.#unix === undefined ? this.#end?.local : this.#unix.local;
  }
  get remote(): SocketName | undefined {
    return this.#end === undefined ? undefined : (this.#unix?.remote ?? this.#end.remote);
  }
  get connected(): boolean {
    return this.#end !== undefined;
  }
  get connecting(): boolean {
    return this.#connecting !== undefined;
  }

  get heldBytes(): number {
    return this.#end === undefined ? 0 : this.#end.input.bytes + this.#end.output.bytes;
  }

  timeout(direction: "read" | "write"): bigint | undefined {
    return this.#options?.timeout(direction);
  }

  /** 0 when it is connected at once, -INPROGRESS when that takes time, or an error. `unix`: the names of a unix socket's. */
  connect(open: Opening, unix?: UnixEnds): Result {
    if (this.#end !== undefined) return -errno.ISCONN;
    if (this.#connecting !== undefined) return -errno.ALREADY;
    this.#error = 0;
    this.#unix = unix;
    const attempt = new AbortController();
    const opened = open(attempt.signal);
    if (typeof opened === "number") return opened;
    if (!(opened instanceof Promise)) {
      this.#attach(opened);
      return 0;
    }
    this.#connecting = attempt;
    void opened.then((result) => this.#settle(attempt, result));
    return -errno.INPROGRESS;
  }

  /** An error that the guest has not been told yet (SO_ERROR); it is told once. */
  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    if (error !== 0) return error;
    const input = this.#end?.input;
    return input?.failure !== undefined && input.bytes === 0 ? brokenBy(input.failure.code) : 0;
  }

  read(buffers: readonly Uint8Array[]): Result {
    return this.receive(buffers, false);
  }

  /** `peek` leaves what was read in place (MSG_PEEK). */
  receive(buffers: readonly Uint8Array[], peek: boolean): Result {
    if (this.#end === undefined) return this.#notConnected();
    const { input } = this.#end;
    if (!this.#readable || buffers.length === 0) return 0;
    if (input.bytes === 0) {
      if (input.failure !== undefined) return -brokenBy(input.failure.code);
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
    this.#end.work?.touch();
    return count;
  }

  /** As {@link read}, but gives what came without copying it: at most so many bytes. */
  shift(lengthMax: number): Uint8Array | Result {
    if (this.#end === undefined) return this.#notConnected();
    const { input, work } = this.#end;
    if (!this.#readable) return 0;
    const chunk = input.shift(lengthMax);
    if (chunk === undefined) {
      if (input.failure !== undefined) return -brokenBy(input.failure.code);
      return input.closed ? 0 : -errno.AGAIN;
    }
    work?.touch();
    return chunk;
  }

  write(buffers: readonly Uint8Array[]): Result {
    if (this.#end === undefined) return this.#notConnected();
    const { output } = this.#end;
    if (!this.#writable || output.closed) return -errno.PIPE;
    if (buffers.length === 0) return 0;
    if (!output.writable) return -errno.AGAIN;
    // At most one queue's length at a time, or one large write would take as much again of the host's memory.
    const chunk = gather(buffers, output.bytesMax);
    this.#end.work?.touch();
    output.push(chunk);
    return chunk.length;
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    if (this.#end === undefined) return this.#connecting === undefined ? { bytes: 0, hangup: true } : undefined;
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
    if (this.#end === undefined) return -errno.NOTCONN;
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
    this.#connecting?.abort();
    this.#connecting = undefined;
    if (this.#end === undefined) return;
    // SO_LINGER of no time is how a program asks for a reset.
    if (this.#options?.linger === 0) this.reset("the connection was broken off");
    else this.#release(this.#end);
  }

  /** Breaks the connection off: the guest did not end it, it ended itself. */
  reset(why: string, code?: string): void {
    if (this.#end === undefined) return;
    this.#end.input.onReadable = undefined;
    this.#end.output.onWritable = undefined;
    resetConduit(this.#end, why, code);
  }

  #attach(end: Conduit): void {
    this.#end = end;
    const wake = () => this.wake?.();
    end.input.onReadable = wake;
    end.output.onWritable = wake;
  }

  #release({ input, output }: Conduit): void {
    input.onReadable = undefined;
    output.onWritable = undefined;
    output.end();
    input.cancel();
  }

  #settle(attempt: AbortController, result: Conduit | Result): void {
    if (this.#connecting !== attempt) {
      // It was closed meanwhile.
      if (typeof result !== "number") this.#release(result);
      return;
    }
    this.#connecting = undefined;
    if (typeof result === "number") this.#error = -result;
    else this.#attach(result);
    this.wake?.();
  }

  #notConnected(): Result {
    if (this.#connecting !== undefined) return -errno.AGAIN;
    const error = this.takeError();
    return -(error === 0 ? errno.NOTCONN : error);
  }
}

function brokenBy(code: string): number {
  return code === "connection.timed-out" ? errno.TIMEDOUT : errno.CONNRESET;
}
