import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { assert } from "./assert.ts";
import type { ErrorRecord } from "./errors.ts";
import { errorFromRecord, errorRecord, WarrenError } from "./errors.ts";
import { receiveDescriptors, sendDescriptors } from "./native-socket.ts";

/** Longest line that either side takes: a hostile worker cannot fill the daemon's memory. */
const lineBytesMax = 4 * 1024 * 1024;
/** Notes are dropped, not queued, above this: nobody reads on the other side. */
const notesBytesMax = 8 * 1024 * 1024;

interface Wire {
  /** Of a call: its number. */
  n?: number;
  /** Of an answer: the call's number. */
  re?: number;
  op?: string;
  body?: unknown;
  error?: ErrorRecord;
  /** How many descriptors were sent ahead of this line. */
  fds?: number;
}

/** What the two sides may call and note; `Handlers` is what this side answers. */
export type Handler = (body: never, fds: number[]) => unknown;

/**
 * A conversation between two processes: lines of JSON on a stream and, beside it, a lane (SEQPACKET) for file descriptors.
 * Descriptors go ahead of the line that counts them, because Node can poll the stream only. Both sides may call.
 */
export class Link {
  /** Called once, when the other side is gone. */
  onClose: (() => void) | undefined;
  /** Called for whatever arrives. */
  onActivity: (() => void) | undefined;
  lane: number | undefined;
  readonly #socket: Socket;
  readonly #handlers: Record<string, Handler>;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #count = 0;
  #rest = "";
  #closed: boolean = false;

  constructor(socket: Socket, lane: number | undefined, handlers: Record<string, Handler>) {
    this.#socket = socket;
    this.lane = lane;
    this.#handlers = handlers;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", () => {});
    socket.on("close", () => this.#close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Asks the other side. `fds` stay this side's. Rejects with the other side's error, or `link.closed`. */
  call<T>(op: string, body: unknown = {}, fds: readonly number[] = []): Promise<T> {
    if (this.#closed) return Promise.reject(closedError(op));
    if (fds.length > 0) {
      assert(this.lane !== undefined, "this link has no lane");
      if (!sendDescriptors(this.lane, fds, Buffer.from(op))) return Promise.reject(closedError(op));
    }
    const n = ++this.#count;
    const answer = new Promise<T>((resolve, reject) => {
      this.#waiting.set(n, { resolve: resolve as (value: unknown) => void, reject });
    });
    this.#send({ n, op, body, ...(fds.length > 0 ? { fds: fds.length } : {}) });
    return answer;
  }

  /** Tells the other side, without an answer. Dropped when the other side does not read. */
  note(op: string, body: unknown = {}): boolean {
    if (this.#closed || this.#socket.writableLength > notesBytesMax) return false;
    this.#send({ op, body });
    return true;
  }

  close(): void {
    this.#socket.destroy();
    this.#close();
  }

  #send(wire: Wire): void {
    this.#socket.write(`${JSON.stringify(wire)}\n`);
  }

  #read(text: string): void {
    this.onActivity?.();
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() as string;
    if (this.#rest.length > lineBytesMax) {
      this.close();
      return;
    }
    for (const line of lines) {
      let wire: Wire;
      try {
        wire = JSON.parse(line) as Wire;
      } catch {
        this.close();
        return;
      }
      this.#take(wire);
    }
  }

  #take(wire: Wire): void {
    if (wire.re !== undefined) {
      const waiting = this.#waiting.get(wire.re);
      this.#waiting.delete(wire.re);
      if (wire.error) waiting?.reject(errorFromRecord(wire.error));
      else waiting?.resolve(wire.body);
      return;
    }
    void this.#answer(wire);
  }

  async #answer({ n, op = "", body, fds: count = 0 }: Wire): Promise<void> {
    // Taken before anything is awaited: the lane is in order only as long as everyone takes his own at once.
    const fds = count > 0 ? this.takeDescriptors(count) : [];
    try {
      const handler = Object.hasOwn(this.#handlers, op) ? this.#handlers[op] : undefined;
      if (handler === undefined)
        throw new WarrenError("link.unknown-order", `the order "${op}" is not known`, { status: 500 });
      const result = await handler(body as never, fds);
      if (n !== undefined) this.#send({ re: n, body: result ?? {} });
    } catch (error) {
      if (n !== undefined) this.#send({ re: n, error: errorRecord(error) });
    }
  }

  /** Descriptors that the other side sent ahead of a line or an answer. */
  takeDescriptors(count: number): number[] {
    const fds: number[] = [];
    while (fds.length < count && this.lane !== undefined) {
      const message = receiveDescriptors(this.lane);
      if (message === undefined || message === "closed") break;
      fds.push(...message.fds);
    }
    return fds;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.lane !== undefined) closeSync(this.lane);
    this.lane = undefined;
    for (const { reject } of this.#waiting.values()) reject(closedError("answer"));
    this.#waiting.clear();
    this.onClose?.();
  }
}

function closedError(op: string): WarrenError {
  return new WarrenError("link.closed", `the other process went away before it took "${op}"`, { status: 503 });
}
