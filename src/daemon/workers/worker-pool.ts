import { closeSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Backoff } from "../../base/backoff.ts";
import { WarrenError } from "../../base/errors.ts";
import { socketPair } from "../../base/native-socket.ts";
import { version } from "../../base/version.ts";
import type { Logger } from "../logger.ts";
import type { Wall } from "./wall.ts";
import type { WorkerHandlers } from "./worker-process.ts";
import { WorkerProcess } from "./worker-process.ts";

const backoffOptions = { firstMs: 100, mostMs: 10_000, healthyMs: 10_000 } as const;

export interface WorkerPoolOptions {
  /** The folder of the workers' sockets. */
  readonly directory: string;
  readonly count: number;
  readonly wall: Wall;
  readonly log: Logger;
  readonly handlers: WorkerHandlers;
  /** A worker takes orders, with its peers known to it: give it listeners and placements before it counts as ready. */
  prepare(worker: WorkerProcess): Promise<void>;
  onReady(worker: WorkerProcess): void;
  /** A worker is gone. `successorMs` is when its successor is started. */
  onLost(worker: WorkerProcess, successorMs: number): void;
}

/** The workers of this daemon: as many as slots, each replaced when it dies. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<string, WorkerProcess>();
  /** With those that are still being set up. */
  readonly #connected = new Set<WorkerProcess>();
  readonly #generation = Date.now().toString(36);
  #launched = 0;
  #closing: boolean = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  /** The workers that take orders. */
  get ready(): WorkerProcess[] {
    return [...this.#workers.values()];
  }

  get(id: string): WorkerProcess | undefined {
    return this.#workers.get(id);
  }

  /** Connects to the workers that an earlier daemon left. They are nobody's slot: take what they hold, then drain them. */
  async adopt(): Promise<WorkerProcess[]> {
    const { directory, handlers } = this.#options;
    const ids = readdirSync(directory).flatMap((name) => (name.endsWith(".sock") ? [name.slice(0, -5)] : []));
    const found = await Promise.all(ids.map((id) => WorkerProcess.attach(directory, id, handlers)));
    const workers = found.filter((worker) => worker !== undefined);
    for (const worker of workers) {
      // Ours are introduced to them, so that they can pass their connections on.
      this.#connected.add(worker);
      worker.onGone = () => this.#connected.delete(worker);
    }
    return workers;
  }

  /** Fills every slot. Rejects when the first try of one fails. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, () => this.#fill(new Backoff(backoffOptions))));
  }

  /** Orders every worker to drain and waits for the ends. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#connected].map((worker) => drain(worker, graceMs)));
  }

  async #fill(backoff: Backoff): Promise<void> {
    const { directory, handlers, log, wall } = this.#options;
    const id = `${this.#generation}-${(this.#launched++).toString(36)}`;
    const began = performance.now();
    const worker = await WorkerProcess.launch({ directory, id, version, handlers, wall, mounts: [] });
    let prepared = false;
    worker.onGone = () => {
      this.#connected.delete(worker);
      this.#workers.delete(id);
      // Before it was prepared, the rejection of prepare() below says so.
      if (this.#closing || !prepared) return;
      const waitMs = backoff.ended(performance.now() - began);
      log.warn({ worker: id, pid: worker.pid, nextInMs: waitMs }, "a worker was lost");
      setTimeout(() => void this.#refill(backoff), waitMs);
      this.#options.onLost(worker, waitMs);
    };
    await this.#introduce(worker);
    await this.#options.prepare(worker);
    if (worker.state !== "ready") throw new WarrenError("worker.gone", `worker ${id} ended while it was set up`);
    prepared = true;
    this.#workers.set(id, worker);
    log.info({ worker: id, pid: worker.pid, ms: Math.round(performance.now() - began) }, "worker started");
    this.#options.onReady(worker);
  }

  async #refill(backoff: Backoff): Promise<void> {
    const began = performance.now();
    try {
      if (!this.#closing) await this.#fill(backoff);
    } catch (error) {
      const waitMs = Math.max(backoffOptions.firstMs, backoff.ended(performance.now() - began));
      this.#options.log.error({ nextInMs: waitMs, err: error }, "a worker could not be started");
      setTimeout(() => void this.#refill(backoff), waitMs);
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
