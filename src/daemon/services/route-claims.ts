import { WarrenError } from "../../base/errors.ts";
import type { ServiceSpec } from "../../control/service.ts";
import type { DeployedService } from "./deployed-service.ts";
import { routeClaims } from "./plan.ts";

/** Throws `route.conflict` (409) when another service has a route of this spec. */
export function checkConflicts(key: string, spec: ServiceSpec, services: Iterable<DeployedService>): void {
  const wanted = new Set(routeClaims(spec));
  for (const other of services) {
    if (other.key === key) continue;
    const claim = routeClaims(other.spec).find((one) => wanted.has(one));
    if (claim !== undefined) {
      throw new WarrenError("route.conflict", `${claim} already goes to ${other.key}`, {
        status: 409,
        hint: `choose another route, or remove ${other.name} first`,
      });
    }
  }
}
