import { closeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { WarrenError } from "../base/errors.ts";
import { bindLibc, lastErrno } from "../base/libc.ts";
import { readProxyHeader } from "./proxy-protocol/header-reader.ts";
import type { TrustedProxies } from "./proxy-protocol/trusted-proxies.ts";
import { plainIp, setEnds } from "./socket-address.ts";
import { socketHandle } from "./socket-handle.ts";

const { dup } = bindLibc({ dup: { arguments: ["int32"], return: "int32" } });

/** As many connections as may wait for a worker; the kernel caps it at net.core.somaxconn. */
const backlog = 4096;
/** After running short of descriptors, accepting is tried again after so long. */
const retryMs = 250;

export interface AcceptorOptions {
  /** Connections at a time; more wait in the backlog, where another worker may take them. */
  readonly connectionsMax: number;
  /**
   * Descriptors below this are for connections. libuv answers EMFILE by accepting and closing, which loses the client, so
   * accepting stops before.
   */
  readonly descriptorsMax: number;
  /** Those whose connections begin with a header of the PROXY protocol, if any. */
  readonly proxies: TrustedProxies | undefined;
  /** Takes a connection, nothing of which was read; calls {@link Acceptor.released} when it is closed. */
  readonly onSocket: (socket: Socket) => void;
  readonly onTrouble: (code: string, message: string) => void;
}

/**
 * Accepts from a listening socket that others may share. Node has no way to stop accepting for a while, so this closes the
 * descriptor it accepts from and keeps another one of the same socket, to go on from later.
 */
export class Acceptor {
  /** The descriptor that is kept, never polled. Owned. */
  readonly #fd: number;
  readonly #options: AcceptorOptions;
  #server: Server | undefined;
  #connections = 0;
  #closed: boolean = false;
  #timer: NodeJS.Timeout | undefined;
  /** Those that begin with a header of which not all has come. */
  readonly #reading = new Set<Socket>();
  #onSettled: (() => void) | undefined;

  private constructor(fd: number, options: AcceptorOptions) {
    this.#fd = fd;
    this.#options = options;
  }

  /** Takes `fd` over. Throws `listener.failed` when it is not a listening socket. */
  static async open(fd: number, options: AcceptorOptions): Promise<Acceptor> {
    const acceptor = new Acceptor(fd, options);
    try {
      await acceptor.#accept();
    } catch (error) {
      closeSync(fd);
      throw new WarrenError(
        "listener.failed",
        `listening on descriptor ${fd} failed: ${error instanceof Error ? error.message : error}`,
        { cause: error, status: 500 },
      );
    }
    return acceptor;
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections;
  }

  /** One that `onSocket` got, or that was adopted, begins or ends. */
  adopted(): void {
    this.#connections++;
  }
  released(): void {
    this.#connections--;
    if (this.#server === undefined && this.#timer === undefined) this.#resume();
  }

  /** Stops accepting and closes this process's descriptors of the socket. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#server?.close();
    this.#server = undefined;
    closeSync(this.#fd);
  }

  /** As {@link close}, and breaks off those whose proxy has not said yet whose they are. */
  destroy(): void {
    this.close();
    for (const socket of this.#reading) socket.destroy();
  }

  /** Resolves when every connection that was accepted has been handed over or is gone. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      if (this.#reading.size === 0) resolve();
    });
  }

  #accept(): Promise<void> {
    const copy = dup(this.#fd);
    if (copy < 0) return Promise.reject(new Error(`dup() failed with errno ${lastErrno()}`));
    // The one that a connection would get: the copy may have taken the last that was free among those in use, and each
    // attempt would then take one connection too many.
    const next = dup(this.#fd);
    if (next >= 0) closeSync(next);
    if (next < 0 || next >= this.#options.descriptorsMax) {
      closeSync(copy);
      return Promise.reject(new Error("too few descriptors are left"));
    }
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    this.#server = server;
    server.on("connection", (socket: Socket) => this.#onSocket(socket));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ fd: copy, backlog, exclusive: true }, () => {
        server.off("error", reject);
        server.on("error", (error) => this.#pause("listener.accept", error.message));
        resolve();
      });
    });
  }

  #onSocket(socket: Socket): void {
    this.#connections++;
    const { proxies, onSocket } = this.#options;
    if (proxies?.has(plainIp(socket.remoteAddress ?? "")) === true) this.#readHeader(socket);
    else onSocket(socket);
    if (this.#connections >= this.#options.connectionsMax) this.#stop();
    else if ((socketHandle(socket)?.fd ?? 0) + 1 >= this.#options.descriptorsMax)
      this.#pause("listener.descriptors", "few descriptors are left: accepting waits");
  }

  #readHeader(socket: Socket): void {
    this.#reading.add(socket);
    readProxyHeader(
      socket,
      (ends) => {
        this.#read(socket);
        if (ends !== undefined) setEnds(socket, ends);
        // One that went away meanwhile would never be heard of again.
        if (socket.destroyed) this.released();
        else this.#options.onSocket(socket);
      },
      (why) => {
        this.#read(socket);
        this.released();
        this.#options.onTrouble("proxy.malformed", `${why}, from ${socket.remoteAddress}`);
      },
    );
  }

  #read(socket: Socket): void {
    this.#reading.delete(socket);
    if (this.#reading.size === 0) queueMicrotask(() => this.#onSettled?.());
  }

  #stop(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #pause(code: string, message: string): void {
    if (this.#closed || this.#server === undefined) return;
    this.#stop();
    this.#options.onTrouble(code, message);
    this.#later();
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#resume();
    }, retryMs).unref();
  }

  #resume(): void {
    if (this.#closed || this.#server !== undefined || this.#connections >= this.#options.connectionsMax) return;
    this.#accept().catch(() => {
      this.#stop();
      if (!this.#closed) this.#later();
    });
  }
}
