import type { Client } from "../client.ts";
import type { Decision } from "../dispatch.ts";
import { hostName } from "../http1/host.ts";
import type { Match, RouteTable } from "../router.ts";
import type { FrontTls } from "./front-tls.ts";

interface Where {
  /** Key of the listener. */
  readonly key: string;
  readonly router: RouteTable;
  readonly tls: FrontTls;
}

/** The decision on a request that should come on another connection; undefined for one that may come on this. */
export function refuseMisdirected(
  context: Where,
  { host }: { readonly host: string },
  client: Client,
  match: Match,
): Decision | undefined {
  // Its guest is reached by a hello that names it, and by nothing that is read here.
  if (match.tls !== "passthrough" && !misdirected(context, host, client, match.service)) return undefined;
  const message = "this host is not served on this connection";
  return { kind: "error", error: { status: 421, code: "request.misdirected", message } };
}

/**
 * Whether a request came on a connection that was made for another host, and should come on one of its own (421, RFC 9110
 * §15.5.20). Clients use a connection for all hosts of the certificate that they were shown (RFC 9113 §9.1.1); they may,
 * where the hosts belong to one tenant. A client that named no host for TLS may ask for any.
 */
function misdirected(
  { key, router, tls }: Where,
  requested: string,
  { tlsHost = "", local }: Client,
  service: string,
): boolean {
  if (tlsHost === "") return false;
  const host = hostName(requested);
  if (host === tlsHost) return false;
  if (!tls.certificates.same(host, tlsHost)) return true;
  const named = router.match(key, tlsHost, "/", false, local.ip);
  return named !== undefined && namespaceOf(named.service) !== namespaceOf(service);
}

function namespaceOf(service: string): string {
  return service.slice(0, service.indexOf("/") + 1);
}
