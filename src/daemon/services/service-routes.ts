import { createHmac } from "node:crypto";
import { WarrenError } from "../../base/errors.ts";
import { parseDomain } from "../../control/domain.ts";
import type { ServiceSpec } from "../../control/service.ts";
import type { DomainStore } from "../../store/domain-store.ts";
import { type Reservation, RouteClaims } from "./route-claims.ts";

/** Of the cookie that keeps a client with a service: 128 bits. */
const tokenCharacters = 22;

/** Which service has which routes, and which namespace which domains. */
export class ServiceRoutes {
  readonly #domains: DomainStore;
  readonly #claims = new RouteClaims();
  readonly #secret: Uint8Array;

  constructor(domains: DomainStore) {
    this.#domains = domains;
    this.#secret = domains.stickySecret();
    for (const { domain, namespace } of domains.list()) this.#claims.loadDomain(domain, namespace);
  }

  /** A service that was deployed before. */
  load(namespace: string, spec: ServiceSpec): void {
    this.#claims.load(namespace, spec);
  }

  /** Throws `route.conflict`, `route.shares` and `domain.taken` (409). */
  reserve(namespace: string, spec: ServiceSpec): Reservation {
    return this.#claims.reserve(namespace, spec);
  }

  /** The service is gone. */
  release(key: string): void {
    this.#claims.release(key);
  }

  /** Other services with one of its routes. */
  sharers(key: string): string[] {
    return this.#claims.sharers(key);
  }

  /** What the cookie of clients says that stay with this service. */
  stickyToken(key: string): string {
    return createHmac("sha256", this.#secret).update(key).digest("base64url").slice(0, tokenCharacters);
  }

  domainsOf(namespace: string): string[] {
    return this.#domains.list().flatMap((one) => (one.namespace === namespace ? [one.domain] : []));
  }

  /** The domain as it is kept, and whether it is new. Throws `domain.invalid`, `domain.taken`, `domain.too-many`. */
  assign(namespace: string, text: string): { domain: string; created: boolean } {
    const domain = parseDomain(text);
    this.#claims.checkAssignment(domain, namespace);
    const created = this.#domains.assign(domain, namespace);
    this.#claims.loadDomain(domain, namespace);
    return { domain, created };
  }

  /** Throws `domain.unknown` (404). */
  unassign(namespace: string, text: string): void {
    const domain = parseDomain(text);
    if (!this.#domains.remove(domain, namespace))
      throw new WarrenError("domain.unknown", `${domain} is not assigned to the namespace "${namespace}"`, {
        status: 404,
        hint: `see what is: warren domain ls --namespace ${namespace}`,
      });
    this.#claims.unassign(domain);
  }
}
