import { formatOutboundGrant, type OutboundGrant, outboundGrant } from "../base/outbound-grant.ts";
import type { Outbound } from "./service.ts";

/** What the names of services end with: `shop-db.warren.internal`. */
export const internalSuffix = ".warren.internal";

/** The right to connect to a service of the same namespace, on ports of its guest. */
export interface ServiceGrant {
  readonly name: string;
  readonly firstPort: number;
  readonly lastPort: number;
}

/** The right to connect to a unix socket of the host. */
export interface UnixGrant {
  /** What the guest calls it: a name, no file. */
  readonly path: string;
  /** Absolute. */
  readonly source: string;
}

export type OutboundRight =
  | { readonly kind: "host"; readonly grant: OutboundGrant }
  | { readonly kind: "service"; readonly grant: ServiceGrant }
  | { readonly kind: "unix"; readonly grant: UnixGrant };

/** One `[[outbound]]`, with no port meaning every port. Throws `outbound.host`, `outbound.port`. */
export function outboundRight({ host, service, unix, as, port = "*", protocol = "tcp" }: Outbound): OutboundRight {
  if (unix !== undefined) return { kind: "unix", grant: { path: as ?? unix, source: unix } };
  const name = service ?? internalName(host ?? "");
  if (name === undefined) return { kind: "host", grant: outboundGrant({ host: host ?? "", port, protocol }) };
  const { firstPort, lastPort } = outboundGrant({ host: `${name}${internalSuffix}`, port });
  return { kind: "service", grant: { name, firstPort, lastPort } };
}

/** The service that a name such as `shop-db.warren.internal` means; undefined for any other name. */
export function internalName(host: string): string | undefined {
  const text = host.toLowerCase();
  return text.endsWith(internalSuffix) ? text.slice(0, -internalSuffix.length) : undefined;
}

/** `api.example.com:443`, `10.0.0.0/8:*`, `ns.example.com:53/udp`, `shop-db.warren.internal:5432`, `unix:/run/db.sock`. */
export function formatOutbound(outbound: Outbound): string {
  const right = outboundRight(outbound);
  if (right.kind === "host") return formatOutboundGrant(right.grant);
  if (right.kind === "unix") return `unix:${right.grant.source}`;
  return formatOutboundGrant({ ...right.grant, host: `${right.grant.name}${internalSuffix}`, protocol: "tcp" });
}
