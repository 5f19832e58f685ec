import type { DeployedService } from "./deployed-service.ts";
import { routesOf } from "./plan.ts";

/** A host of a route whose TLS is the front's. */
export interface RoutedHost {
  readonly host: string;
  readonly namespace: string;
  /** It is to be served; one of a stopped service keeps its certificate, but none is ordered for it. */
  readonly active: boolean;
}

/** Those of all services; a host as often as it has routes. */
export function* routedHosts(services: Iterable<DeployedService>): Generator<RoutedHost, void, undefined> {
  for (const { namespace, spec, desired } of services)
    for (const { host, listen, tls } of routesOf(namespace, spec))
      if (host !== undefined && listen === undefined && tls !== "passthrough")
        yield { host, namespace, active: desired === "running" };
}
