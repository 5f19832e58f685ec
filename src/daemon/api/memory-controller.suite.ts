import { WarrenError } from "../../base/errors.ts";
import type { CertificateView, LocalAuthorityView } from "../../control/certificate.ts";
import type {
  HealthView,
  ServiceSpec,
  ServiceState,
  ServiceView,
  StoreView,
  VolumeView,
} from "../../control/service.ts";
import type { Controller } from "./controller.ts";
import { checkPrecondition, type Precondition } from "./etag.ts";

/** A controller that keeps services in memory and runs nothing: what the API is tested against. */
export class MemoryController implements Controller {
  readonly services = new Map<string, ServiceView>();
  /** Awaited in every deploy: a test can hold it back. */
  gate: Promise<void> = Promise.resolve();

  health(): HealthView {
    return {
      version: "0.0.0",
      pid: process.pid,
      startedAt: new Date(0).toISOString(),
      state: "/nowhere",
      listeners: ["http://127.0.0.1:80"],
      workers: [],
      services: { total: this.services.size, running: this.services.size },
    };
  }

  namespaces(): string[] {
    return ["default"];
  }

  createNamespace(namespace: string): boolean {
    return namespace !== "default";
  }

  list(namespace: string): ServiceView[] {
    if (namespace !== "default")
      throw new WarrenError("namespace.unknown", `there is no namespace "${namespace}"`, { status: 404 });
    return [...this.services.values()];
  }

  get(_namespace: string, name: string): ServiceView | undefined {
    return this.services.get(name);
  }

  async deploy(
    namespace: string,
    spec: ServiceSpec,
    precondition: Precondition,
  ): Promise<{ view: ServiceView; created: boolean }> {
    await this.gate;
    const before = this.services.get(spec.name);
    checkPrecondition(precondition, before);
    if (spec.args?.includes("--fail")) {
      throw new WarrenError("deploy.failed", "the guest exited with 1 before it listened", {
        status: 422,
        hint: "see its log",
      });
    }
    if (spec.args?.includes("--break")) throw new TypeError("secret details");
    const view: ServiceView = {
      namespace,
      name: spec.name,
      state: "running",
      kind: spec.kind ?? "server",
      revision: (before?.revision ?? 0) + 1,
      ...(spec.program === undefined ? {} : { program: spec.program, programBytes: 8 }),
      deployedAt: new Date(0).toISOString(),
      routes: [],
      instances: [],
      restarts: 0,
      lastRestarts: [],
      requests: 0,
      memoryBytes: 0,
      cpuMs: 0,
      throttled: 0,
      throttling: false,
      quarantined: false,
      traps: 0,
      limitsHit: 0,
      refused: { rate: 0, connections: 0, queue: 0 },
      lastLimits: [],
      spec,
    };
    this.services.set(spec.name, view);
    return { view, created: before === undefined };
  }

  async remove(_namespace: string, name: string, precondition: Precondition): Promise<void> {
    this.#known(name, precondition);
    this.services.delete(name);
  }

  async start(_namespace: string, name: string, precondition: Precondition): Promise<ServiceView> {
    return this.#become(name, precondition, "running");
  }

  async stop(_namespace: string, name: string, precondition: Precondition): Promise<ServiceView> {
    return this.#become(name, precondition, "stopped");
  }

  async restart(_namespace: string, name: string, precondition: Precondition): Promise<ServiceView> {
    return this.#become(name, precondition, "running");
  }

  listCertificates(): CertificateView[] {
    return [];
  }

  async localAuthority(): Promise<LocalAuthorityView> {
    throw new WarrenError("tls.local-ca", "there is none here", { status: 500 });
  }

  async listVolumes(_namespace: string): Promise<VolumeView[]> {
    return [{ name: "data", bytes: 4608, services: [] }];
  }

  async removeVolume(_namespace: string, name: string): Promise<void> {
    if (name !== "data") throw new WarrenError("volume.unknown", `there is no volume "${name}"`, { status: 404 });
  }

  listStores(_namespace: string): StoreView[] {
    return [{ name: "sessions", bytes: 105, keys: 1, bytesMax: 16_777_216, services: [] }];
  }

  removeStore(_namespace: string, name: string): void {
    if (name !== "sessions") throw new WarrenError("store.unknown", `there is no store "${name}"`, { status: 404 });
  }

  domains(_namespace: string): string[] {
    return ["example.com"];
  }

  assignDomain(_namespace: string, domain: string): { domain: string; created: boolean } {
    return { domain, created: domain !== "example.com" };
  }

  removeDomain(_namespace: string, domain: string): void {
    if (domain !== "example.com") throw new WarrenError("domain.unknown", `no domain "${domain}"`, { status: 404 });
  }

  #become(name: string, precondition: Precondition, state: ServiceState): ServiceView {
    const view = { ...this.#known(name, precondition), state };
    this.services.set(name, view);
    return view;
  }

  #known(name: string, precondition: Precondition): ServiceView {
    const view = this.services.get(name);
    checkPrecondition(precondition, view);
    if (view === undefined) throw new WarrenError("service.unknown", `there is no service "${name}"`, { status: 404 });
    return view;
  }
}
