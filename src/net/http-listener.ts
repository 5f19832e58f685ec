import { Socket } from "node:net";
import { Acceptor } from "./acceptor.ts";
import type { Client } from "./client.ts";
import type { Compression } from "./compress/compression.ts";
import { ClientConnection, type Origin } from "./http1/client-connection.ts";
import type { FrontEvent, HttpConnection, HttpContext } from "./http1/context.ts";
import type { HttpLimits } from "./http1/limits.ts";
import { Http2Connection, type Http2ConnectionOptions } from "./http2/http2-connection.ts";
import type { Listener, ListenerShared } from "./listener.ts";
import type { RequestIds } from "./request-ids.ts";
import type { RouteTable } from "./router.ts";
import { clientOf, setEnds } from "./socket-address.ts";
import type { Passage, RequestTarget, StreamTarget } from "./target.ts";
import type { Ticker } from "./ticker.ts";
import type { FrontTls } from "./tls/front-tls.ts";
import type { UpstreamPool } from "./upstream.ts";

/** How long a draining connection may stay idle: a client about to send its next request still gets an answer. */
const drainIdleMsMax = 1000;

/** A listening socket whose connections speak HTTP/1, or HTTP/2 with prior knowledge. */
export class HttpListener implements Listener, HttpContext {
  readonly key: string;
  readonly limits: HttpLimits;
  readonly router: RouteTable;
  readonly ticker: Ticker;
  readonly requestIds: RequestIds;
  readonly compression: Compression;
  readonly tls: FrontTls;
  draining: boolean = false;
  readonly #shared: ListenerShared;
  readonly #connections = new Set<HttpConnection>();
  #acceptor: Acceptor | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(key: string, limits: HttpLimits, shared: ListenerShared) {
    this.key = key;
    this.limits = limits;
    this.#shared = shared;
    this.router = shared.router;
    this.ticker = shared.ticker;
    this.requestIds = shared.requestIds;
    this.compression = shared.compression;
    this.tls = shared.tls;
  }

  async open(fd: number): Promise<void> {
    this.#acceptor = await Acceptor.open(fd, {
      connectionsMax: this.#shared.connectionsMax,
      descriptorsMax: this.#shared.descriptorsMax,
      proxies: this.#shared.proxies,
      onSocket: (socket) => this.begin(socket, clientOf(socket), "plain", 0),
      onTrouble: (code, message) => this.log({ code, message, listener: this.key }),
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  adopt(fd: number, bytes: Uint8Array, { passed, peer, ends, service }: Passage): void {
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    if (ends !== undefined) setEnds(socket, ends);
    this.#acceptor?.adopted();
    const connection = this.begin(socket, clientOf(socket), peer ? "peer" : "plain", passed, service);
    if (bytes.length > 0) connection.onData(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  close(): void {
    this.#acceptor?.close();
  }

  async drain(graceMs: number): Promise<void> {
    this.close();
    this.draining = true;
    for (const connection of this.#connections) connection.drain();
    const idle = setTimeout(
      // After what has come meanwhile is read, also when this process could not run for a while.
      () =>
        setImmediate(() => {
          for (const connection of this.#connections) connection.endIdle();
        }),
      Math.min(graceMs, drainIdleMsMax),
    );
    const all = setTimeout(() => this.destroy(), graceMs);
    await this.#acceptor?.settled();
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
    clearTimeout(idle);
    clearTimeout(all);
  }

  destroy(): void {
    this.close();
    this.#acceptor?.destroy();
    for (const connection of this.#connections) connection.destroy();
  }

  pool(target: StreamTarget): UpstreamPool {
    return this.#shared.pool(target);
  }

  log(event: FrontEvent): void {
    this.#shared.log(event);
  }

  handler(target: StreamTarget): RequestTarget {
    return this.#shared.handler(target);
  }

  speaksHttp2(connection: ClientConnection, bytes: Buffer, peer: boolean): void {
    this.#connections.delete(connection);
    this.ticker.remove(connection);
    this.beginHttp2(connection.socket, connection.client, { bytes, peer });
  }

  onClosed(connection: HttpConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.ticker.remove(connection);
    this.#acceptor?.released();
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /** Serves a connection that this or another listener accepted. */
  begin(socket: Socket, client: Client, origin: Origin, passed: number, chosen?: string): ClientConnection {
    const connection = new ClientConnection(socket, client, this, origin, passed, chosen);
    this.#add(connection);
    return connection;
  }

  /** The same for one whose client has chosen HTTP/2. */
  beginHttp2(socket: Socket, client: Client, options: Http2ConnectionOptions): void {
    this.#add(new Http2Connection(socket, client, this, options));
  }

  #add(connection: HttpConnection): void {
    this.#connections.add(connection);
    this.ticker.add(connection);
    if (this.draining) connection.drain();
  }
}
