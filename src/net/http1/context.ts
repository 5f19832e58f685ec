import type { Compression } from "../compress/compression.ts";
import type { RequestIds } from "../request-ids.ts";
import type { RouteTable } from "../router.ts";
import type { RequestTarget, StreamTarget } from "../target.ts";
import type { Swept, Ticker } from "../ticker.ts";
import type { FrontTls } from "../tls/front-tls.ts";
import type { UpstreamPool } from "../upstream.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { HttpLimits } from "./limits.ts";

/** Something worth a line in the log. */
export interface FrontEvent {
  readonly code: string;
  readonly message: string;
  /** Key of the listener. */
  readonly listener: string;
}

/** A client's connection, whichever version of HTTP it speaks, as its listener sees it. */
export interface HttpConnection extends Swept {
  /** Breaks it off. */
  destroy(): void;
  /** The listener drains: every answer from now on is to be the last, if the client can be told. */
  drain(): void;
  /** Ends it, now or once nothing is in flight; a connection of HTTP/1 that is not idle ends with its answer anyway. */
  endIdle(): void;
}

/** What the connections of one listener share. */
export interface HttpContext {
  /** The listener's key. */
  readonly key: string;
  readonly limits: HttpLimits;
  readonly router: RouteTable;
  readonly ticker: Ticker;
  readonly requestIds: RequestIds;
  readonly compression: Compression;
  readonly tls: FrontTls;
  /** Every answer from now on is its connection's last. */
  readonly draining: boolean;
  pool(target: StreamTarget): UpstreamPool;
  /** The same guest in the form of one that is called for each request. */
  handler(target: StreamTarget): RequestTarget;
  log(event: FrontEvent): void;
  /** The other end turned out to speak HTTP/2: `bytes` is what was read so far. `peer`: it is another worker's front. */
  speaksHttp2(connection: ClientConnection, bytes: Buffer, peer: boolean): void;
  onClosed(connection: HttpConnection): void;
}
