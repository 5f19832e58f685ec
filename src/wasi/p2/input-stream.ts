import type { Waited } from "../guest-thread.ts";
import type { P2Host } from "./host.ts";
import { Pollable, type Waitable, waitUntil } from "./pollable.ts";
import { ok, type WitResult } from "./result.ts";
import { isStreamError, type StreamError, streamFailure, type WitStreamError } from "./stream-error.ts";

/** What one read gives at most; what it gives is copied into the guest's memory. */
const readBytesMax = 1024 * 1024;

const empty = new Uint8Array(0);

/** `wasi:io/streams.input-stream`, whatever it reads from. */
export abstract class InputStream implements Waitable {
  protected readonly host: P2Host;
  #failed: boolean = false;
  #dropped: boolean = false;

  constructor(host: P2Host) {
    host.resources.add();
    this.host = host;
  }

  /**
   * Takes up to `length` bytes, at least 1, which nobody writes to from then on; none when none has come yet. Never blocks. The end and
   * failures come behind the bytes before them; the end must be told as often as it is asked for.
   */
  protected abstract take(length: number): Uint8Array | StreamError;
  /** Whether {@link take} would give bytes or an end. */
  protected abstract available(): boolean;
  /** Whether {@link take} would give an end, where that can be told beforehand. */
  protected ended(): boolean {
    return false;
  }
  abstract readonly waited: Waited | undefined;
  /** Lets go of what it reads from. */
  protected abstract close(): void;

  /** The guest has no use for it any more. */
  protected get dropped(): boolean {
    return this.#dropped;
  }

  ready(): boolean {
    return this.#dropped || this.#failed || this.available();
  }

  /** Up to so many bytes, as many as have come, or the end: for a reader on the host's side. */
  next(length: bigint): Uint8Array | StreamError {
    if (this.#failed) return "closed";
    if (length === 0n && !this.ended()) return empty;
    const taken = this.take(length < readBytesMax ? Math.max(1, Number(length)) : readBytesMax);
    if (isStreamError(taken)) this.#failed = taken !== "closed";
    return taken;
  }

  read(length: bigint): WitResult<Uint8Array, WitStreamError> {
    const taken = this.next(length);
    return isStreamError(taken) ? streamFailure(taken) : ok(taken);
  }

  blockingRead(length: bigint): WitResult<Uint8Array, WitStreamError> | Promise<WitResult<Uint8Array, WitStreamError>> {
    return this.#blocking(length, ok);
  }

  skip(length: bigint): WitResult<bigint, WitStreamError> {
    const taken = this.next(length);
    return isStreamError(taken) ? streamFailure(taken) : ok(BigInt(taken.length));
  }

  blockingSkip(length: bigint): WitResult<bigint, WitStreamError> | Promise<WitResult<bigint, WitStreamError>> {
    return this.#blocking(length, (taken) => ok(BigInt(taken.length)));
  }

  subscribe(): Pollable {
    return new Pollable(this.host, this);
  }

  drop(): void {
    this.#dropped = true;
    this.host.resources.remove();
    this.close();
  }

  #blocking<T>(
    length: bigint,
    give: (taken: Uint8Array) => WitResult<T, WitStreamError>,
  ): WitResult<T, WitStreamError> | Promise<WitResult<T, WitStreamError>> {
    const attempt = () => {
      const taken = this.next(length);
      if (isStreamError(taken)) return streamFailure(taken);
      return taken.length > 0 || length === 0n ? give(taken) : undefined;
    };
    const first = attempt();
    if (first === undefined) return waitUntil(this.host, this, attempt);
    const { thread } = this.host;
    return thread.overdue ? thread.pause(first) : first;
  }
}
