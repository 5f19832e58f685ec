import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after } from "node:test";
import type { Address } from "../base/address.ts";
import { type Conduit, conduitPair } from "../base/conduit.ts";
import { bindLibc } from "../base/libc.ts";
import type { Client as Peer } from "./client.ts";
import { Front, type FrontOptions } from "./front.ts";
import { socketHandle } from "./socket-handle.ts";
import type { Activity, ElsewhereTarget, StreamTarget } from "./target.ts";

// What the tests of this folder share: listening sockets as the daemon makes them, and guests that live in memory.

const { dup } = bindLibc({ dup: { arguments: ["int32"], return: "int32" } });

export function dupFd(fd: number): number {
  return dup(fd);
}

/** A listening socket on a free port, as a descriptor that nothing polls. */
export async function listeningFd(host = "127.0.0.1"): Promise<{ fd: number; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  const fd = dup(socketHandle(server as unknown as Socket)!.fd);
  await new Promise((resolve) => server.close(resolve));
  return { fd, port };
}

/** A front that the end of the test destroys, also of one that failed. Not for `before`, whose end comes first. */
export function testFront(options: FrontOptions = {}): Front {
  const front = new Front(options);
  after(() => front.destroy());
  return front;
}

/** Beyond anything that happens here, on the busiest machine. A test that waits on would keep the whole run. */
const waitMsMax = 30_000;

/** Waits for a condition that nothing tells of. */
export async function until(condition: () => boolean): Promise<void> {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > waitMsMax) assert.fail(`${waitMsMax} ms and still not: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What is waited for, or an error that says what did not come. */
export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${waitMsMax} ms and still not: ${what()}`)), waitMsMax);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function newActivity(): Activity {
  return { requests: 0, active: 0, onIdle: undefined };
}

/** A guest in memory: `serve` gets the guest's end of each connection. */
export function streamTarget(serve: (guest: Conduit) => void): StreamTarget & { connections: number } {
  return {
    kind: "stream",
    activity: newActivity(),
    connections: 0,
    connect(from: Address): Conduit {
      this.connections++;
      const [ours, guest] = conduitPair(from, { ip: "10.0.0.1", port: 8080 });
      serve(guest);
      return ours;
    },
  };
}

/** A service of another worker; `proxied` is for connections that cannot be passed. */
export function elsewhere(
  pass: ElsewhereTarget["pass"],
  proxied: StreamTarget = streamTarget(() => assert.fail("asked another front")),
): ElsewhereTarget {
  return { kind: "elsewhere", pass, proxied };
}

/** Calls back with each request head and what else has come with it, as text; answers with what is returned. */
export function answering(answer: (request: string) => string | undefined): (guest: Conduit) => void {
  return (guest) => {
    let text = "";
    guest.input.onReadable = () => {
      for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift())
        text += Buffer.from(chunk).toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        const request = text.slice(0, end + 4 + length);
        text = text.slice(request.length);
        const bytes = answer(request);
        if (bytes !== undefined) guest.output.push(Buffer.from(bytes, "latin1"));
      }
      if (guest.input.finished) guest.output.end();
    };
  };
}

export function ok(body: string, fields = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`;
}

/** Sends bytes to a port and gives back everything that came until the other side ended. */
export function exchange(port: number, bytes: string | Uint8Array, options: { half?: boolean } = {}): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  after(() => socket.destroy());
  let text = "";
  const ended = new Promise<string>((resolve, reject) => {
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("end", () => {
      socket.end();
      resolve(text);
    });
    if (options.half) socket.end(bytes);
    else socket.write(bytes);
  });
  return within(ended, () => `the connection's end, after ${JSON.stringify(text.slice(-500))}`);
}

/** A client that is driven step by step, and ends with its test. */
export class Client {
  readonly socket: Socket;
  text = "";
  ended: boolean = false;
  closed: boolean = false;
  error: NodeJS.ErrnoException | undefined;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    after(() => this.socket.destroy());
    this.socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
      this.#wake();
    });
    this.socket.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    this.socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error;
    });
    this.socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits until what has come fulfils the condition. */
  async until(condition: (client: this) => boolean): Promise<this> {
    while (!condition(this)) {
      if (this.closed)
        throw new Error(
          `the connection was closed (${this.error?.code}) after: ${JSON.stringify(this.text.slice(-500))}`,
        );
      await this.#change(() => `${condition}`);
    }
    return this;
  }

  untilText(part: string): Promise<this> {
    return this.until((client) => client.text.includes(part));
  }

  async untilClosed(): Promise<this> {
    while (!this.closed) {
      if (this.ended && !this.socket.writableEnded) this.socket.end();
      await this.#change(() => "closed");
    }
    return this;
  }

  #change(what: () => string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return within(promise, () => `${what()}, after ${JSON.stringify(this.text.slice(-500))}`);
  }
}

/** For what only needs a client's addresses. */
export const someClient: Peer = {
  remote: { ip: "192.0.2.1", port: 40_000 },
  local: { ip: "198.51.100.1", port: 80 },
  scheme: "http",
};
