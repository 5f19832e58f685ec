import { closeSync, readFileSync } from "node:fs";
import type { IpNetwork } from "../base/ip.ts";
import { Compression } from "./compress/compression.ts";
import { HttpListener } from "./http-listener.ts";
import type { FrontEvent } from "./http1/context.ts";
import { type HttpLimits, httpLimits } from "./http1/limits.ts";
import { StreamHandler } from "./http1/stream-handler.ts";
import { Http2Guest } from "./http2/http2-guest.ts";
import type { Listener, ListenerShared } from "./listener.ts";
import { TrustedProxies } from "./proxy-protocol/trusted-proxies.ts";
import { RequestIds } from "./request-ids.ts";
import { RouteTable } from "./router.ts";
import type { DatagramTarget, Passage, RequestTarget, StreamTarget } from "./target.ts";
import { TcpListener } from "./tcp.ts";
import { Ticker } from "./ticker.ts";
import { FrontTls } from "./tls/front-tls.ts";
import { HttpsListener } from "./tls/https-listener.ts";
import type { TlsTerminator } from "./tls/terminator.ts";
import { UdpListener, type UdpOptions } from "./udp.ts";
import { UpstreamPool } from "./upstream.ts";

export interface FrontOptions {
  readonly limits?: Partial<HttpLimits>;
  /** Connections at a time of each listener; 10,000 when absent. */
  readonly connectionsMax?: number;
  /** Accepting waits while no descriptor below this is free; 64 less than RLIMIT_NOFILE when absent. */
  readonly descriptorsMax?: number;
  /** Handshakes at a time of each https listener; 1,000 when absent. Beyond it the oldest is broken off: clients that mean it take a fraction of a second. */
  readonly handshakesMax?: number;
  /** Those whose connections begin with a header of the PROXY protocol. */
  readonly proxies?: readonly IpNetwork[];
  readonly ticker?: Ticker;
  /** Told what an operator may want to know: guests that broke off, trouble with accepting. */
  readonly log?: (event: FrontEvent) => void;
}

/** Descriptors left for everything that is not a client's connection: guests' files, logs, the control socket. */
const descriptorsSpare = 64;

/** One worker's listeners and routes: where connections come in and which target gets them. */
export class Front implements ListenerShared {
  readonly router: RouteTable = new RouteTable();
  readonly ticker: Ticker;
  readonly requestIds: RequestIds = new RequestIds();
  readonly compression: Compression = new Compression();
  readonly tls: FrontTls = new FrontTls();
  readonly connectionsMax: number;
  readonly descriptorsMax: number;
  readonly handshakesMax: number;
  readonly proxies: TrustedProxies | undefined;
  readonly #limits: HttpLimits;
  readonly #log: ((event: FrontEvent) => void) | undefined;
  readonly #listeners = new Map<string, Listener>();
  readonly #udp = new Map<string, UdpListener>();
  readonly #pools = new WeakMap<StreamTarget, UpstreamPool>();
  readonly #http2 = new WeakMap<StreamTarget, Http2Guest>();
  readonly #handlers = new WeakMap<StreamTarget, RequestTarget>();
  #terminator: Promise<TlsTerminator> | undefined;

  constructor(options: FrontOptions = {}) {
    this.ticker = options.ticker ?? new Ticker();
    this.connectionsMax = options.connectionsMax ?? 10_000;
    this.descriptorsMax = options.descriptorsMax ?? descriptorLimit() - descriptorsSpare;
    this.handshakesMax = options.handshakesMax ?? 1000;
    this.#limits = { ...httpLimits, ...options.limits };
    this.proxies = options.proxies && new TrustedProxies(options.proxies);
    this.#log = options.log;
  }

  /** Open TCP connections of all listeners. */
  get connections(): number {
    let count = 0;
    for (const listener of this.#listeners.values()) count += listener.connections;
    return count;
  }

  /** Accepts from a listening socket and takes `fd` over. Routes name `key`. Throws `listener.failed`. */
  async addHttpListener(key: string, fd: number): Promise<Listener> {
    const listener = new HttpListener(key, this.#limits, this);
    await listener.open(fd);
    this.#listeners.set(key, listener);
    return listener;
  }

  /** As {@link addHttpListener}, for a listener whose connections speak TLS. */
  async addHttpsListener(key: string, fd: number): Promise<Listener> {
    // Loaded when it is needed: node:tls takes 7 MB.
    this.#terminator ??= import("./tls/terminator.ts").then(({ TlsTerminator }) => new TlsTerminator(this.tls));
    const listener = new HttpsListener(key, this.#limits, this, await this.#terminator);
    await listener.open(fd);
    this.#listeners.set(key, listener);
    return listener;
  }

  /** As {@link addHttpListener}, for a listener whose connections go to one guest as they are. */
  async addTcpListener(key: string, fd: number): Promise<Listener> {
    const listener = new TcpListener(key, this);
    await listener.open(fd);
    this.#listeners.set(key, listener);
    return listener;
  }

  /** A listener that other processes accept from: its connections come by {@link adopt} only. */
  addRemoteListener(key: string, protocol: "http" | "https" | "tcp"): void {
    if (this.#listeners.has(key)) return;
    const listener =
      protocol === "http"
        ? new HttpListener(key, this.#limits, this)
        : protocol === "tcp"
          ? new TcpListener(key, this)
          : new HttpsListener(key, this.#limits, this, undefined);
    this.#listeners.set(key, listener);
  }

  /** Receives from a bound UDP socket and takes `fd` over. */
  addUdpListener(key: string, fd: number, target: DatagramTarget, options?: UdpOptions): UdpListener {
    const listener = new UdpListener(key, fd, target, this.ticker, options);
    this.#udp.set(key, listener);
    return listener;
  }

  /** Stops a listener of any kind; its connections go on. */
  removeListener(key: string): void {
    this.#listeners.get(key)?.close();
    this.#udp.get(key)?.close();
    this.#udp.delete(key);
  }

  /**
   * Goes on with a connection that another process accepted, as if `bytes` had been read here. Takes `fd` over, also when
   * the listener is not known here: then the connection is closed.
   */
  adopt(fd: number, bytes: Uint8Array, passage: Passage): void {
    const listener = this.#listeners.get(passage.listener);
    if (listener === undefined) closeSync(fd);
    else listener.adopt(fd, bytes, passage);
  }

  /** Closes the idle connections to a guest, and each busy one after its request, so that the guest can end. */
  retire(target: StreamTarget): void {
    this.pool(target).retire();
    this.#http2.get(target)?.retire();
  }

  /** Drains every listener: see {@link Listener.drain}. UDP sockets are closed at once. */
  async drain(graceMs: number): Promise<void> {
    for (const listener of this.#udp.values()) listener.close();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.drain(graceMs)));
  }

  /** Breaks everything off. */
  destroy(): void {
    for (const listener of this.#udp.values()) listener.close();
    for (const listener of this.#listeners.values()) listener.destroy();
  }

  pool(target: StreamTarget): UpstreamPool {
    let pool = this.#pools.get(target);
    if (pool === undefined) {
      pool = new UpstreamPool(target, this.ticker);
      this.#pools.set(target, pool);
    }
    return pool;
  }

  handler(target: StreamTarget): RequestTarget {
    let handler = this.#handlers.get(target);
    if (handler === undefined) {
      handler = new StreamHandler(target, this.pool(target), this.#limits, this.ticker);
      this.#handlers.set(target, handler);
    }
    return handler;
  }

  /** The guest, which speaks HTTP/2 with prior knowledge, in the form of one that is called for each request. */
  speakingHttp2(target: StreamTarget): RequestTarget {
    let guest = this.#http2.get(target);
    if (guest === undefined) {
      guest = new Http2Guest(target, this.#limits, this.ticker);
      this.#http2.set(target, guest);
    }
    return guest;
  }

  log(event: FrontEvent): void {
    this.#log?.(event);
  }
}

/** RLIMIT_NOFILE (proc_pid_limits(5)); the usual soft limit where the system does not tell. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1024);
  } catch {
    return 1024;
  }
}
