import type { Address } from "../base/address.ts";

/** Who is at the other end of a connection, and how it came. */
export interface Client {
  readonly remote: Address;
  /** The address that it dialled. */
  readonly local: Address;
  readonly scheme: "http" | "https";
  /** The host that it named for TLS, in lower case; empty when it named none. */
  readonly tlsHost?: string;
}
