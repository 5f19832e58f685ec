import type { Address } from "../../base/address.ts";
import { formatIp, inNetwork, parseIp, parseNetwork } from "../../base/ip.ts";

/** What a socket is bound or connected to: a port of an address, or a unix socket's path. */
export type SocketName = Address | UnixName;

export interface UnixName {
  /** Empty for a socket without a name. */
  readonly path: string;
}

/** A unix connection's two names. */
export interface UnixEnds {
  readonly local: UnixName;
  readonly remote: UnixName;
}

/** How a conduit of a guest's own network carries a unix socket's name: it has no other field for it. */
export function unixAddress({ path }: UnixName): Address {
  return { ip: path, port: 0 };
}

export type SocketFamily = 4 | 6 | "unix";

/** What a guest calls itself by: loopback, and the unspecified addresses, which connect there too (as Linux). */
const ownNetworks = ["127.0.0.0/8", "0.0.0.0", "::1", "::"].flatMap((text) => parseNetwork(text) ?? []);

/** Whether an address means the guest's own network before it means anything outside. */
export function isOwnAddress(ip: string): boolean {
  const bytes = parseIp(ip);
  return bytes !== undefined && ownNetworks.some((network) => inNetwork(bytes, network));
}

/** The address that a guest's own connection to `ip` seems to come from. */
export function ownAddress(ip: string): string {
  return ip.includes(":") ? "::1" : "127.0.0.1";
}

/** The addresses of a name that needs no lookup: a number, `localhost`, which is the guest's own network, or nothing at all. */
export function ownAddressesOf(name: string): readonly string[] | undefined {
  if (name === "") return ["0.0.0.0", "::"];
  // RFC 6761 §6.3.
  if (/(^|\.)localhost\.?$/i.test(name)) return ["127.0.0.1", "::1"];
  const ip = parseIp(name);
  return ip && [formatIp(ip)];
}
