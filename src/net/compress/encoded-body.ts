import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import type { ContentCoding } from "../accept-encoding.ts";
import { createEncoder, type Encoder, flushKind } from "./encoder.ts";

/** Given to an encoder at a time: a millisecond of work. */
const pieceBytes = 64 * 1024;

export interface EncodedBodyOptions {
  readonly coding: ContentCoding;
  /** Whoever reads may wait for each piece: none is held back once no more is there. */
  readonly prompt: boolean;
  /** Runs work, and calls back when its turn is over, as soon as others let it. */
  turn(work: (done: () => void) => void): void;
  onDone(): void;
}

/** A body on its way through an encoder, piece by piece: as much is in it as one piece makes, and one more in each flow. */
export class EncodedBody {
  readonly output = new Flow();
  readonly #input: Flow;
  readonly #encoder: Encoder;
  readonly #options: EncodedBodyOptions;
  #rest: Uint8Array | undefined;
  #release: (() => void) | undefined;
  #ending: boolean = false;
  #busy: boolean = false;
  #unflushed: boolean = false;
  #over: boolean = false;

  constructor(input: Flow, options: EncodedBodyOptions) {
    this.#input = input;
    this.#options = options;
    this.#encoder = createEncoder(options.coding);
    this.#encoder.on("data", (chunk: Buffer) => void this.output.push(chunk));
    this.#encoder.on("end", () => {
      if (this.#over) return;
      this.#finish();
      this.output.end();
    });
    this.#encoder.on("error", (cause) =>
      this.#fail(new WarrenError("compress.failed", "could not compress", { cause })),
    );
    this.output.onWritable = () => {
      if (this.output.cancelled) this.#give();
      else this.#pump();
    };
    input.onReadable = () => this.#pump();
    this.#pump();
  }

  #pump(): void {
    // Taking a chunk may make its writer push the next: that one's turn comes when this one is through.
    if (this.#busy || this.#over || this.#ending || !this.output.writable) return;
    this.#busy = true;
    const piece = this.#nextPiece();
    if (piece !== undefined) {
      this.#unflushed = true;
      this.#work((done) => this.#encoder.write(piece, done));
      return;
    }
    const input = this.#input;
    if (input.finished) {
      if (input.failure !== undefined) this.#fail(input.failure);
      else {
        this.#ending = true;
        this.#work((done) => this.#encoder.end(done));
      }
    } else if (this.#unflushed && this.#options.prompt) {
      this.#unflushed = false;
      this.#work((done) => this.#encoder.flush(flushKind(this.#options.coding), done));
    } else this.#busy = false;
  }

  #work(work: (done: () => void) => void): void {
    this.#options.turn((release) => {
      if (this.#over) {
        release();
        return;
      }
      this.#release = release;
      work(() => {
        this.#endTurn();
        this.#busy = false;
        this.#pump();
      });
    });
  }

  #endTurn(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  /** As much of what is there as makes one piece: many small chunks are one. */
  #nextPiece(): Uint8Array | undefined {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < pieceBytes) {
      const chunk = this.#rest ?? this.#input.shift();
      this.#rest = undefined;
      if (chunk === undefined) break;
      const room = pieceBytes - bytes;
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      if (chunk.length > room) this.#rest = chunk.subarray(room);
      bytes += Math.min(room, chunk.length);
    }
    return chunks.length > 1 ? Buffer.concat(chunks, bytes) : chunks[0];
  }

  /** Nobody wants it any more. */
  #give(): void {
    if (this.#over) return;
    this.#finish();
    this.#input.cancel();
    this.#encoder.destroy();
  }

  #fail(error: WarrenError): void {
    if (this.#over) return;
    this.#finish();
    this.#input.cancel();
    this.#encoder.destroy();
    this.output.fail(error);
  }

  #finish(): void {
    this.#over = true;
    this.#endTurn();
    this.#options.onDone();
  }
}
