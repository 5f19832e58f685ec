import type { Address } from "../../../base/address.ts";
import { formatIp, isIpv4, parseIp } from "../../../base/ip.ts";

export type AddressFamily = "ipv4" | "ipv6";

/** `wasi:sockets/network.ip-address` */
export type WitIpAddress =
  | { readonly tag: "ipv4"; readonly val: readonly number[] }
  | { readonly tag: "ipv6"; readonly val: readonly number[] };

/** `wasi:sockets/network.ip-socket-address` */
export type WitSocketAddress =
  | { readonly tag: "ipv4"; readonly val: { readonly port: number; readonly address: readonly number[] } }
  | {
      readonly tag: "ipv6";
      readonly val: {
        readonly port: number;
        readonly flowInfo: number;
        readonly address: readonly number[];
        readonly scopeId: number;
      };
    };

/** Of an address's text; four numbers also for one that is v4-mapped. */
export function witIpAddress(ip: string): WitIpAddress {
  const bytes = parseIp(ip) ?? new Uint8Array(16);
  if (isIpv4(bytes)) return { tag: "ipv4", val: [...bytes.subarray(12)] };
  return { tag: "ipv6", val: Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!) };
}

export function witSocketAddress({ ip, port }: Address): WitSocketAddress {
  const { tag, val: address } = witIpAddress(ip);
  return tag === "ipv4" ? { tag, val: { port, address } } : { tag, val: { port, flowInfo: 0, address, scopeId: 0 } };
}

/** The address that a guest means for a socket of a family; undefined when it is of the other, v4-mapped, or of many hosts at once. */
export function unicastAddress(family: AddressFamily, { tag, val }: WitSocketAddress): Address | undefined {
  if (tag !== family) return undefined;
  const { port, address } = val;
  if (tag === "ipv4") {
    // RFC 1112 §4: 224.0.0.0/4; RFC 919: the broadcast address.
    if ((address[0]! & 0xf0) === 0xe0 || address.every((byte) => byte === 0xff)) return undefined;
    return { ip: address.join("."), port };
  }
  const bytes = Uint8Array.from(address.flatMap((group) => [group >> 8, group & 0xff]));
  // RFC 4291 §2.7: ff00::/8.
  if (isIpv4(bytes) || bytes[0] === 0xff) return undefined;
  return { ip: formatIp(bytes), port };
}

/** An address to send to: as {@link unicastAddress}, and neither the unspecified one nor port 0. */
export function remoteAddress(family: AddressFamily, address: WitSocketAddress): Address | undefined {
  const remote = unicastAddress(family, address);
  return remote === undefined || remote.port === 0 || isUnspecified(remote.ip) ? undefined : remote;
}

export function isUnspecified(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}
