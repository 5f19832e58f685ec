import { type IpNetwork, inNetwork, parseIp } from "../../base/ip.ts";

/** Who begins each connection with a header, and is believed what it says. From anyone else one is an ordinary part of what he sends. */
export class TrustedProxies {
  readonly #networks: readonly IpNetwork[];

  constructor(networks: readonly IpNetwork[]) {
    this.#networks = networks;
  }

  has(ip: string): boolean {
    const bytes = parseIp(ip);
    return bytes !== undefined && this.#networks.some((network) => inNetwork(bytes, network));
  }
}
