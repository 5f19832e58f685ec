import { domainToASCII } from "node:url";
import { WarrenError } from "./errors.ts";
import { parseNetwork } from "./ip.ts";

/**
 * The right to reach something outside: what `--net` and `[[outbound]]` say, checked by {@link outboundGrant}. Plain data, so
 * that it crosses processes as JSON.
 */
export interface OutboundGrant {
  /** `api.example.com`, `*.example.com` (names below it), `*` (any name), `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. Lower case. */
  readonly host: string;
  /** 0 to 65535 for every port. */
  readonly firstPort: number;
  readonly lastPort: number;
  readonly protocol: "tcp" | "udp";
}

export interface OutboundGrantInput {
  /** As in {@link OutboundGrant.host}; other letters than ASCII become their IDNA form. */
  readonly host: string;
  /** `443`, `8000-8100`, or `*`. */
  readonly port: number | string;
  /** `tcp` when not given. */
  readonly protocol?: "tcp" | "udp";
}

const nameCharactersMax = 253;
const quotedMax = 80;

/** Throws `outbound.host`, `outbound.port`. */
export function outboundGrant({ host, port, protocol = "tcp" }: OutboundGrantInput): OutboundGrant {
  const [firstPort, lastPort] = parsePorts(String(port));
  return { host: parseHost(host), firstPort, lastPort, protocol };
}

/** `HOST:PORT`, `[IPV6]:PORT`, each with `/tcp` or `/udp` at the end or without. Throws `outbound.host`, `outbound.port`. */
export function parseOutboundGrant(text: string): OutboundGrant {
  const [, bracketed, plain, port, protocol] =
    /^(?:\[([^\]]*)\]|([^:[\]]+)):([^:/]+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    throw new WarrenError("outbound.host", `"${quote(text)}" is not HOST:PORT`, {
      hint: 'Write api.example.com:443, "*.example.com:443", 10.0.0.0/8:5432, [2001:db8::1]:443 or ns.example.com:53/udp.',
    });
  }
  return outboundGrant({ host, port, ...(protocol === undefined ? {} : { protocol: protocol as "tcp" | "udp" }) });
}

/** The text that {@link parseOutboundGrant} reads. */
export function formatOutboundGrant({ host, firstPort, lastPort, protocol }: OutboundGrant): string {
  const every = firstPort === 0 && lastPort === 65535;
  const ports = every ? "*" : firstPort === lastPort ? `${firstPort}` : `${firstPort}-${lastPort}`;
  return `${host.includes(":") ? `[${host}]` : host}:${ports}${protocol === "udp" ? "/udp" : ""}`;
}

/** A host name as it is compared: lower case, no dot at the end. Undefined for what cannot be one (RFC 1123 §2.1; `_` is in use). */
export function hostName(text: string): string | undefined {
  const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
  if (name.length > nameCharactersMax) return undefined;
  if (!/^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/.test(name)) return undefined;
  // Resolvers take `127.1` and `0x7f000001` for addresses (inet_aton; https://url.spec.whatwg.org/#ends-in-a-number-checker).
  return /(^|\.)([0-9]+|0x[0-9a-f]*)$/.test(name) ? undefined : name;
}

function parseHost(text: string): string {
  if (text === "*") return text;
  if (parseNetwork(text) !== undefined) return text.toLowerCase();
  const wildcard = text.startsWith("*.");
  const name = hostName(domainToASCII(wildcard ? text.slice(2) : text));
  if (name === undefined) {
    throw new WarrenError("outbound.host", `"${quote(text)}" is not a host name, an address or a block of addresses`, {
      hint: 'Write api.example.com, "*.example.com", 192.0.2.7 or 10.0.0.0/8.',
    });
  }
  return wildcard ? `*.${name}` : name;
}

function parsePorts(text: string): [first: number, last: number] {
  if (text === "*") return [0, 65535];
  const [, first, last = first] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text) ?? [];
  const ports: [number, number] = [Number(first), Number(last)];
  if (first === undefined || ports[0] < 1 || ports[1] > 65535 || ports[0] > ports[1]) {
    throw new WarrenError("outbound.port", `"${quote(text)}" is not a port from 1 to 65535`, {
      hint: 'Write 443, 8000-8100, or "*" for all of them.',
    });
  }
  return ports;
}

function quote(text: string): string {
  return text.slice(0, quotedMax);
}
