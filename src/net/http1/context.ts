import type { RequestIds } from "../request-ids.ts";
import type { RouteTable } from "../router.ts";
import type { StreamTarget } from "../target.ts";
import type { Ticker } from "../ticker.ts";
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

/** What the connections of one listener share. */
export interface HttpContext {
  /** The listener's key. */
  readonly key: string;
  readonly limits: HttpLimits;
  readonly router: RouteTable;
  readonly ticker: Ticker;
  readonly requestIds: RequestIds;
  /** Every answer from now on is its connection's last. */
  readonly draining: boolean;
  pool(target: StreamTarget): UpstreamPool;
  log(event: FrontEvent): void;
  onClosed(connection: ClientConnection): void;
}
