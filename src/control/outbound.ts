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

export type OutboundRight =
  | { readonly kind: "host"; readonly grant: OutboundGrant }
  | { readonly kind: "service"; readonly grant: ServiceGrant };

/** One `[[outbound]]`, with no port meaning every port. Throws `outbound.host`, `outbound.port`. */
export function outboundRight({ host, service, port = "*", protocol = "tcp" }: Outbound): OutboundRight {
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

/** `api.example.com:443`, `10.0.0.0/8:*`, `ns.example.com:53/udp`, `shop-db.warren.internal:5432`. */
export function formatOutbound(outbound: Outbound): string {
  const right = outboundRight(outbound);
  if (right.kind === "host") return formatOutboundGrant(right.grant);
  return formatOutboundGrant({ ...right.grant, host: `${right.grant.name}${internalSuffix}`, protocol: "tcp" });
}
