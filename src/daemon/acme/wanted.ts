import { isIP } from "node:net";
import type { RoutedHost } from "../services/routed-hosts.ts";

/** Whether a CA of the web could certify a host; if not, why, or nothing when somebody else sees to it. */
export type Eligibility =
  | { readonly kind: "yes" }
  | { readonly kind: "local" }
  | { readonly kind: "no"; readonly reason: string };

export function eligibility(host: string): Eligibility {
  if (host === "localhost" || host.endsWith(".localhost") || isIP(host.replace(/^\[|\]$/g, "")) !== 0)
    return { kind: "local" };
  if (host.startsWith("*.")) {
    const reason =
      "a wildcard is certified by DNS-01 only, which is not done here; give its certificate with --tls DIR";
    return { kind: "no", reason };
  }
  // RFC 1123 §2.1: what CAs certify. A route may have other names.
  const labels = host.split(".");
  if (host.length <= 253 && labels.every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label))) return { kind: "yes" };
  return { kind: "no", reason: "it is not a name that CAs certify: letters, digits and - only" };
}

/** Each host once: active when any of its routes is. Two namespaces with one host: the first has it. */
export function uniqueHosts(routed: Iterable<RoutedHost>): Map<string, RoutedHost> {
  const hosts = new Map<string, RoutedHost>();
  for (const one of routed) {
    const known = hosts.get(one.host);
    if (known === undefined || (one.active && !known.active)) hosts.set(one.host, one);
  }
  return hosts;
}
