import type { Exit } from "../../engine/exit.ts";
import type { HttpContext, HttpHost } from "../../wasi/p2/http/host.ts";
import type { IncomingRequest } from "../../wasi/p2/http/incoming-request.ts";
import type { ResponseOutparam } from "../../wasi/p2/http/response-outparam.ts";

/** An instance of a handler's component, as far as the pool of them needs it. One request at a time. */
export interface PooledInstance {
  /** What its functions of the host's reach; `http` is what it was made with. */
  readonly host: HttpHost;
  /**
   * Calls its export `wasi:http/incoming-handler.handle`. Rejects with what the guest trapped with, or with how it was killed; then it is
   * not used again.
   */
  handle(request: IncomingRequest, out: ResponseOutparam): Promise<unknown>;
  /** How the guest ended, by what {@link handle} rejected with. */
  exitOf(error: unknown): Exit;
  /**
   * Makes it as it was after its initialisation: memories, globals, tables, and no resource of the host's is held that came since, each having
   * been dropped, in any order, and what it sends broken off. False when that cannot be; then it is killed. Called between requests only.
   */
  reset(): boolean;
  /** Ends the guest, whatever it does, and lets go of everything, what it sends as well. Called once. */
  kill(reason: string): void;
  readonly memoryBytes: number;
  /** Since it was made. Milliseconds. */
  readonly cpuMs: number;
  /** It waits for something, rather than to compute. */
  readonly waiting: boolean;
}

/** Makes an initialised instance. Throws, or rejects with, a WarrenError when there is no room for one or its initialisation failed. */
export type MakeInstance = (http: HttpContext) => PooledInstance | Promise<PooledInstance>;
