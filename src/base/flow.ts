import type { WarrenError } from "./errors.ts";

/** How many bytes a flow holds before it asks its writer to wait. */
const bytesMaxDefault = 64 * 1024;

/**
 * One direction of an in-memory connection: a bounded queue of chunks with one writer and one reader, each with one
 * callback. Chunks are handed over, not copied: the writer must not touch a chunk it has pushed.
 *
 * The writer may push past the bound (a socket cannot take a chunk back) but must stop when {@link writable} is false and
 * go on at {@link onWritable}. Callbacks run synchronously inside the call that causes them: a `shift` or `read` that makes room
 * may have the writer push, and so call {@link onReadable}, before it returns what it took. A reader must not take more in
 * that callback than it has dealt with, or chunks change places.
 */
export class Flow {
  /** Reader's: data, the end or a failure has arrived. Called on every push, so it must be cheap. */
  onReadable: (() => void) | undefined;
  /** Writer's: room again after {@link writable} was false, or the reader cancelled. */
  onWritable: (() => void) | undefined;

  /** Whoever counts connections: the writer has ended or failed, or the reader cancelled. Called once. */
  onClosed: (() => void) | undefined;

  readonly bytesMax: number;
  #chunks: Uint8Array[] = [];
  #head = 0;
  #offset = 0;
  #bytes = 0;
  #bytesRead = 0;
  #state: "open" | "ended" | "failed" | "cancelled" = "open";
  #failure: WarrenError | undefined;

  constructor(bytesMax: number = bytesMaxDefault) {
    this.bytesMax = bytesMax;
  }

  /** Bytes waiting to be read. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Bytes that the reader has taken since the beginning: a writer sees by it whether anything it pushed was looked at. */
  get bytesRead(): number {
    return this.#bytesRead;
  }
  /** Whether the writer may push more now. */
  get writable(): boolean {
    return this.#state === "open" && this.#bytes < this.bytesMax;
  }
  /** The reader gave up: what is pushed goes nowhere. */
  get cancelled(): boolean {
    return this.#state === "cancelled";
  }
  /** Whether a read would give data, the end or a failure at once. */
  get readable(): boolean {
    return this.#bytes > 0 || this.#state !== "open";
  }
  /** The writer ended (or failed) and everything was read. */
  get finished(): boolean {
    return this.#bytes === 0 && this.#state !== "open";
  }
  /** The writer will push no more (data may still be waiting). */
  get closed(): boolean {
    return this.#state !== "open";
  }
  /** Why the writer failed; readers see it once the data before it is read. */
  get failure(): WarrenError | undefined {
    return this.#failure;
  }

  /** Hands a chunk over. False when the writer should wait for {@link onWritable}, or when nobody will read it. */
  push(chunk: Uint8Array): boolean {
    if (this.#state !== "open") return false;
    if (chunk.length > 0) {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.onReadable?.();
    }
    return this.writable;
  }

  /** No more data will come. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.onClosed?.();
    this.onReadable?.();
  }

  /** The writer broke off: the reader gets what is queued, then the failure (a reset connection, a crashed guest). */
  fail(error: WarrenError): void {
    if (this.#state === "failed" || this.#state === "cancelled") return;
    const wasOpen = this.#state === "open";
    this.#state = "failed";
    this.#failure = error;
    if (wasOpen) this.onClosed?.();
    this.onReadable?.();
  }

  /** The reader wants no more: the queue is dropped and the writer told. */
  cancel(): void {
    if (this.#state === "cancelled") return;
    const wasOpen = this.#state === "open";
    this.#state = "cancelled";
    this.#chunks = [];
    this.#head = 0;
    this.#offset = 0;
    this.#bytes = 0;
    if (wasOpen) this.onClosed?.();
    this.onWritable?.();
  }

  /** The next chunk without copying, or its first `lengthMax` bytes; undefined when none waits. */
  shift(lengthMax: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    const end = this.#offset + lengthMax;
    if (end < chunk.length) {
      const part = chunk.subarray(this.#offset, end);
      this.#offset = end;
      this.#took(part.length);
      return part;
    }
    const rest = this.#offset === 0 ? chunk : chunk.subarray(this.#offset);
    this.#drop();
    this.#took(rest.length);
    return rest;
  }

  /** Copies up to `target.length` bytes out. The number copied, 0 when nothing waits. `peek` leaves them in the queue. */
  read(target: Uint8Array, peek = false): number {
    let done = 0;
    let index = this.#head;
    let offset = this.#offset;
    while (done < target.length) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) break;
      const count = Math.min(chunk.length - offset, target.length - done);
      target.set(offset === 0 && count === chunk.length ? chunk : chunk.subarray(offset, offset + count), done);
      done += count;
      offset += count;
      if (offset === chunk.length) {
        offset = 0;
        if (!peek) this.#drop();
        index = peek ? index + 1 : this.#head;
      } else if (!peek) {
        this.#offset = offset;
      }
    }
    if (!peek && done > 0) this.#took(done);
    return done;
  }

  #drop(): void {
    this.#chunks[this.#head] = undefined as never;
    this.#offset = 0;
    // Compact lazily: shift() on a long array is linear.
    if (++this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }

  #took(count: number): void {
    const wasFull = this.#bytes >= this.bytesMax;
    this.#bytes -= count;
    this.#bytesRead += count;
    if (wasFull && this.#bytes < this.bytesMax) this.onWritable?.();
  }
}
