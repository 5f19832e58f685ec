import type { ProxyVersion } from "./proxy-protocol/write-header.ts";

/** What a route says of connections that go to a guest byte for byte. */
export interface StreamTerms {
  /** The guest's connection begins with a header that says whose it is. */
  readonly proxy?: ProxyVersion;
  /** A connection on which nothing moved for so long is broken off; never when absent. Milliseconds. */
  readonly idleMs?: number;
}
