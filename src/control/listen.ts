import { isIP, isIPv6 } from "node:net";
import { formatAddress } from "../base/address.ts";
import { WarrenError } from "../base/errors.ts";

/** A listener of the host that a route names. */
export interface Listen {
  readonly protocol: "tcp" | "udp";
  readonly ip: string;
  readonly port: number;
}

/** `tcp://127.0.0.1:5432`, `udp://:53` (every IPv4 address), `tcp://[::1]:80`. Throws `listen.invalid`. */
export function parseListen(text: string): Listen {
  const [, protocol, bracketed, plain, port] =
    /^(tcp|udp):\/\/(?:\[([^\]]*)\]|([^[\]:]*)):([0-9]{1,5})$/.exec(text) ?? [];
  const ip = bracketed ?? (plain === "" ? "0.0.0.0" : plain);
  const number = Number(port);
  if (protocol === undefined || ip === undefined || isIP(ip) === 0 || isIPv6(ip) !== (bracketed !== undefined)) {
    throw invalid(text, "expected tcp://ADDRESS:PORT or udp://ADDRESS:PORT, such as udp://:53");
  }
  if (number < 1 || number > 65_535) throw invalid(text, "the port must be from 1 to 65535");
  return { protocol: protocol === "tcp" ? "tcp" : "udp", ip, port: number };
}

/** One text for one listener: `udp://0.0.0.0:53`. */
export function formatListen({ protocol, ip, port }: Listen): string {
  return `${protocol}://${formatAddress({ ip, port })}`;
}

function invalid(text: string, why: string): WarrenError {
  return new WarrenError("listen.invalid", `"${text.slice(0, 80)}" is not an address to listen on: ${why}`);
}
