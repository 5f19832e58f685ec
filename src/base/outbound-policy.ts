import type { Address } from "./address.ts";
import { formatIp, type IpBytes, type IpNetwork, inNetwork, isIpv4, isWithin, parseIp, parseNetwork } from "./ip.ts";
import { specialBlock } from "./ip-special.ts";
import { hostName, type OutboundGrant } from "./outbound-grant.ts";

/** An address stays the name's for so long after it was resolved or last dialled: programs keep addresses, names change hands. */
const resolvedMsMax = 60 * 60 * 1000;
/** Addresses remembered; the one not used for longest goes first. */
const addressesMax = 1024;
/** The prefix of the v4-mapped addresses. */
const ipv4Bits = 96;
/** Names remembered of one address: hosts of many names are common. */
const namesMax = 64;

interface Compiled {
  readonly grant: OutboundGrant;
  /** The addresses that it gives whatever names resolve to. */
  readonly networks: readonly IpNetwork[];
}

/**
 * What one instance may reach, by its grants and by what its own lookups gave. A name gives the addresses that it resolved to,
 * as far as they are public: an address of another kind (loopback, private, link-local and so on, see ip-special.ts) is
 * reached by a grant of an address or block that lies within its kind, so that `0.0.0.0/0` opens the internet but nothing
 * local; and loopback by the name `localhost`. No other name, whoever answers for it, leads anywhere else.
 */
export class OutboundPolicy {
  readonly #grants: readonly Compiled[];
  readonly #now: () => number;
  /** By address as text, in order of use: when each of its names is forgotten. */
  readonly #resolved = new Map<string, Map<string, number>>();

  /** `now`: milliseconds of a monotonic clock. */
  constructor(grants: readonly OutboundGrant[], now: () => number = () => performance.now()) {
    this.#grants = grants.map((grant) => ({ grant, networks: networksOf(grant.host) }));
    this.#now = now;
  }

  /** Whether a name may be looked up: a lookup tells its name server something. */
  mayResolve(name: string): boolean {
    const normal = hostName(name);
    return normal !== undefined && this.#grants.some(({ grant }) => matches(grant.host, normal));
  }

  /**
   * Takes what a name resolved to. Gives those addresses, as text in their canonical form, that some grant lets the instance reach
   * on any port; they can be reached from now on.
   */
  resolved(name: string, addresses: readonly string[]): string[] {
    const normal = hostName(name);
    if (normal === undefined) return [];
    const reachable: string[] = [];
    for (const text of addresses) {
      const ip = parseIp(text);
      if (ip === undefined) continue;
      const byName = this.#grants.some(({ grant }) => leadsTo(grant.host, normal, ip));
      if (!byName && !this.#grants.some(({ networks }) => covers(networks, ip))) continue;
      const canonical = formatIp(ip);
      if (byName) this.#remember(canonical, normal);
      if (!reachable.includes(canonical)) reachable.push(canonical);
    }
    return reachable;
  }

  /** Whether an address may be connected or sent to. */
  mayReach(protocol: "tcp" | "udp", { ip: text, port }: Address): boolean {
    const ip = parseIp(text);
    if (ip === undefined || !(port >= 1 && port <= 65535)) return false;
    const here = this.#grants.filter(
      ({ grant }) => grant.protocol === protocol && port >= grant.firstPort && port <= grant.lastPort,
    );
    if (here.length === 0) return false;
    if (here.some(({ networks }) => covers(networks, ip))) return true;
    const canonical = formatIp(ip);
    for (const name of this.#namesOf(canonical)) {
      if (!here.some(({ grant }) => leadsTo(grant.host, name, ip))) continue;
      this.#remember(canonical, name);
      return true;
    }
    return false;
  }

  #namesOf(ip: string): string[] {
    const names = this.#resolved.get(ip);
    if (names === undefined) return [];
    const now = this.#now();
    for (const [name, until] of names) if (until <= now) names.delete(name);
    if (names.size === 0) this.#resolved.delete(ip);
    return [...names.keys()];
  }

  #remember(ip: string, name: string): void {
    const names = this.#resolved.get(ip) ?? new Map<string, number>();
    this.#resolved.delete(ip);
    names.delete(name);
    if (names.size >= namesMax) deleteFirst(names);
    if (this.#resolved.size >= addressesMax) deleteFirst(this.#resolved);
    names.set(name, this.#now() + resolvedMsMax);
    this.#resolved.set(ip, names);
  }
}

/** Whether a granted host, as a name, is or covers a name. */
function matches(host: string, name: string): boolean {
  if (host === "*" || host === name) return true;
  return host.startsWith("*.") && name.endsWith(host.slice(1));
}

/** Whether a granted host, as a name, gives an address that a name resolved to. */
function leadsTo(host: string, name: string, ip: IpBytes): boolean {
  return matches(host, name) && specialBlock(ip) === undefined;
}

function networksOf(host: string): readonly IpNetwork[] {
  // RFC 6761 §6.3: the name means loopback, whatever a resolver says of it.
  if (host === "localhost") return loopback;
  const network = parseNetwork(host);
  return network === undefined ? [] : [network];
}

const loopback: readonly IpNetwork[] = ["127.0.0.0/8", "::1"].flatMap((text) => parseNetwork(text) ?? []);

/** Whether granted blocks give an address: a special one only when the block lies within what makes it special. */
function covers(networks: readonly IpNetwork[], ip: IpBytes): boolean {
  return networks.some((network) => {
    if (!inNetwork(ip, network)) return false;
    // `::/0` means IPv6, though the v4-mapped form of every IPv4 address lies in it.
    if (network.bits < ipv4Bits && isIpv4(ip)) return false;
    const special = specialBlock(ip);
    return special === undefined || isWithin(network, special);
  });
}

function deleteFirst<K>(map: Map<K, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
