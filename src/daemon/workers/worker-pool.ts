import { closeSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Backoff } from "../../base/backoff.ts";
import { WarrenError } from "../../base/errors.ts";
import { KeyedQueue } from "../../base/keyed-queue.ts";
import { socketPair } from "../../base/native-socket.ts";
import { version } from "../../base/version.ts";
import type { MountedPath } from "../../worker/protocol.ts";
import type { Logger } from "../logger.ts";
import type { Wall } from "../wall/wall.ts";
import { unionOfMounts } from "./mount-cover.ts";
import type { WorkerHandlers } from "./worker-process.ts";
import { WorkerProcess } from "./worker-process.ts";

const backoffOptions = { firstMs: 100, mostMs: 10_000, healthyMs: 10_000 } as const;
/** How long requests in flight may take in a worker that is replaced. */
const replaceGraceMs = 10_000;

export interface WorkerPoolOptions {
  /** The folder of the workers' sockets. */
  readonly directory: string;
  readonly count: number;
  readonly wall: Wall;
  /** What the instances of each may hold together when one more is to start. */
  readonly workerMemoryBytesMax: number;
  /** Trusted senders of the PROXY protocol: blocks of addresses. */
  readonly proxies: readonly string[];
  readonly log: Logger;
  readonly handlers: WorkerHandlers;
  /** The directories of the services that belong to a slot: what its next worker may give to guests. */
  mounts(slot: number): readonly MountedPath[];
  /** A worker takes orders from here on. */
  onConnected(worker: WorkerProcess): Promise<void>;
  /** It does not any more. */
  onDisconnected(worker: WorkerProcess): void;
  /** A worker takes orders, with its peers known to it: give it listeners and placements before it counts as ready. */
  prepare(worker: WorkerProcess): Promise<void>;
  /** The same for a worker of one group. */
  prepareOwn(worker: WorkerProcess): Promise<void>;
  onReady(worker: WorkerProcess): void;
  /** Another worker, which is ready, took this one's slot: move what it holds. It is drained when this resolves. */
  onReplaced(worker: WorkerProcess, successor: WorkerProcess): Promise<void>;
  /** A worker is gone. `successorMs` is when its successor is started; undefined when it needs none any more. */
  onLost(worker: WorkerProcess, successorMs: number | undefined): void;
  /** The back-off of a group's own worker is over. */
  onRested(group: string): void;
}

/** A place for a worker. */
interface Slot {
  readonly index: number;
  readonly backoff: Backoff;
  worker: WorkerProcess | undefined;
  /** Its next worker is being set up beside the one that it has. */
  replacing: boolean;
}

/** For whom a worker was launched that is not shared by all. */
interface Own {
  /** A service's key, or a namespace and a slash: all services of that namespace may have it. */
  readonly group: string;
  /** Who holds it, `namespace/name@revision`. It ends with the last. */
  readonly tenants: Set<string>;
}

/** When a group may be given a worker of its own once more. */
interface Rest {
  readonly backoff: Backoff;
  resting: boolean;
}

/**
 * The workers of this daemon: as many as slots, which services share, each replaced when it dies; and beside them one for
 * each service that has its own, or for each namespace, launched and ended with its services.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: readonly Slot[];
  /** Those of one service or one namespace. */
  readonly #own = new Map<WorkerProcess, Own>();
  readonly #launches = new KeyedQueue();
  readonly #rests = new Map<string, Rest>();
  /** Those whose slot another has taken, or whose service left them, until they have ended. */
  readonly #leaving = new Set<WorkerProcess>();
  /** With those that are still being set up. */
  readonly #connected = new Set<WorkerProcess>();
  readonly #replacements = new KeyedQueue();
  readonly #generation = Date.now().toString(36);
  #launched = 0;
  #closing: boolean = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      index,
      backoff: new Backoff(backoffOptions),
      worker: undefined,
      replacing: false,
    }));
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  /** How many shared workers there should be. */
  get count(): number {
    return this.#slots.length;
  }

  /** The shared workers, which may be given something. */
  get ready(): WorkerProcess[] {
    return this.#slots.flatMap(({ worker }) => worker ?? []);
  }

  /** With those of one service. */
  get serving(): WorkerProcess[] {
    return [...this.ready, ...this.#own.keys()];
  }

  /** Those that finish what they hold, because another took their place. */
  get leaving(): WorkerProcess[] {
    return [...this.#leaving];
  }

  /** All that must hear of changes. */
  get reachable(): WorkerProcess[] {
    return [...this.serving, ...this.#leaving];
  }

  /** These, those that are being set up, and those of an earlier daemon. */
  get connected(): Iterable<WorkerProcess> {
    return this.#connected;
  }

  /** The worker of that id, if it has not ended. */
  holders(id: string | undefined): WorkerProcess[] {
    return this.reachable.filter((worker) => worker.id === id);
  }

  /** Whether no other has taken its place, and it lives. */
  holds(worker: WorkerProcess): boolean {
    return this.serving.includes(worker);
  }

  /** Whether it was launched for one service or one namespace. */
  isOwn(worker: WorkerProcess): boolean {
    return this.#own.has(worker);
  }

  /** Whether it was launched for one service. */
  isAlone(worker: WorkerProcess): boolean {
    return this.#own.get(worker)?.group.endsWith("/") === false;
  }

  /** The service is no more. */
  forget(service: string): void {
    this.#rests.delete(service);
  }

  /** Whether the group's own worker died and its back-off is not over. */
  rests(group: string): boolean {
    return this.#rests.get(group)?.resting ?? false;
  }

  /** The number of the slot that a worker has; undefined when it has none any more. */
  slotOf(worker: WorkerProcess): number | undefined {
    return this.#slots.find((slot) => slot.worker === worker)?.index;
  }

  /** Connects to the workers that an earlier daemon left. They are nobody's slot: take what they hold, then drain them. */
  async adopt(): Promise<WorkerProcess[]> {
    const { directory, handlers, log } = this.#options;
    const ids = readdirSync(directory).flatMap((name) => (name.endsWith(".sock") ? [name.slice(0, -5)] : []));
    const found = await Promise.all(
      ids.map((id) =>
        WorkerProcess.attach(directory, id, handlers).catch((error: unknown) => {
          log.error({ worker: id, err: error }, "a worker of an earlier daemon is left alone");
          return undefined;
        }),
      ),
    );
    const workers = found.filter((worker) => worker !== undefined);
    for (const worker of workers) {
      // Ours are introduced to them, so that they can pass their connections on.
      this.#connected.add(worker);
      worker.onGone = () => {
        this.#connected.delete(worker);
        // What it said of its guests while it was drained no longer holds.
        this.#options.onLost(worker, undefined);
      };
    }
    return workers;
  }

  /** Fills every slot. Rejects when the first try of one fails. */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => this.#fill(slot)));
  }

  /**
   * A ready worker in the place of this one, with rights to these directories besides those of the slot's services. The old
   * one goes when what it holds has moved and its requests are answered. Throws `worker.*`, and then nothing has changed.
   */
  replaceFor(worker: WorkerProcess, mounts: readonly MountedPath[]): Promise<WorkerProcess> {
    // One at a time, each asking anew: the last may have brought what this one wants.
    return this.#replacements.run("", async () => {
      const slot = this.#slots.find((one) => one.worker === worker);
      if (slot === undefined) throw ended(worker.id);
      if (worker.coversMounts(mounts)) return worker;
      slot.replacing = true;
      try {
        const successor = await this.#launchFor(slot, unionOfMounts([this.#options.mounts(slot.index), mounts]));
        const before = slot.worker;
        slot.worker = successor;
        if (before !== undefined) void this.#retire(before, successor);
        this.#options.log.info(
          { worker: successor.id, pid: successor.pid, before: worker.id },
          "worker replaced for a new mount",
        );
        this.#options.onReady(successor);
        return successor;
      } finally {
        slot.replacing = false;
        // It died meanwhile.
        if (slot.worker === undefined) void this.#refill(slot);
      }
    });
  }

  /**
   * A worker for this group alone; others pass it its connections. A service has a new one for each revision; a namespace's
   * is used again where it may give out the directories that the tenant `needs`. A new one may give out those of `grants`
   * too. Throws `worker.*`.
   */
  ownWorker(
    group: string,
    tenant: string,
    needs: readonly MountedPath[],
    grants: readonly MountedPath[],
  ): Promise<WorkerProcess> {
    // One at a time: two services that are started at once find the same.
    return this.#launches.run(group, async () => {
      for (const [worker, own] of group.endsWith("/") ? this.#own : []) {
        if (own.group !== group || worker.state !== "ready" || !worker.coversMounts(needs)) continue;
        own.tenants.add(tenant);
        return worker;
      }
      return this.#launchOwn(group, tenant, unionOfMounts([grants, needs]));
    });
  }

  async #launchOwn(group: string, tenant: string, mounts: readonly MountedPath[]): Promise<WorkerProcess> {
    const began = performance.now();
    let worker: WorkerProcess | undefined;
    try {
      worker = await this.#launch(mounts, (lost) => this.#ownLost(lost, performance.now() - began));
      // From now on it hears of what changes.
      this.#own.set(worker, { group, tenants: new Set([tenant]) });
      await this.#options.prepareOwn(worker);
      if (worker.state !== "ready") throw ended(worker.id);
    } catch (error) {
      if (worker !== undefined) this.#own.delete(worker);
      worker?.kill();
      if (!this.rests(group)) this.#rest(group, performance.now() - began);
      throw error;
    }
    const ms = Math.round(performance.now() - began);
    this.#options.log.info({ worker: worker.id, pid: worker.pid, group, ms }, "worker started");
    this.#options.onReady(worker);
    return worker;
  }

  /** The tenant holds it no more: a worker of one group ends with its last, once what it has is answered; any other goes on. */
  leave(worker: WorkerProcess, tenant: string): void {
    const own = this.#own.get(worker);
    own?.tenants.delete(tenant);
    if (own === undefined || own.tenants.size > 0) return;
    this.#own.delete(worker);
    this.#leaving.add(worker);
    void drain(worker, replaceGraceMs);
  }

  /** Orders every worker to drain and waits for the ends. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#connected].map((worker) => drain(worker, graceMs)));
  }

  /** Ends the workers at once, all but these: for a daemon that cannot start. */
  abandon(kept: readonly WorkerProcess[]): void {
    this.#closing = true;
    for (const worker of [...this.#connected]) if (!kept.includes(worker)) worker.kill();
  }

  async #retire(worker: WorkerProcess, successor: WorkerProcess): Promise<void> {
    this.#leaving.add(worker);
    try {
      await this.#options.onReplaced(worker, successor);
    } catch (error) {
      this.#options.log.error({ worker: worker.id, err: error }, "services could not be moved");
    }
    await drain(worker, replaceGraceMs);
  }

  async #fill(slot: Slot): Promise<void> {
    const began = performance.now();
    const worker = await this.#launchFor(slot, this.#options.mounts(slot.index));
    slot.worker = worker;
    const ms = Math.round(performance.now() - began);
    this.#options.log.info({ worker: worker.id, pid: worker.pid, ms }, "worker started");
    this.#options.onReady(worker);
  }

  /** A worker for a slot, in every way ready to take it. */
  async #launchFor(slot: Slot, mounts: readonly MountedPath[]): Promise<WorkerProcess> {
    const began = performance.now();
    const worker = await this.#launch(mounts, (worker) => {
      // Before it took the slot, the rejection below says so.
      if (slot.worker === worker) this.#lost(slot, performance.now() - began);
    });
    await this.#options.prepare(worker);
    if (worker.state !== "ready") throw ended(worker.id);
    return worker;
  }

  /** A worker that takes orders and knows the others. */
  async #launch(mounts: readonly MountedPath[], onGone: (worker: WorkerProcess) => void): Promise<WorkerProcess> {
    const { directory, handlers, wall, proxies, workerMemoryBytesMax: memoryBytesMax } = this.#options;
    const id = `${this.#generation}-${(this.#launched++).toString(36)}`;
    const worker = await WorkerProcess.launch({
      directory,
      id,
      version,
      handlers,
      wall,
      mounts,
      memoryBytesMax,
      proxies,
    });
    worker.onGone = () => {
      this.#connected.delete(worker);
      this.#options.onDisconnected(worker);
      if (this.#leaving.delete(worker)) this.#options.onLost(worker, undefined);
      else onGone(worker);
    };
    await this.#introduce(worker);
    await this.#options.onConnected(worker);
    return worker;
  }

  #ownLost(worker: WorkerProcess, ranMs: number): void {
    const group = this.#own.get(worker)?.group;
    if (group === undefined) return;
    this.#own.delete(worker);
    if (this.#closing) return;
    const waitMs = this.#rest(group, ranMs);
    this.#options.log.warn({ worker: worker.id, pid: worker.pid, group, nextInMs: waitMs }, "a worker was lost");
    this.#options.onLost(worker, waitMs);
  }

  #rest(group: string, ranMs: number): number {
    const rest = this.#rests.get(group) ?? { backoff: new Backoff(backoffOptions), resting: false };
    this.#rests.set(group, rest);
    rest.resting = true;
    const waitMs = rest.backoff.ended(ranMs);
    setTimeout(() => {
      rest.resting = false;
      if (!this.#closing) this.#options.onRested(group);
    }, waitMs);
    return waitMs;
  }

  #lost(slot: Slot, ranMs: number): void {
    const worker = slot.worker as WorkerProcess;
    slot.worker = undefined;
    if (this.#closing) return;
    const waitMs = slot.backoff.ended(ranMs);
    this.#options.log.warn({ worker: worker.id, pid: worker.pid, nextInMs: waitMs }, "a worker was lost");
    if (!slot.replacing) setTimeout(() => void this.#refill(slot), waitMs);
    this.#options.onLost(worker, waitMs);
  }

  async #refill(slot: Slot): Promise<void> {
    const began = performance.now();
    try {
      if (!this.#closing) await this.#fill(slot);
    } catch (error) {
      const waitMs = Math.max(backoffOptions.firstMs, slot.backoff.ended(performance.now() - began));
      this.#options.log.error({ nextInMs: waitMs, err: error }, "a worker could not be started");
      setTimeout(() => void this.#refill(slot), waitMs);
    }
  }

  /** Gives the new worker and each of the others a lane to one another. */
  async #introduce(worker: WorkerProcess): Promise<void> {
    // In one step, so that of two new workers exactly one introduces the other.
    const others = [...this.#connected];
    this.#connected.add(worker);
    await Promise.all(
      others.map(async (other) => {
        const lane = socketPair("seqpacket");
        const bell = socketPair("stream");
        try {
          await Promise.all([
            worker.order("peer", { id: other.id }, [lane[0], bell[0]]),
            other.order("peer", { id: worker.id }, [lane[1], bell[1]]),
          ]);
        } catch {
          // Whichever of the two died is replaced, and its successor is introduced anew.
        } finally {
          for (const fd of [...lane, ...bell]) closeSync(fd);
        }
      }),
    );
  }
}

/** The folder of the workers' sockets in a state directory. */
export function workersDirectory(state: string): string {
  return join(state, "workers");
}

/** Lets a worker finish what is open, and ends it by force when it does not. */
export async function drain(worker: WorkerProcess, graceMs: number): Promise<void> {
  if (worker.state === "gone") return;
  worker.state = "draining";
  const gone = new Promise<void>((resolve) => {
    const before = worker.onGone;
    worker.onGone = () => {
      before?.();
      resolve();
    };
  });
  const late = setTimeout(() => worker.kill(), graceMs + 2000);
  worker.order("drain", { graceMs }).catch(() => {});
  await gone;
  clearTimeout(late);
}

function ended(id: string): WarrenError {
  return new WarrenError("worker.gone", `worker ${id} ended while it was set up`, { status: 503 });
}
