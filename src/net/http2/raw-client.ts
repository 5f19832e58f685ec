import { connect, type Socket } from "node:net";
import { within } from "../test-rig.ts";
import { frameFlag, frameType } from "./frame-meter.ts";
import { preface } from "./preface.ts";

// A client for tests, that sends whatever frames it is told to.

/** A frame as bytes (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A number as the payload of a frame. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(frameType.settings, 0, 0, payload);
}

/** A header block of literals that are not indexed (RFC 7541 §6.2.2). */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), string(name), string(value)]));
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** RFC 7541 §5.1. */
export function integer(value: number, prefixBits: number, first: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.of(first | value);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

export const getFields: readonly (readonly [string, string])[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];
export const postFields: readonly (readonly [string, string])[] = [[":method", "POST"], ...getFields.slice(1)];

/** A whole GET. */
export function get(stream: number, fields: readonly (readonly [string, string])[] = getFields): Buffer {
  return frame(frameType.headers, frameFlag.endHeaders | frameFlag.endStream, stream, block(fields));
}

/** The head of a request whose body follows. */
export function post(stream: number, fields: readonly (readonly [string, string])[] = postFields): Buffer {
  return frame(frameType.headers, frameFlag.endHeaders, stream, block(fields));
}

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A connection with its frames; sends the preface and empty settings, and acknowledges the server's, unless told otherwise. */
export class RawClient {
  readonly socket: Socket;
  readonly frames: ReceivedFrame[] = [];
  closed: boolean = false;
  #rest: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(port: number, options: { begin?: Buffer; acknowledge?: boolean } = {}) {
    const { begin = Buffer.concat([preface, settings()]), acknowledge = true } = options;
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.write(begin);
    this.socket.on("data", (chunk: Buffer) => {
      this.#take(chunk, acknowledge);
      this.#wake();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(...frames: readonly Uint8Array[]): boolean {
    return this.socket.write(Buffer.concat(frames));
  }

  /** Resolves when the socket has taken what was sent, or is closed. */
  async flushed(): Promise<void> {
    while (!this.closed && this.socket.writableNeedDrain) await new Promise((resolve) => setImmediate(resolve));
  }

  async until(condition: (client: this) => boolean): Promise<this> {
    while (!condition(this)) {
      if (this.closed) throw new Error(`the connection was closed after ${JSON.stringify(this.frames.slice(-5))}`);
      await this.#change(() => `${condition}`);
    }
    return this;
  }

  async untilClosed(): Promise<this> {
    while (!this.closed) await this.#change(() => "closed");
    return this;
  }

  of(type: number, stream?: number): ReceivedFrame[] {
    return this.frames.filter((frame) => frame.type === type && (stream === undefined || frame.stream === stream));
  }

  /** The error code of the last GOAWAY. */
  get goaway(): number | undefined {
    return this.of(frameType.goaway).at(-1)?.payload.readUInt32BE(4);
  }

  #change(what: () => string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return within(promise, () => `${what()}, after ${JSON.stringify(this.frames.slice(-5))}`);
  }

  #take(chunk: Buffer, acknowledge: boolean): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      const received = {
        type: this.#rest[3]!,
        flags: this.#rest[4]!,
        stream: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(9, end),
      };
      this.#rest = this.#rest.subarray(end);
      this.frames.push(received);
      if (received.type === frameType.settings && (received.flags & frameFlag.ack) === 0 && acknowledge)
        this.socket.write(frame(frameType.settings, frameFlag.ack, 0));
    }
  }
}
