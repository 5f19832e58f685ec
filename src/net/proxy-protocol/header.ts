import type { Address } from "../../base/address.ts";
import { WarrenError } from "../../base/errors.ts";

// The PROXY protocol, versions 1 and 2, revision of 2020/03/05: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt

/** Both ends of the connection that a proxy passes on. */
export interface ProxiedEnds {
  readonly remote: Address;
  readonly local: Address;
}

export interface ProxyHeader {
  /** Bytes that it takes. */
  readonly length: number;
  /** Undefined where the proxy speaks for itself (LOCAL) or does not know (UNKNOWN, UNSPEC): the connection's own are meant. */
  readonly ends: ProxiedEnds | undefined;
}

/** §2.2: what version 2 begins with. */
export const signature: Buffer = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
export function malformed(why: string): WarrenError {
  return new WarrenError("proxy.malformed", `a proxy's header was refused: ${why}`);
}
