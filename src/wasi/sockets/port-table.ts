import type { Address } from "../../base/address.ts";

export type IpVersion = 4 | 6;

export function versionOf(ip: string): IpVersion {
  return ip.includes(":") ? 6 : 4;
}

/** Which versions' ports a socket takes; one on `::` takes IPv4's too, unless it is told not to (ipv6(7), IPV6_V6ONLY). */
function versionsTaken({ ip }: Address, ipv6Only: boolean): readonly IpVersion[] {
  return ip === "::" && !ipv6Only ? [4, 6] : [versionOf(ip)];
}

/** Who has the ports of one protocol: IPv4 and IPv6 have each their own. */
export class PortTable<T> {
  readonly #ports: Readonly<Record<IpVersion, Map<number, T>>> = { 4: new Map(), 6: new Map() };
  /** In the order in which they came. */
  readonly #all = new Set<T>();

  get all(): Iterable<T> {
    return this.#all;
  }

  has(port: number): boolean {
    return this.get(port) !== undefined;
  }

  isFree(address: Address, ipv6Only: boolean): boolean {
    return versionsTaken(address, ipv6Only).every((version) => !this.#ports[version].has(address.port));
  }

  /** The port must be free. Gives what gives it back. */
  add(one: T, address: Address, ipv6Only: boolean): () => void {
    const versions = versionsTaken(address, ipv6Only);
    for (const version of versions) this.#ports[version].set(address.port, one);
    this.#all.add(one);
    return () => {
      for (const version of versions) this.#ports[version].delete(address.port);
      this.#all.delete(one);
    };
  }

  /** Who has a port, of one version when that one is taken: programs that listen on one loopback are reached by the other, too. */
  get(port: number, version: IpVersion = 4): T | undefined {
    return this.#ports[version].get(port) ?? this.#ports[version === 4 ? 6 : 4].get(port);
  }
}
