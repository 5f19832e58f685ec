import { assert } from "./assert.ts";
import { type IpBytes, type IpNetwork, inNetwork, parseNetwork } from "./ip.ts";

/** What no name gives access to: addresses that are not of the public internet, by what they are for. */
export interface SpecialBlock extends IpNetwork {
  readonly use: SpecialUse;
}

export type SpecialUse = "this-host" | "loopback" | "private" | "link-local" | "multicast" | "reserved" | "embedded";

// IANA's special-purpose registries (RFC 6890), all that is not globally reachable; longer prefixes first where they overlap.
const blocks: readonly SpecialBlock[] = (
  [
    ["0.0.0.0/8", "this-host"],
    ["10.0.0.0/8", "private"],
    ["100.64.0.0/10", "private"],
    ["127.0.0.0/8", "loopback"],
    ["169.254.0.0/16", "link-local"],
    ["172.16.0.0/12", "private"],
    ["192.0.0.0/24", "reserved"],
    ["192.0.2.0/24", "reserved"],
    ["192.88.99.0/24", "reserved"],
    ["192.168.0.0/16", "private"],
    ["198.18.0.0/15", "private"],
    ["198.51.100.0/24", "reserved"],
    ["203.0.113.0/24", "reserved"],
    ["224.0.0.0/4", "multicast"],
    ["240.0.0.0/4", "reserved"],
    ["::1", "loopback"],
    ["::", "this-host"],
    // Also IPv4-compatible addresses, and those of SIIT, ::ffff:0:a.b.c.d: some stacks take them for the IPv4 host.
    ["::/96", "reserved"],
    ["::ffff:0:0:0/96", "reserved"],
    ["64:ff9b:1::/48", "private"],
    ["100::/64", "reserved"],
    ["2001::/23", "reserved"],
    ["2001:db8::/32", "reserved"],
    ["3fff::/20", "reserved"],
    ["5f00::/16", "reserved"],
    ["fc00::/7", "private"],
    ["fe80::/10", "link-local"],
    ["fec0::/10", "private"],
    ["ff00::/8", "multicast"],
  ] as const
).map(([text, use]) => ({ ...network(text), use }));

/** Where these hold an IPv4 address that packets end up at: NAT64 (RFC 6052 §2.1) and 6to4 (RFC 3056 §2). */
const translations = [
  { ...network("64:ff9b::/96"), at: 12 },
  { ...network("2002::/16"), at: 2 },
];

/** The block that makes an address special, undefined for one of the public internet. */
export function specialBlock(address: IpBytes): SpecialBlock | undefined {
  for (const translation of translations) {
    if (!inNetwork(address, translation)) continue;
    const embedded = Uint8Array.from([...v4Prefix, ...address.subarray(translation.at, translation.at + 4)]);
    const inner = blocks.find((block) => inNetwork(embedded, block));
    if (inner === undefined) return undefined;
    // As long as the prefix and the part of the embedded address that makes it special.
    return { bytes: address, bits: translation.at * 8 + (inner.bits - 96), use: "embedded" };
  }
  return blocks.find((block) => inNetwork(address, block));
}

const v4Prefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function network(text: string): IpNetwork {
  const parsed = parseNetwork(text);
  assert(parsed !== undefined, text);
  return parsed;
}
