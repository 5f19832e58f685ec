import type { Compression } from "./compress/compression.ts";
import type { FrontEvent } from "./http1/context.ts";
import type { TrustedProxies } from "./proxy-protocol/trusted-proxies.ts";
import type { RequestIds } from "./request-ids.ts";
import type { RouteTable } from "./router.ts";
import type { Passage, RequestTarget, StreamTarget } from "./target.ts";
import type { Ticker } from "./ticker.ts";
import type { FrontTls } from "./tls/front-tls.ts";
import type { UpstreamPool } from "./upstream.ts";

/** A listening TCP socket of the front. */
export interface Listener {
  readonly key: string;
  /** Open connections. */
  readonly connections: number;
  /** Goes on with a connection that another process accepted and read `bytes` from. Takes `fd` over. */
  adopt(fd: number, bytes: Uint8Array, passage: Passage): void;
  /** Stops accepting: this process's descriptor is closed. Open connections go on. */
  close(): void;
  /**
   * Stops accepting and resolves when the last connection is closed. Each answer is its connection's last; idle
   * connections are closed after a second, and whatever is left after `graceMs` is broken off.
   */
  drain(graceMs: number): Promise<void>;
  /** Breaks every connection off. */
  destroy(): void;
}

/** What the listeners of one front share. */
export interface ListenerShared {
  readonly router: RouteTable;
  readonly ticker: Ticker;
  readonly requestIds: RequestIds;
  readonly compression: Compression;
  readonly tls: FrontTls;
  readonly connectionsMax: number;
  readonly descriptorsMax: number;
  readonly handshakesMax: number;
  readonly proxies: TrustedProxies | undefined;
  pool(target: StreamTarget): UpstreamPool;
  handler(target: StreamTarget): RequestTarget;
  log(event: FrontEvent): void;
}
