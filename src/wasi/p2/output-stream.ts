import type { Waited } from "../guest-thread.ts";
import type { P2Host } from "./host.ts";
import type { InputStream } from "./input-stream.ts";
import { Pollable, type Waitable, waitUntil } from "./pollable.ts";
import { done, ok, type WitResult } from "./result.ts";
import { closed, isStreamError, type StreamError, streamFailure, type WitStreamError } from "./stream-error.ts";
import { trap } from "./trap.ts";

/** What one call that blocks takes (wasi:io/streams: "up to 4096 bytes"). */
const blockingBytesMax = 4096;

type Written = WitResult<undefined, WitStreamError>;

/** `wasi:io/streams.output-stream`, whatever it writes to. */
export abstract class OutputStream implements Waitable {
  protected readonly host: P2Host;
  /** Bytes that the guest may write before it asks again. */
  #permit = 0;
  #flushing: boolean = false;
  #state: "open" | "failed" | "dropped" = "open";

  constructor(host: P2Host) {
    host.resources.add();
    this.host = host;
  }

  /** Bytes that {@link put} takes now, 0 when it has to wait, or why it takes none any more. The end must be told as often as it is asked for. */
  protected abstract room(): number | StreamError;
  /** Takes all of the contents, no more than there was room for. They are the guest's: to be copied, or written before it returns. */
  protected abstract put(contents: Uint8Array): undefined | StreamError;
  /** Whether all that was put is where it was to go, or why it never will be. Unless a kind of stream has something to flush, it is. */
  protected flushed(): boolean | StreamError {
    return true;
  }
  abstract readonly waited: Waited | undefined;
  /** Lets go of what it writes to. */
  protected abstract close(): void;

  /** The guest has no use for it any more. */
  protected get dropped(): boolean {
    return this.#state === "dropped";
  }

  ready(): boolean {
    return this.#state !== "open" || this.#check() !== 0;
  }

  checkWrite(): WitResult<bigint, WitStreamError> {
    const room = this.#check();
    if (isStreamError(room)) return this.#fail(room);
    this.#permit = room;
    return ok(BigInt(room));
  }

  write(contents: Uint8Array): Written {
    return this.#spend(contents.length) ?? this.#put(contents);
  }

  writeZeroes(length: bigint): Written {
    const count = Number(length);
    return this.#spend(count) ?? this.#put(new Uint8Array(count));
  }

  flush(): Written {
    if (this.#state !== "open") return closed;
    const flushed = this.flushed();
    if (isStreamError(flushed)) return this.#fail(flushed);
    const room = flushed ? this.room() : 0;
    if (isStreamError(room)) return this.#fail(room);
    this.#flushing = !flushed;
    return done;
  }

  blockingFlush(): Written | Promise<Written> {
    const begun = this.flush();
    return begun.tag === "ok" ? this.#untilFlushed() : begun;
  }

  blockingWriteAndFlush(contents: Uint8Array): Written | Promise<Written> {
    if (contents.length > blockingBytesMax)
      trap(`blocking-write-and-flush takes ${blockingBytesMax} bytes at the most`);
    const room = this.#check();
    if (isStreamError(room)) return this.#fail(room);
    if (room < contents.length) return this.#writeInTurns(new Uint8Array(contents));
    const written = this.#put(contents);
    return written.tag === "ok" ? this.#untilFlushed() : written;
  }

  blockingWriteZeroesAndFlush(length: bigint): Written | Promise<Written> {
    if (length > blockingBytesMax) trap(`blocking-write-zeroes-and-flush takes ${blockingBytesMax} bytes at the most`);
    return this.blockingWriteAndFlush(new Uint8Array(Number(length)));
  }

  splice(source: InputStream, length: bigint): WitResult<bigint, WitStreamError> {
    const room = this.#check();
    if (isStreamError(room)) return this.#fail(room);
    if (room === 0 || length === 0n) return ok(0n);
    const taken = source.next(length < room ? length : BigInt(room));
    if (isStreamError(taken)) return streamFailure(taken);
    // What a permit promised is not true any more.
    this.#permit = 0;
    const written = this.#put(taken);
    return written.tag === "ok" ? ok(BigInt(taken.length)) : written;
  }

  blockingSplice(
    source: InputStream,
    length: bigint,
  ): WitResult<bigint, WitStreamError> | Promise<WitResult<bigint, WitStreamError>> {
    if (length === 0n) return this.splice(source, length);
    return this.#spliceWhenReady(source, length);
  }

  subscribe(): Pollable {
    return new Pollable(this.host, this);
  }

  drop(): void {
    this.#state = "dropped";
    this.host.resources.remove();
    this.close();
  }

  /** {@link room}, none while a flush is under way. */
  #check(): number | StreamError {
    if (this.#state !== "open") return "closed";
    if (this.#flushing) {
      const flushed = this.flushed();
      if (isStreamError(flushed)) return flushed;
      if (!flushed) return 0;
      this.#flushing = false;
    }
    return this.room();
  }

  /** Traps when the guest writes more than check-write has permitted. */
  #spend(length: number): Written | undefined {
    if (this.#state !== "open") return closed;
    if (length > this.#permit) trap(`the guest writes ${length} bytes where check-write permitted ${this.#permit}`);
    this.#permit -= length;
    return undefined;
  }

  #put(contents: Uint8Array): Written {
    if (contents.length === 0) return done;
    const failure = this.put(contents);
    return failure === undefined ? done : this.#fail(failure);
  }

  #fail(error: StreamError): { readonly tag: "err"; readonly val: WitStreamError } {
    if (error !== "closed") this.#state = "failed";
    this.#permit = 0;
    return streamFailure(error);
  }

  #untilFlushed(): Written | Promise<Written> {
    const attempt = (): Written | undefined => {
      const flushed = this.flushed();
      if (isStreamError(flushed)) return this.#fail(flushed);
      return flushed ? done : undefined;
    };
    this.#permit = 0;
    const first = attempt();
    if (first === undefined) return waitUntil(this.host, this, attempt);
    const { thread } = this.host;
    return thread.overdue ? thread.pause(first) : first;
  }

  async #writeInTurns(contents: Uint8Array): Promise<Written> {
    let rest = contents;
    const attempt = (): Written | undefined => {
      for (;;) {
        const room = this.#check();
        if (isStreamError(room)) return this.#fail(room);
        if (room === 0) return undefined;
        const part = this.#put(rest.subarray(0, room));
        rest = rest.subarray(room);
        // What was put may have been taken at once: nobody would tell of that room any more.
        if (part.tag === "err" || rest.length === 0) return part;
      }
    };
    const written = attempt() ?? (await waitUntil(this.host, this, attempt));
    return written.tag === "ok" ? this.#untilFlushed() : written;
  }

  async #spliceWhenReady(source: InputStream, length: bigint): Promise<WitResult<bigint, WitStreamError>> {
    const both: Waitable[] = [this, source];
    for (;;) {
      const waiting = both.find((one) => !one.ready());
      if (waiting === undefined) return this.splice(source, length);
      await waitUntil(this.host, waiting, () => (waiting.ready() ? true : undefined));
    }
  }
}
