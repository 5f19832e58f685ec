import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import type { OpenFile } from "../../wasi/files/open-file.ts";
import type { ByteRange } from "./byte-ranges.ts";
import { type PiecePool, pieceBytes } from "./piece-pool.ts";

/** A piece of an answer's body: bytes, or a part of the file. */
export type BodyPart = Uint8Array | ByteRange;

/**
 * The body of an answer from a file, which it takes over: read as the client takes it, and closed when all was read or nobody
 * wants it. A file that turns out shorter than it was breaks the body off, so that nobody takes what came for the whole.
 */
export function fileBody(file: OpenFile, parts: readonly BodyPart[], pool: PiecePool): Flow {
  const body = new FileBody(file, parts, pool);
  return body.flow;
}

class FileBody {
  // Its bound is one piece, whatever its size: the next one is read when the last was taken. So a client that does not read
  // keeps one here and one in its socket's queue. Decision 4 has why reading meets the page cache in this thread.
  readonly flow = new Flow(1);
  readonly #file: OpenFile;
  readonly #pool: PiecePool;
  readonly #parts: readonly BodyPart[];
  #index = 0;
  /** Within the part. */
  #done = 0;
  #reading: boolean = false;
  #closed: boolean = false;

  constructor(file: OpenFile, parts: readonly BodyPart[], pool: PiecePool) {
    this.#pool = pool;
    this.#file = file;
    this.#parts = parts;
    this.flow.onWritable = () => this.#fill();
    this.#fill();
  }

  /** Pushes the next piece, or has it read by another thread. */
  #fill(): void {
    const { flow } = this;
    if (flow.cancelled) this.#close();
    while (flow.writable && !this.#reading) {
      const part = this.#parts[this.#index];
      if (part === undefined) {
        this.#close();
        flow.end();
        return;
      }
      if (part instanceof Uint8Array) {
        this.#index++;
        flow.push(part);
      } else this.#read(part);
    }
  }

  #read({ from, to }: ByteRange): void {
    const position = from + this.#done;
    const piece = this.#pool.take(Math.min(pieceBytes, to - position));
    const { later } = this.#file;
    if (later?.slow === true) {
      this.#reading = true;
      void this.#file.readLater(piece, position).then((count) => {
        this.#reading = false;
        this.#take(piece, count, to);
        this.#fill();
      });
      return;
    }
    const began = performance.now();
    const count = this.#file.readAt([piece], position);
    later?.took(performance.now() - began, Math.max(0, count));
    this.#take(piece, count, to);
  }

  #take(piece: Buffer, count: number, to: number): void {
    if (this.#closed) return;
    if (count <= 0) {
      this.#close();
      const why = count === 0 ? "became shorter while it was served" : "could not be read";
      this.flow.fail(new WarrenError("static.truncated", `the file ${why}`, { status: 502 }));
      return;
    }
    this.#done += count;
    const part = this.#parts[this.#index] as ByteRange;
    if (part.from + this.#done === to) {
      this.#index++;
      this.#done = 0;
    }
    // Before the reader hears of the last piece: all of a small file is there then, and its length is known by that.
    const last = this.#index === this.#parts.length;
    if (last) this.#close();
    this.flow.push(count === piece.length ? piece : piece.subarray(0, count));
    if (last) this.flow.end();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }
}
