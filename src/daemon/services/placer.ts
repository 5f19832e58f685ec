import { WarrenError } from "../../base/errors.ts";
import { formatListen, routeListen } from "../../control/listen.ts";
import type {
  GuestKey,
  GuestStatus,
  InstanceSpec,
  MountedPath,
  Placement,
  SitesSpec,
  StartWait,
} from "../../worker/protocol.ts";
import type { Listeners, Protocol } from "../listeners.ts";
import type { Programs } from "../programs/programs.ts";
import type { StoreDoor } from "../stores/store-door.ts";
import type { Volumes } from "../volumes/volumes.ts";
import type { ConnectorKeeper } from "../workers/connector-keeper.ts";
import { hostPaths, unionOfMounts } from "../workers/mount-cover.ts";
import type { UnixDoor } from "../workers/unix-door.ts";
import type { WorkerPool } from "../workers/worker-pool.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import type { DeployedService } from "./deployed-service.ts";
import { admitGuest } from "./machine-memory.ts";
import { ownListeners, routesOf } from "./plan.ts";
import type { Quarantine } from "./quarantine.ts";
import { deathsMax } from "./quarantine.ts";
import { RatePages } from "./rate-pages.ts";
import { grantedMounts } from "./site-plan.ts";

const workerWithinMs = 30_000;
const startTriesMax = 3;
/** A worker has no memory for one more instance. */
const noRoom = "worker.memory-budget";

export interface PlacerOptions {
  readonly programs: Programs;
  readonly listeners: Listeners;
  readonly pool: WorkerPool;
  readonly quarantine: Quarantine;
  readonly volumes: Volumes;
  readonly connector: ConnectorKeeper;
  readonly unixDoor: UnixDoor;
  readonly storeDoor: StoreDoor;
}

/** Carries the supervisor's decisions out in the workers: which one, start, stop, and telling them all. */
export class Placer {
  readonly #options: PlacerOptions;
  readonly #ratePages = new RatePages();

  constructor(options: PlacerOptions) {
    this.#options = options;
  }

  /**
   * The worker with the fewest servers of those that may give out these directories; when none may, one is replaced. Not one
   * of those that are `full`, unless all are. Waits a while when none is there. Throws `worker.*`.
   */
  async choose(
    services: Iterable<DeployedService>,
    mounts: readonly MountedPath[],
    full: ReadonlySet<string>,
  ): Promise<WorkerProcess> {
    const { pool } = this.#options;
    const deadline = performance.now() + workerWithinMs;
    while (pool.ready.length === 0) {
      if (performance.now() > deadline)
        throw new WarrenError("worker.none", "no worker could be started; see the daemon's log", { status: 503 });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const load = new Map(pool.ready.map((worker) => [worker.id, 0]));
    for (const { worker } of services)
      if (worker !== undefined && load.has(worker)) load.set(worker, (load.get(worker) ?? 0) + 1);
    const roomy = pool.ready.filter(({ id }) => !full.has(id));
    const candidates = roomy.length > 0 ? roomy : pool.ready;
    const covering = candidates.filter((worker) => worker.coversMounts(mounts));
    const best = (covering.length > 0 ? covering : candidates).reduce((least, worker) =>
      (load.get(worker.id) ?? 0) < (load.get(least.id) ?? 0) ? worker : least,
    );
    return covering.length > 0 ? best : pool.replaceFor(best, mounts);
  }

  /** Every worker, each with the right to give out these directories. Throws `worker.*`. */
  async #all(mounts: readonly MountedPath[]): Promise<WorkerProcess[]> {
    const { pool } = this.#options;
    for (const worker of pool.ready) if (!worker.coversMounts(mounts)) await pool.replaceFor(worker, mounts);
    return pool.ready;
  }

  /** A worker of its group, or the best of the shared ones. Throws `worker.*`. */
  async workerFor(
    instance: InstanceSpec,
    group: string | undefined,
    services: Iterable<DeployedService>,
    full: ReadonlySet<string> = new Set(),
  ): Promise<WorkerProcess> {
    const paths = hostPaths(grantedMounts(instance));
    if (group === undefined) return this.choose(services, paths, full);
    // Those that share it will need their directories, too.
    const others = [...services].filter((one) => one.group === group && one.wanted && one.key !== instance.service);
    const grants = unionOfMounts(others.map(({ mounts }) => mounts));
    return this.#options.pool.ownWorker(group, tenant(instance), paths, grants);
  }

  /**
   * Starts a new revision: in a worker of its group, a server in one of the shared workers, CGI and handlers in all of them. Once more
   * elsewhere when the worker died of it or by chance, or has no memory for it.
   */
  async startAnywhere(
    instance: InstanceSpec,
    group: string | undefined,
    services: Iterable<DeployedService>,
  ): Promise<WorkerProcess[]> {
    admitGuest(instance.service);
    const all = [...services];
    const full = new Set<string>();
    for (let tries = 1; ; tries++) {
      let workers = [await this.workerFor(instance, group, all, full)];
      if (instance.kind !== "server" && group === undefined)
        workers = await this.#all(hostPaths(grantedMounts(instance)));
      try {
        await Promise.all(workers.map((worker) => this.start(instance, worker, "listening")));
        const replaced = workers.find((worker) => !this.#options.pool.holds(worker));
        if (replaced !== undefined) throw new WarrenError("worker.gone", `worker ${replaced.id} was replaced`);
        return workers;
      } catch (error) {
        await Promise.all(workers.map((worker) => this.stop(instance.service, instance.revision, worker, 0)));
        if (!(error instanceof WarrenError)) throw error;
        if (error.code === noRoom && this.#otherThan(full, workers)) continue;
        if (error.code !== "worker.gone") throw error;
        if (this.#options.quarantine.convicted(instance)) throw endsWorkers(instance, error);
        if (tries >= startTriesMax) throw error;
      }
    }
  }

  /**
   * Starts a revision that is to run again, in a worker that has memory for it; when none has, in the last that was asked,
   * which tries it again and again. `onChosen` is told each before it is asked. Throws `worker.*`.
   */
  async startAgain(
    instance: InstanceSpec,
    group: string | undefined,
    services: Iterable<DeployedService>,
    onChosen: (worker: WorkerProcess) => void,
  ): Promise<void> {
    const all = [...services].filter(({ key }) => key !== instance.service);
    const full = new Set<string>();
    let worker = await this.workerFor(instance, group, all, full);
    for (let wait: StartWait = "room"; ; ) {
      onChosen(worker);
      try {
        await this.start(instance, worker, wait);
        return;
      } catch (error) {
        if (!(error instanceof WarrenError) || error.code !== noRoom) throw error;
        if (this.#otherThan(full, [worker])) worker = await this.workerFor(instance, group, all, full);
        else wait = "nothing";
      }
    }
  }

  /** Adds workers to those that are full, and says whether a shared one is left to try. A group has no other. */
  #otherThan(full: Set<string>, workers: readonly WorkerProcess[]): boolean {
    const { pool } = this.#options;
    for (const { id } of workers) full.add(id);
    return (
      workers.length === 1 &&
      workers.every((worker) => !pool.isOwn(worker)) &&
      pool.ready.some(({ id }) => !full.has(id))
    );
  }

  async start(spec: InstanceSpec, worker: WorkerProcess, wait: StartWait): Promise<GuestStatus> {
    // Open for the time of the order: the worker gets a descriptor, so that it needs no right to the file's path.
    const { programs, quarantine, volumes, connector, unixDoor, storeDoor } = this.#options;
    const { handle } = await programs.open(spec);
    const opened = volumes.open(namespaceOf(spec), grantedMounts(spec));
    try {
      // Before the guest runs: what it does first may be a connection. It is not kept from running for want of that later on.
      await connector.permit(worker, spec).catch((error: unknown) => {
        if (wait === "listening") throw error;
      });
      unixDoor.permit(worker, spec);
      storeDoor.permit(worker, spec);
      const number = worker.page?.numberOf(spec.service) ?? 0;
      quarantine.starting(worker.id, spec, { alone: this.#options.pool.isAlone(worker) });
      const status = await worker.order("start", { spec, wait, number }, [
        handle.fd,
        ...opened.descriptors,
        ...this.#ratePages.of(spec),
      ]);
      quarantine.answered(worker.id, spec);
      return status;
    } catch (error) {
      if (worker.state !== "gone") quarantine.stopped(worker.id, spec);
      this.#revoke({ worker: worker.id, service: spec.service, revision: spec.revision });
      throw error;
    } finally {
      opened.close();
      await handle.close();
    }
  }

  /** Has every shared worker serve the files of a revision that has no guest. Throws `mount.*` and `worker.*`. */
  async serveAnywhere(spec: SitesSpec): Promise<WorkerProcess[]> {
    if (spec.sites === undefined) return [];
    const workers = await this.#all(hostPaths(grantedMounts(spec)));
    await Promise.all(workers.map((worker) => this.serve(spec, worker)));
    return workers;
  }

  async serve(spec: SitesSpec, worker: WorkerProcess): Promise<void> {
    const opened = this.#options.volumes.open(namespaceOf(spec), grantedMounts(spec));
    try {
      await worker.order("sites", { spec }, [...opened.descriptors, ...this.#ratePages.of(spec)]);
    } finally {
      opened.close();
    }
  }

  /**
   * The guest's last status; undefined when the worker is gone or did not have it. A worker of its own is told to end then,
   * which is not waited for.
   */
  async stop(
    service: string,
    revision: number,
    worker: WorkerProcess,
    graceMs: number,
  ): Promise<GuestStatus | undefined> {
    try {
      const { last } = await worker.order("stop", { service, revision, graceMs });
      this.#options.quarantine.stopped(worker.id, { service, revision });
      return last;
    } catch {
      return undefined;
    } finally {
      this.#revoke({ worker: worker.id, service, revision });
      this.#options.pool.leave(worker, tenant({ service, revision }));
    }
  }

  #revoke(guest: GuestKey): void {
    this.#options.connector.revoke(guest);
    this.#options.unixDoor.revoke(guest);
    this.#options.storeDoor.revoke(guest);
  }

  /** Lets the shared workers pass connections of these listeners on to a worker that accepts none itself. */
  async announce(worker: WorkerProcess): Promise<void> {
    for (const { key, protocol } of this.#options.listeners.list())
      if (protocol !== "udp") await worker.order("listen", { key });
  }

  /** Gives a worker copies of listening sockets that every worker accepts from: a connection is passed on to where its guest is. */
  async share(worker: WorkerProcess, protocols: readonly Protocol[]): Promise<void> {
    for (const { key, protocol, fd } of this.#options.listeners.list()) {
      if (protocols.includes(protocol)) await worker.order("listen", { key }, [fd]);
    }
  }

  /** Gives a service's TCP listeners to every shared worker, and its UDP sockets to the one that holds it. */
  async assignListeners(service: DeployedService): Promise<void> {
    const { listeners, pool } = this.#options;
    for (const listen of ownListeners(service.spec)) {
      const key = formatListen(listen);
      const listener = listeners.get(key);
      if (listener === undefined) continue;
      const route = routesOf(service.namespace, service.spec).find((one) => {
        const own = routeListen(one);
        return own !== undefined && formatListen(own) === key;
      });
      const unboundedReplies = route?.replies === "unbounded";
      // A worker that accepts nothing itself is passed this listener's connections.
      const own = listen.protocol === "tcp" ? pool.holders(service.worker).filter((one) => pool.isOwn(one)) : [];
      await Promise.all(own.map((worker) => worker.order("listen", { key }).catch(() => {})));
      const order = { key, service: service.key, guestPort: route?.port ?? 0, unboundedReplies };
      await Promise.all(
        (listen.protocol === "tcp" ? pool.ready : pool.holders(service.worker)).map(async (worker) => {
          try {
            await worker.order("listen", order, [listener.fd]);
          } catch {
            // It is gone; its successor gets them when it is introduced.
          }
        }),
      );
      if (listen.protocol === "tcp") continue;
      // Only now: there is always somebody who receives.
      const others = pool.reachable.filter((worker) => worker.id !== service.worker);
      await Promise.all(others.map((worker) => worker.order("unlisten", { key }).catch(() => {})));
    }
  }

  /**
   * Tells every worker where services are, and resolves when each knows. The workers that hold them hear it first: told
   * the other way round, a connection goes back and forth between the old holder and the new one, which do not agree.
   */
  async publish(placements: readonly Placement[]): Promise<void> {
    if (placements.length === 0) return;
    const holders = new Set(placements.map(({ worker }) => worker));
    const tell = (worker: WorkerProcess) => worker.order("place", { placements }).catch(() => {});
    await Promise.all(this.#options.pool.reachable.filter(({ id }) => holders.has(id)).map(tell));
    await Promise.all(this.#options.pool.reachable.filter(({ id }) => !holders.has(id)).map(tell));
  }

  async withdraw(services: readonly string[]): Promise<void> {
    for (const service of services) this.#ratePages.forget(service);
    await Promise.all(
      this.#options.pool.reachable.map((worker) => worker.order("displace", { services }).catch(() => {})),
    );
  }
}

function namespaceOf({ service }: SitesSpec): string {
  return service.slice(0, service.indexOf("/"));
}

/** As the pool of workers knows it. */
export function tenant({ service, revision }: Pick<InstanceSpec, "service" | "revision">): string {
  return `${service}@${revision}`;
}

function endsWorkers({ service }: InstanceSpec, cause: unknown): WarrenError {
  return new WarrenError("program.quarantined", `${service} ended the ${deathsMax} workers that it was started in`, {
    status: 422,
    hint: "what its program does breaks V8 or takes all memory: build it anew with a current toolchain",
    cause,
  });
}
