import { ChunkedBody } from "./chunked-body.ts";

/** Chunks of up to so many bytes are moved to the one before rather than handed on by themselves. */
const movedBytesMax = 1024;

/** Where a body ends: after so many bytes, after its last chunk, or (responses only) with the connection. */
export class BodyFraming {
  readonly chunks: ChunkedBody | undefined;
  #remaining: number;

  private constructor(remaining: number, chunks: ChunkedBody | undefined) {
    this.#remaining = remaining;
    this.chunks = chunks;
  }

  static length(bytes: number): BodyFraming {
    return new BodyFraming(bytes, undefined);
  }
  static chunked(): BodyFraming {
    return new BodyFraming(0, new ChunkedBody());
  }
  static untilClose(): BodyFraming {
    return new BodyFraming(Number.POSITIVE_INFINITY, undefined);
  }

  get untilClose(): boolean {
    return this.#remaining === Number.POSITIVE_INFINITY;
  }

  get done(): boolean {
    return this.chunks === undefined ? this.#remaining === 0 : this.chunks.done;
  }

  /** The index after the last of the body's bytes in `bytes` from `from` on, its framing included. Throws `body.chunk`. */
  skip(bytes: Uint8Array, from: number): number {
    if (this.chunks !== undefined) return this.chunks.skip(bytes, from);
    const count = Math.min(this.#remaining, bytes.length - from);
    this.#remaining -= count;
    return from + count;
  }

  /**
   * As {@link skip}, and calls back with the data, without the framing. Small chunks are moved together within `bytes`: a
   * body of a million of them would otherwise become a million objects, each many times its size.
   */
  take(bytes: Uint8Array, from: number, onData: (data: Uint8Array) => void): number {
    const { chunks } = this;
    if (chunks === undefined) {
      const to = this.skip(bytes, from);
      if (to > from) onData(bytes.subarray(from, to));
      return to;
    }
    let at = from;
    let dataFrom = from;
    let dataTo = from;
    try {
      while (at < bytes.length && !chunks.done) {
        at = chunks.step(bytes, at);
        const size = chunks.dataTo - chunks.dataFrom;
        if (dataTo > dataFrom && size <= movedBytesMax) {
          bytes.copyWithin(dataTo, chunks.dataFrom, chunks.dataTo);
          dataTo += size;
          continue;
        }
        if (dataTo > dataFrom) onData(bytes.subarray(dataFrom, dataTo));
        dataFrom = chunks.dataFrom;
        dataTo = chunks.dataTo;
      }
    } finally {
      if (dataTo > dataFrom) onData(bytes.subarray(dataFrom, dataTo));
    }
    return at;
  }
}
