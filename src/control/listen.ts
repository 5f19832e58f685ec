import { formatAddress } from "../base/address.ts";
import { WarrenError } from "../base/errors.ts";
import { formatIp, isIpv4, parseIp } from "../base/ip.ts";

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
  const name = bracketed ?? (plain === "" ? "0.0.0.0" : plain);
  const number = Number(port);
  const bytes = name === undefined ? undefined : parseIp(name);
  if (protocol === undefined || bytes === undefined || name?.includes(":") !== (bracketed !== undefined)) {
    const zone = name?.includes("%") === true;
    throw invalid(
      text,
      zone
        ? "an address has no zone here; [::] takes what is sent to link-local addresses, too"
        : "expected tcp://ADDRESS:PORT or udp://ADDRESS:PORT, such as udp://:53",
    );
  }
  if (number < 1 || number > 65_535) throw invalid(text, "the port must be from 1 to 65535");
  return { protocol: protocol === "tcp" ? "tcp" : "udp", ip: formatIp(bytes), port: number };
}

/** What a route listens on. */
export interface ListenPart {
  readonly listen?: string | undefined;
  readonly ip?: string | undefined;
}

/**
 * The listener of a route that names one. A UDP route for one address of all has a socket of its own, so that the kernel tells it from
 * its neighbours.
 */
export function routeListen({ listen, ip }: ListenPart): Listen | undefined {
  if (listen === undefined) return undefined;
  const parsed = parseListen(listen);
  return parsed.protocol === "udp" && ip !== undefined ? { ...parsed, ip: canonicalIp(ip) } : parsed;
}

/** One text for one address; what is none stays as it is. */
export function canonicalIp(text: string): string {
  const bytes = parseIp(text);
  return bytes === undefined ? text : formatIp(bytes);
}

/** Why nothing that a listener takes was sent to this address; undefined when it may be. */
export function unreachableProblem(ip: string, listen: Listen): string | undefined {
  const [dialled, bound] = [parseIp(ip), parseIp(listen.ip)];
  if (dialled === undefined || bound === undefined) return undefined;
  const wildcard = listen.ip === "0.0.0.0" || listen.ip === "::";
  if (isIpv4(dialled) !== isIpv4(bound))
    return `is ${isIpv4(dialled) ? "an IPv4" : "an IPv6"} address, which ${formatListen(listen)} does not take`;
  return wildcard || canonicalIp(ip) === listen.ip
    ? undefined
    : `is another address than that of ${formatListen(listen)}`;
}

/** One text for one listener: `udp://0.0.0.0:53`. */
export function formatListen({ protocol, ip, port }: Listen): string {
  return `${protocol}://${formatAddress({ ip, port })}`;
}

function invalid(text: string, why: string): WarrenError {
  return new WarrenError("listen.invalid", `"${text.slice(0, 80)}" is not an address to listen on: ${why}`);
}
