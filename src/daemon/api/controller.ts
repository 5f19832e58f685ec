import type { CertificateView, LocalAuthorityView } from "../../control/certificate.ts";
import type { HealthView, ServiceSpec, ServiceView, StoreView, VolumeView } from "../../control/service.ts";
import type { Precondition } from "./etag.ts";

/**
 * What the API asks of the daemon. Every method throws a WarrenError with a status; an unknown service is
 * `service.unknown` (404). Changes check the precondition ({@link Precondition}) at the moment they take effect.
 */
export interface Controller {
  health(): HealthView | Promise<HealthView>;
  namespaces(): readonly string[];
  /** False when it is there already. Throws `namespace.too-many`. */
  createNamespace(namespace: string): boolean;
  /** Throws `namespace.unknown`. */
  list(namespace: string): readonly ServiceView[] | Promise<readonly ServiceView[]>;
  /** Throws `namespace.unknown`. */
  get(namespace: string, name: string): ServiceView | undefined | Promise<ServiceView | undefined>;
  /** Resolves once the new revision listens and is durable. Throws `deploy.*` (422). The program is stored already. */
  deploy(
    namespace: string,
    spec: ServiceSpec,
    precondition: Precondition,
  ): Promise<{ view: ServiceView; created: boolean }>;
  remove(namespace: string, name: string, precondition: Precondition): Promise<void>;
  start(namespace: string, name: string, precondition: Precondition): Promise<ServiceView>;
  stop(namespace: string, name: string, precondition: Precondition): Promise<ServiceView>;
  restart(namespace: string, name: string, precondition: Precondition): Promise<ServiceView>;
  /** Throws `namespace.unknown`. */
  listCertificates(): readonly CertificateView[];
  localAuthority(): Promise<LocalAuthorityView>;
  listVolumes(namespace: string): Promise<readonly VolumeView[]>;
  /** Throws `volume.unknown` (404) and `volume.in-use` (409). */
  removeVolume(namespace: string, name: string): Promise<void>;
  /** Throws `namespace.unknown`. */
  listStores(namespace: string): readonly StoreView[];
  /** Throws `store.unknown` (404) and `store.in-use` (409). */
  removeStore(namespace: string, name: string): void;
  /** Those assigned to it. Throws `namespace.unknown`. */
  domains(namespace: string): readonly string[];
  /** Throws `domain.invalid` (400), `domain.taken` and `domain.too-many` (409). */
  assignDomain(namespace: string, domain: string): { domain: string; created: boolean };
  /** Throws `domain.unknown` (404). */
  removeDomain(namespace: string, domain: string): void;
}

/** What of it concerns services. */
export type ServiceController = Omit<
  Controller,
  "health" | "listCertificates" | "localAuthority" | "listStores" | "removeStore"
>;
