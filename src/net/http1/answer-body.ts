import type { Socket } from "node:net";
import { BodyFraming } from "./body-framing.ts";
import { chunkEnd, chunkLine, lastChunk } from "./chunked-body.ts";
import type { ResponseHead } from "./response-head.ts";

/** Below this a chunk is copied behind its size line: one buffer is cheaper to write than three. */
const copyBytesMax = 4096;

/** Writes data as one chunk of a chunked body. */
export function writeChunk(socket: Socket, data: Uint8Array): void {
  if (data.length === 0) return;
  const line = chunkLine(data.length);
  if (data.length <= copyBytesMax) {
    socket.write(Buffer.concat([line, data, chunkEnd]));
    return;
  }
  socket.cork();
  socket.write(line);
  socket.write(data);
  socket.write(chunkEnd);
  socket.uncork();
}

/** The body of a guest's answer and the form in which the client gets it (RFC 9112 §6.3). */
export class AnswerBody {
  readonly #framing: BodyFraming;
  /** `as-is`: the guest's bytes; `chunk`: made chunked, since it had no framing; `unchunk`: for a client of HTTP/1.0. */
  readonly #form: "as-is" | "chunk" | "unchunk";
  #ended: boolean = false;

  private constructor(framing: BodyFraming, form: "as-is" | "chunk" | "unchunk") {
    this.#framing = framing;
    this.#form = form;
  }

  static of(head: ResponseHead, toHead: boolean, chunksUnderstood: boolean): AnswerBody {
    if (toHead || head.status === 204 || head.status === 304) return new AnswerBody(BodyFraming.length(0), "as-is");
    if (head.chunked) return new AnswerBody(BodyFraming.chunked(), chunksUnderstood ? "as-is" : "unchunk");
    if (head.contentLength >= 0) return new AnswerBody(BodyFraming.length(head.contentLength), "as-is");
    return new AnswerBody(BodyFraming.untilClose(), chunksUnderstood ? "chunk" : "as-is");
  }

  get asItIs(): boolean {
    return this.#form === "as-is";
  }

  /** The front frames it with chunks. */
  get insertChunked(): boolean {
    return this.#form === "chunk";
  }

  /** The client knows the body's end by the connection's end. */
  get endsWithConnection(): boolean {
    return this.#form === "unchunk" || (this.#form === "as-is" && this.#framing.untilClose);
  }

  get done(): boolean {
    return this.#ended || this.#framing.done;
  }

  /** The index after the body's last byte in `bytes`. */
  skip(bytes: Uint8Array, from: number): number {
    return this.#framing.skip(bytes, from);
  }

  /** Writes the body's bytes that lie in `bytes` from `from` on: the index after them. Throws `body.chunk`. */
  write(socket: Socket, bytes: Uint8Array, from: number): number {
    switch (this.#form) {
      case "as-is": {
        const to = this.#framing.skip(bytes, from);
        if (to > from) socket.write(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
        return to;
      }
      case "chunk":
        writeChunk(socket, from === 0 ? bytes : bytes.subarray(from));
        return bytes.length;
      case "unchunk":
        return this.#framing.take(bytes, from, (data) => void socket.write(data));
      default:
        return this.#form satisfies never;
    }
  }

  /** The guest ended its side: whether that is the body's proper end. */
  endAtClose(socket: Socket): boolean {
    if (!this.#framing.untilClose) return false;
    this.#ended = true;
    if (this.#form === "chunk") socket.write(lastChunk);
    return true;
  }
}
