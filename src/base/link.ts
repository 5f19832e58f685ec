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

/** What a handler answers when descriptors go along. They are closed here once they are sent, or cannot be. */
export class AnswerWithDescriptors {
  readonly body: unknown;
  readonly fds: readonly number[];
  constructor(body: unknown, fds: readonly number[]) {
    this.body = body;
    this.fds = fds;
  }
}

/** Bounds for another side that may be hostile. */
export interface LinkLimits {
  /** Longest line that is taken. */
  readonly lineBytesMax?: number;
  /** What may wait for the other side to read; it is cut off beyond that. None when absent. */
  readonly queueBytesMax?: number;
}

interface Waiting {
  /** Whether it takes what descriptors come with the answer. */
  readonly descriptors: boolean;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

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
  readonly #limits: LinkLimits;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #rest = "";
  #closed: boolean = false;

  constructor(socket: Socket, lane: number | undefined, handlers: Record<string, Handler>, limits: LinkLimits = {}) {
    this.#limits = limits;
    this.#socket = socket;
    this.lane = lane;
    this.#handlers = handlers;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", () => {});
    socket.on("close", () => this.#close());
  }

  /** What the other side has not taken yet. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
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
    return this.#ask(op, body, fds.length, false) as Promise<T>;
  }

  /** Asks for descriptors, which are the caller's from then on. Rejects as {@link call} does. */
  callForDescriptors<T>(op: string, body: unknown = {}): Promise<{ readonly body: T; readonly fds: number[] }> {
    if (this.#closed) return Promise.reject(closedError(op));
    return this.#ask(op, body, 0, true) as Promise<{ readonly body: T; readonly fds: number[] }>;
  }

  #ask(op: string, body: unknown, fdCount: number, descriptors: boolean): Promise<unknown> {
    const n = ++this.#count;
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(n, { descriptors, resolve, reject });
    });
    this.#send({ n, op, body, ...(fdCount > 0 ? { fds: fdCount } : {}) });
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
    if (this.#socket.writableLength > (this.#limits.queueBytesMax ?? Number.POSITIVE_INFINITY)) this.close();
  }

  #read(text: string): void {
    this.onActivity?.();
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() as string;
    const lineMax = this.#limits.lineBytesMax ?? lineBytesMax;
    if (this.#rest.length > lineMax) {
      this.close();
      return;
    }
    for (const line of lines) {
      if (this.#closed) return;
      const wire = parseWire(line);
      if (wire === undefined) {
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
      const fds = wire.fds === undefined ? [] : this.takeDescriptors(wire.fds);
      if (!waiting?.descriptors || wire.error) for (const fd of fds) closeSync(fd);
      if (wire.error) waiting?.reject(errorFromRecord(wire.error));
      else waiting?.resolve(waiting.descriptors ? { body: wire.body, fds } : wire.body);
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
      if (result instanceof AnswerWithDescriptors) this.#sendDescriptors(n, op, result);
      else if (n !== undefined && !this.#closed) this.#send({ re: n, body: result ?? {} });
    } catch (error) {
      if (n !== undefined && !this.#closed) this.#send({ re: n, error: errorRecord(error) });
    }
  }

  /** The descriptors and the line that counts them in one step, so that no other answer comes between. */
  #sendDescriptors(n: number | undefined, op: string, { body, fds }: AnswerWithDescriptors): void {
    try {
      if (n === undefined || this.#closed) return;
      if (this.lane === undefined || !sendDescriptors(this.lane, fds, Buffer.from(op)))
        throw new WarrenError("link.lane-full", "the other process does not take its descriptors", { status: 503 });
      this.#send({ re: n, body, fds: fds.length });
    } finally {
      for (const fd of fds) closeSync(fd);
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

/** Undefined for what no link sends: whoever is at the other end has been taken over. */
function parseWire(line: string): Wire | undefined {
  try {
    const wire = JSON.parse(line) as Wire | null;
    return typeof wire === "object" && wire !== null && typeof (wire.op ?? "") === "string" ? wire : undefined;
  } catch {
    return undefined;
  }
}

function closedError(op: string): WarrenError {
  return new WarrenError("link.closed", `the other process went away before it took "${op}"`, { status: 503 });
}
