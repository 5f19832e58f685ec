import type { Digest } from "../../base/digest.ts";
import { WarrenError } from "../../base/errors.ts";
import { KeyedQueue } from "../../base/keyed-queue.ts";
import type { ServiceSpec, ServiceView, VolumeView } from "../../control/service.ts";
import type { BlobStore } from "../../store/blob-store.ts";
import type { DomainStore } from "../../store/domain-store.ts";
import type { ServiceRecord, ServiceStore } from "../../store/service-store.ts";
import type { GuestStatus, Incident, MountedPath, Placement } from "../../worker/protocol.ts";
import type { ServiceController } from "../api/controller.ts";
import type { Precondition } from "../api/etag.ts";
import { checkPrecondition } from "../api/etag.ts";
import type { Logger } from "../logger.ts";
import { unionOfMounts } from "../workers/mount-cover.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import { DeployedService } from "./deployed-service.ts";
import { inBatches, startsAtOnce } from "./in-batches.ts";
import { Placer, type PlacerOptions, tenant } from "./placer.ts";
import type { Isolation } from "./plan.ts";
import { groupOf, instanceSpec, ownListeners, sitesSpec, volumesOf } from "./plan.ts";
import { deathsMax, Quarantine } from "./quarantine.ts";
import { ServiceListeners } from "./service-listeners.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { ServiceVolumes } from "./service-volumes.ts";
import { withKind } from "./with-kind.ts";

/** How long what is in flight may take when a revision is replaced or a service stopped. */
const stopGraceMs = 30_000;
const placementsPerOrder = 200;
/** Of what a worker says for an event. */
const messageCharsMax = 1000;

export interface SupervisorOptions extends Omit<PlacerOptions, "quarantine"> {
  readonly services: ServiceStore;
  readonly domains: DomainStore;
  readonly blobs: BlobStore;
  readonly log: Logger;
  readonly isolation: Isolation;
  /** Routes have come or gone. Awaited before new ones are told to the workers: their certificates are to be there first. */
  routesChanged(): Promise<void>;
  /** The service is gone, and so are its logs. */
  forgetLogs(namespace: string, name: string): void;
  /** Tells whoever follows the events. */
  event(type: string, message: string, service?: { namespace: string; name: string }): void;
}

/** Keeps every service that should run running, and carries out what the API asks. */
export class Supervisor implements ServiceController {
  readonly #options: SupervisorOptions;
  readonly #services = new Map<string, DeployedService>();
  readonly #queue = new KeyedQueue();
  readonly #quarantine = new Quarantine();
  readonly #placer: Placer;
  readonly #volumes: ServiceVolumes;
  readonly #listeners: ServiceListeners;
  readonly #routes: ServiceRoutes;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#volumes = new ServiceVolumes(options.volumes, this.#services);
    this.#listeners = new ServiceListeners(options.listeners, options.pool, this.#services);
    this.#routes = new ServiceRoutes(options.domains);
    this.#placer = new Placer({ ...options, quarantine: this.#quarantine });
  }

  get services(): ReadonlyMap<string, DeployedService> {
    return this.#services;
  }

  #placement(service: DeployedService): Placement {
    const anyWorker = this.#options.pool.ready[0]?.id;
    return service.placement(this.#http, anyWorker, (key) => this.#routes.stickyToken(key));
  }

  get #http(): string[] {
    return this.#options.listeners
      .list()
      .flatMap(({ key, protocol }) => (protocol === "http" || protocol === "https" ? [key] : []));
  }

  /** Reads what is deployed and opens the listeners that it needs. A listener that cannot be had fails its service only. */
  async load(): Promise<void> {
    const { services, blobs, listeners, log, pool, volumes, isolation } = this.#options;
    let mounting = 0;
    for (const record of services.list()) {
      const service = new DeployedService(
        record,
        record.revision.program && ((await blobs.size(record.revision.program)) ?? 0),
        volumes.path,
        isolation,
      );
      this.#services.set(service.key, service);
      this.#routes.load(service.namespace, service.spec);
      for (const { name } of volumesOf(service.spec)) volumes.ensure(service.namespace, name);
      // Spread, so that each worker starts with the rights that it will need.
      if (service.mounts.length > 0 && !service.isolated) service.slot = mounting++ % pool.count;
      if (service.desired !== "running") continue;
      try {
        for (const { protocol, ip, port } of ownListeners(service.spec)) listeners.open(protocol, { ip, port });
      } catch (error) {
        service.failure = (error as Error).message;
        log.error({ service: service.key, err: error }, "a listener could not be opened");
      }
    }
    this.#volumes.limit();
  }

  async listVolumes(namespace: string): Promise<readonly VolumeView[]> {
    this.#checkNamespace(namespace);
    return this.#volumes.list(namespace);
  }

  async removeVolume(namespace: string, name: string): Promise<void> {
    this.#checkNamespace(namespace);
    return this.#volumes.remove(namespace, name);
  }

  domains(namespace: string): readonly string[] {
    this.#checkNamespace(namespace);
    return this.#routes.domainsOf(namespace);
  }

  assignDomain(namespace: string, domain: string): { domain: string; created: boolean } {
    this.#checkNamespace(namespace);
    return this.#routes.assign(namespace, domain);
  }

  removeDomain(namespace: string, domain: string): void {
    this.#checkNamespace(namespace);
    this.#routes.unassign(namespace, domain);
  }

  /** The directories of the services that a slot has or, being CGI, every slot has. */
  mountsOf(slot: number): readonly MountedPath[] {
    const services = [...this.#services.values()].filter(
      ({ desired, inOneWorker, slot: own }) => desired === "running" && (!inOneWorker || own === slot),
    );
    return unionOfMounts(services.map(({ mounts }) => mounts));
  }

  /** Moves every server of a worker to its successor: the new instance listens before the old one is drained. */
  async move(from: WorkerProcess, to: WorkerProcess): Promise<void> {
    const held = () => [...this.#services.values()].filter((service) => service.worker === from.id);
    for (let services = held(); services.length > 0; services = held())
      await inBatches(services, (service) => this.#queue.run(service.key, () => this.#moveOne(service, from, to)));
  }

  async #moveOne(service: DeployedService, from: WorkerProcess, to: WorkerProcess): Promise<void> {
    if (service.worker !== from.id || this.#services.get(service.key) !== service) return;
    try {
      // One that does not come up is tried again there.
      await this.#placer
        .start(service.instance, to, "listening")
        .catch(() => this.#placer.start(service.instance, to, "nothing"));
      this.#place(service, to);
      await this.#publish(service);
      const { number } = service.revision;
      void this.#placer.stop(service.key, number, from, stopGraceMs).then((last) => {
        if (last !== undefined) service.ended(from.id, last);
      });
    } catch (error) {
      service.ended(from.id);
      service.failure = (error as Error).message;
      this.#options.log.error({ service: service.key, err: error }, "a service could not be moved");
    }
  }

  /** Workers have been given the current revision. */
  #hold(service: DeployedService, workers: readonly WorkerProcess[]): void {
    if (service.inOneWorker) this.#place(service, workers[0] as WorkerProcess);
    else if (service.kind === "static") for (const { id } of workers) service.servedBy(id, service.revision.number);
  }

  #place(service: DeployedService, worker: WorkerProcess): void {
    service.worker = worker.id;
    service.slot = this.#options.pool.slotOf(worker);
  }

  /** Gives a new shared worker every CGI program and handler and all files that are served, and tells it where everything is. */
  async introduce(worker: WorkerProcess): Promise<void> {
    const cgi = [...this.#services.values()].filter((service) => service.inEveryWorker && service.wanted);
    await inBatches(cgi, (service) => this.#bringInto(service, worker));
    await this.redirect(worker);
  }

  /** Tells a worker of one service what it needs to be passed connections, and to pass on those that are not for it. */
  async introduceOwn(worker: WorkerProcess): Promise<void> {
    await this.#placer.announce(worker);
    await this.redirect(worker);
  }

  /** Tells a worker where everything is. One of an earlier daemon passes its connections on to ours from then on. */
  async redirect(worker: WorkerProcess): Promise<void> {
    const keys = [...this.#services.keys()];
    for (let at = 0; at < keys.length; at += placementsPerOrder) {
      // As they are at the time of each order: one that changed since the first has been published already.
      const known = keys.slice(at, at + placementsPerOrder).flatMap((key) => this.#services.get(key) ?? []);
      await worker.order("place", { placements: known.map((service) => this.#placement(service)) });
    }
  }

  /** Gives a worker the listeners that all workers accept from. */
  shareListeners(worker: WorkerProcess): Promise<void> {
    return this.#placer.share(worker, ["http", "https", "tcp"]);
  }

  async #bringInto(service: DeployedService, worker: WorkerProcess): Promise<void> {
    try {
      const { number } = service.revision;
      if (service.kind !== "static") {
        service.report(worker.id, await this.#placer.start(service.instance, worker, "nothing"));
      } else {
        await this.#placer.serve(service.sites, worker);
        service.servedBy(worker.id, number);
      }
      service.failure = undefined;
    } catch (error) {
      service.failure = (error as Error).message;
    }
  }

  /** Starts every service that should run and that no worker has, but for those whose own worker waits for its back-off. Resolves when each has answered or failed once. */
  async bringUp(): Promise<void> {
    const idle = [...this.#services.values()].filter(
      (service) =>
        service.wanted &&
        service.inOneWorker &&
        service.worker === undefined &&
        !(service.group !== undefined && this.#options.pool.rests(service.group)),
    );
    const atOnce = this.#quarantine.careful ? 1 : startsAtOnce;
    await inBatches(idle, (service) => this.#queue.run(service.key, () => this.#bringUpOne(service)), atOnce);
    // A deploy that ran while a worker was being set up may have passed that worker by.
    const cgi = [...this.#services.values()].filter((service) => service.inEveryWorker);
    await inBatches(cgi, (service) => this.#queue.run(service.key, () => this.#complete(service)));
  }

  async #complete(service: DeployedService): Promise<void> {
    if (!service.wanted || !service.inEveryWorker || this.#services.get(service.key) !== service) return;
    const { pool } = this.#options;
    const without = pool.ready.filter((worker) => !service.runsIn(worker.id));
    if (without.length === 0) return;
    for (const worker of without) {
      // A replacement is given every CGI program while it is set up.
      if (worker.coversMounts(service.mounts)) await this.#bringInto(service, worker);
      else await pool.replaceFor(worker, service.mounts).catch((error: Error) => (service.failure = error.message));
    }
    await this.#placer.publish([this.#placement(service)]);
  }

  async #bringUpOne(service: DeployedService): Promise<void> {
    if (!service.wanted || service.worker !== undefined || this.#services.get(service.key) !== service) return;
    let worker: WorkerProcess | undefined;
    try {
      // Not waited for: a guest that fails its start is tried again there, with back-off, and counts as placed.
      await this.#placer.startAgain(service.instance, service.group, this.#services.values(), (chosen) => {
        worker = chosen;
        this.#place(service, chosen);
      });
      await this.#publish(service);
      service.failure = undefined;
    } catch (error) {
      service.worker = undefined;
      service.failure = (error as Error).message;
      if (worker !== undefined) this.#options.pool.leave(worker, tenant(service.instance));
      this.#options.log.error({ service: service.key, err: error }, "a service could not be started");
    }
  }

  /** A worker is gone: its services have no instance until they are started elsewhere. `died`: it was not told to end. */
  workerLost(worker: WorkerProcess, died: boolean): void {
    const culprit = this.#quarantine.lost(worker.id, worker.ranLast, died);
    const lost: DeployedService[] = [];
    for (const service of this.#services.values()) {
      if (service.worker === worker.id) lost.push(service);
      service.ended(worker.id);
    }
    void this.#placer.publish(lost.map((service) => this.#placement(service)));
    const service = culprit && this.#services.get(culprit.service);
    // One that is only being deployed is refused by that.
    if (service !== undefined && service.revision.number === culprit?.revision) this.#isolate(service);
  }

  /** Keeps a service that ends workers from all others, until its operator wants it tried again. */
  #isolate(service: DeployedService): void {
    const reason = `quarantined: it ended ${deathsMax} workers; deploy another program, or try again with: warren start ${service.name}`;
    service.quarantine = reason;
    this.#options.services.setQuarantine(service.namespace, service.name, reason);
    this.#options.log.error({ service: service.key }, "a service that ends workers is no longer started");
    this.#options.event("service.quarantined", reason, service);
    void this.#queue.run(service.key, async () => {
      if (service.quarantine !== reason) return;
      await this.#placer.publish([this.#placement(service)]);
      await this.#end(service);
    });
  }

  /** Takes a worker's note of a change of state. */
  noted(worker: WorkerProcess, status: GuestStatus): void {
    const service = this.#services.get(status.service);
    if (service === undefined || status.revision > service.revision.number) return;
    service.report(worker.id, status);
    if (status.revision !== service.revision.number || status.state === "stopping") return;
    if (service.kind === "server") this.#failing(service, status.state !== "running");
    const { event } = this.#options;
    if (status.state === "crash-loop") event("service.state", `crash-loop: ${status.reason}`, service);
    else if (status.state === "restarting") event("service.restarted", status.reason ?? "it ended", service);
    else if (status.state === "running" && status.restarts > 0)
      event("service.state", `running again after ${status.restarts} restarts`, service);
  }

  /** Where others have a part of its routes, they take its part as well while it cannot answer. */
  #failing(service: DeployedService, failing: boolean): void {
    if (service.failing === failing) return;
    service.failing = failing;
    if (this.#routes.sharers(service.key).length > 0) void this.#placer.publish([this.#placement(service)]);
  }

  /** Takes a worker's note of something that its operator wants to hear of. */
  incident({ service: key, revision, type, message }: Incident): void {
    const service = this.#services.get(key);
    if (service === undefined || revision > service.revision.number) return;
    const event = type === "throttled" ? "service.throttled" : "service.limit";
    this.#options.event(event, message.slice(0, messageCharsMax), service);
  }

  namespaces(): readonly string[] {
    return this.#options.services.namespaces();
  }

  createNamespace(namespace: string): boolean {
    return this.#options.services.createNamespace(namespace);
  }

  async list(namespace: string): Promise<readonly ServiceView[]> {
    this.#checkNamespace(namespace);
    await this.#refresh();
    const services = [...this.#services.values()].filter((service) => service.namespace === namespace);
    return services.map((service) => this.#view(service)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async get(namespace: string, name: string): Promise<ServiceView | undefined> {
    this.#checkNamespace(namespace);
    const key = `${namespace}/${name}`;
    await this.#refresh(key);
    const service = this.#services.get(key);
    return service && this.#view(service);
  }

  /** With what lacks it although it runs. */
  #view(service: DeployedService): ServiceView {
    const view = service.view(this.#http);
    const { trouble } = this.#options.connector;
    if (trouble === undefined || view.reason !== undefined || !service.spec.outbound?.length) return view;
    return { ...view, reason: `it cannot connect to anything until the connector runs again: ${trouble}` };
  }

  deploy(
    namespace: string,
    spec: ServiceSpec,
    precondition: Precondition,
  ): Promise<{ view: ServiceView; created: boolean }> {
    this.#checkNamespace(namespace);
    return this.#queue.run(`${namespace}/${spec.name}`, () => this.#deploy(namespace, spec, precondition));
  }

  remove(namespace: string, name: string, precondition: Precondition): Promise<void> {
    return this.#change(namespace, name, precondition, async (service) => {
      this.#options.services.delete(namespace, name);
      this.#quarantine.forget(service.key);
      this.#services.delete(service.key);
      await this.#placer.withdraw([service.key]);
      this.#routes.release(service.key);
      await this.#end(service);
      this.#listeners.release(service.spec);
      this.#volumes.limit();
      this.#options.pool.forget(service.key);
      this.#options.forgetLogs(namespace, name);
      void this.#options.routesChanged();
      this.#options.event("service.deleted", "deleted", service);
    });
  }

  start(namespace: string, name: string, precondition: Precondition): Promise<ServiceView> {
    return this.#change(namespace, name, precondition, async (service) => {
      if (service.desired === "running" && (service.worker !== undefined || service.kind === "static"))
        return service.view(this.#http);
      await this.#startStopped(service);
      this.#options.event("service.state", "started", service);
      return service.view(this.#http);
    });
  }

  stop(namespace: string, name: string, precondition: Precondition): Promise<ServiceView> {
    return this.#change(namespace, name, precondition, async (service) => {
      if (service.desired === "stopped") return service.view(this.#http);
      this.#options.services.setDesired(namespace, name, "stopped");
      service.desired = "stopped";
      service.quarantine = undefined;
      await this.#placer.publish([this.#placement(service)]);
      await this.#end(service);
      this.#listeners.release(service.spec);
      this.#options.event("service.state", "stopped", service);
      return service.view(this.#http);
    });
  }

  restart(namespace: string, name: string, precondition: Precondition): Promise<ServiceView> {
    // A new revision of the same: the new instance listens before the old one is drained.
    return this.#change(namespace, name, precondition, async (service) => {
      if (service.desired === "stopped") await this.#startStopped(service);
      else await this.#deploy(namespace, service.spec, {});
      return service.view(this.#http);
    });
  }

  /** Resolves when every change under way has ended. */
  settle(): Promise<void> {
    return this.#queue.settle();
  }

  async #deploy(
    namespace: string,
    given: ServiceSpec,
    precondition: Precondition,
  ): Promise<{ view: ServiceView; created: boolean }> {
    const { services, blobs, programs, log, event, volumes } = this.#options;
    const key = `${namespace}/${given.name}`;
    const service = this.#services.get(key);
    checkPrecondition(precondition, service?.view(this.#http));
    const program = given.program as Digest | undefined;
    const programBytes = program && (await blobs.size(program));
    if (program !== undefined && programBytes === undefined)
      throw new WarrenError("program.unknown", `the program ${program} was not uploaded`, { status: 422 });
    const step = (name: string) => log.debug({ service: key, step: name }, "deploy");

    const revision = (services.get(namespace, given.name)?.revision.number ?? 0) + 1;
    const group = groupOf(namespace, given, this.#options.isolation);
    // The number is that of an attempt that failed, if the last one did.
    this.#quarantine.forget(key);
    step("check");
    const asked = program && instanceSpec(namespace, revision, given, volumes.path);
    const spec = asked === undefined ? given : withKind(given, await programs.prepare(asked));
    const instance = asked && instanceSpec(namespace, revision, spec, volumes.path);

    // Now, since others may have been deployed meanwhile; and until it has them, since others may be.
    const reservation = this.#routes.reserve(namespace, spec);
    let opened: string[] = [];
    let workers: WorkerProcess[] = [];
    let record: ServiceRecord;
    try {
      step("listeners");
      opened = this.#listeners.open(spec);
      for (const { name } of volumesOf(spec)) volumes.ensure(namespace, name);
      // Before it can write, and the old revision until it ends.
      this.#volumes.limit(namespace, spec);
      step("start");
      if (instance !== undefined) workers = await this.#placer.startAnywhere(instance, group, this.#services.values());
      else workers = await this.#placer.serveAnywhere(sitesSpec(namespace, revision, spec, volumes.path));
      step("commit");
      record = services.commitRevision({
        namespace,
        name: spec.name,
        spec: JSON.stringify(spec),
        program,
        deployedAt: Date.now(),
      });
    } catch (error) {
      reservation.cancel();
      for (const listener of opened) this.#options.listeners.close(listener);
      await Promise.all(workers.map((worker) => this.#placer.stop(key, revision, worker, 0)));
      this.#volumes.limit();
      throw error;
    }

    step("switch");
    const before =
      service === undefined
        ? undefined
        : { spec: service.spec, revision: service.revision.number, workers: this.#holders(service) };
    const current = service ?? new DeployedService(record, programBytes, volumes.path, this.#options.isolation);
    current.replace(record, programBytes);
    current.worker = undefined;
    this.#hold(current, workers);
    this.#services.set(key, current);
    await this.#options.routesChanged();
    await this.#publish(current);
    // Only now: what it has given up leads nowhere else before every worker knows.
    reservation.keep();
    await this.#placer.publish(this.#sharersOf(key));
    if (before !== undefined) this.#retire(current, before);
    await this.#refresh(key);
    event("service.deployed", `revision ${revision}`, current);
    step("answer");
    return { view: current.view(this.#http), created: service === undefined };
  }

  /** Where those are that have a part of its routes: nobody may have been told how they are. */
  #sharersOf(key: string): Placement[] {
    const services = this.#routes.sharers(key).flatMap((other) => this.#services.get(other) ?? []);
    return services.map((service) => this.#placement(service));
  }

  /** Routes first, then listeners: what comes in by a listener must find its way. */
  async #publish(service: DeployedService): Promise<void> {
    await this.#placer.publish([this.#placement(service)]);
    await this.#placer.assignListeners(service);
  }

  /** The old revision ends once it has answered what it took; nobody waits for that. */
  #retire(service: DeployedService, before: { spec: ServiceSpec; revision: number; workers: WorkerProcess[] }): void {
    for (const worker of before.workers) {
      void this.#placer.stop(service.key, before.revision, worker, stopGraceMs).then((last) => {
        if (last !== undefined) service.ended(worker.id, last);
      });
    }
    this.#listeners.release(before.spec);
  }

  async #startStopped(service: DeployedService): Promise<void> {
    const opened = this.#listeners.open(service.spec);
    this.#quarantine.forget(service.key);
    try {
      const workers =
        service.kind === "static"
          ? await this.#placer.serveAnywhere(service.sites)
          : await this.#placer.startAnywhere(service.instance, service.group, this.#services.values());
      this.#options.services.setDesired(service.namespace, service.name, "running");
      service.desired = "running";
      service.quarantine = undefined;
      service.failure = undefined;
      service.failing = false;
      this.#hold(service, workers);
      await this.#publish(service);
      await this.#refresh(service.key);
    } catch (error) {
      for (const listener of opened) this.#options.listeners.close(listener);
      throw error;
    }
  }

  /** Ends every instance of a service and waits for it. */
  async #end(service: DeployedService): Promise<void> {
    await Promise.all(
      this.#holders(service).map(async (worker) => {
        const last = await this.#placer.stop(service.key, service.revision.number, worker, stopGraceMs);
        service.ended(worker.id, last);
      }),
    );
  }

  #holders(service: DeployedService): WorkerProcess[] {
    const { pool } = this.#options;
    return service.inOneWorker ? pool.holders(service.worker) : [...pool.ready, ...pool.leaving];
  }

  #checkNamespace(namespace: string): void {
    if (!this.#options.services.namespaces().includes(namespace)) {
      throw new WarrenError("namespace.unknown", `there is no namespace "${namespace}"`, {
        status: 404,
        hint: `PUT /v1/namespaces/${namespace} of the API makes it`,
      });
    }
  }

  #change<T>(
    namespace: string,
    name: string,
    precondition: Precondition,
    task: (service: DeployedService) => Promise<T>,
  ): Promise<T> {
    this.#checkNamespace(namespace);
    const key = `${namespace}/${name}`;
    return this.#queue.run(key, async () => {
      const service = this.#services.get(key);
      if (service === undefined) {
        throw new WarrenError("service.unknown", `there is no service "${name}" in namespace "${namespace}"`, {
          status: 404,
          hint: "see what there is with: warren ls",
        });
      }
      checkPrecondition(precondition, service.view(this.#http));
      return task(service);
    });
  }

  /** Asks the workers how a service's guests are, or all. */
  async #refresh(service?: string): Promise<void> {
    await Promise.all(
      this.#options.pool.serving.map(async (worker) => {
        try {
          const { guests, guestless } = await worker.order("status", service === undefined ? {} : { service });
          for (const status of guests) this.#services.get(status.service)?.report(worker.id, status);
          for (const counts of guestless) this.#services.get(counts.service)?.counted(worker.id, counts);
        } catch {
          // It is gone, and workerLost says so.
        }
      }),
    );
  }
}
