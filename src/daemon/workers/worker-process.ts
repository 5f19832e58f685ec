import { join } from "node:path";
import { errorFromRecord, errorRecord, WarrenError } from "../../base/errors.ts";
import type { AnswerWithDescriptors, Handler, Link } from "../../base/link.ts";
import type { Asks, LaunchPlan, MountedPath, Notes, Orders, StoreAnswer } from "../../worker/protocol.ts";
import { checkWall } from "../wall/check.ts";
import { workerPlan } from "../wall/plans.ts";
import type { Wall } from "../wall/wall.ts";
import { claims, connectLinked, launchLinked, removeSockets } from "./linked-process.ts";
import type { GrantedMount } from "./mount-cover.ts";
import { coversMounts, identifyMounts } from "./mount-cover.ts";
import { WorkerPage } from "./worker-page.ts";

export interface WorkerHandlers {
  state(worker: WorkerProcess, note: Notes["state"]): void;
  log(worker: WorkerProcess, note: Notes["log"]): void;
  incident(worker: WorkerProcess, body: Notes["incident"]): void;
  /** What it asks for a guest; see {@link Asks}. */
  unix(worker: WorkerProcess, body: Asks["unix"]["body"]): AnswerWithDescriptors;
  store(worker: WorkerProcess, body: Asks["store"]["body"]): Promise<StoreAnswer>;
}

export interface LaunchOptions {
  /** The folder of the workers' sockets. */
  readonly directory: string;
  readonly id: string;
  readonly version: string;
  readonly handlers: WorkerHandlers;
  readonly wall: Wall;
  /** What its instances may hold together when one more is to start. */
  readonly memoryBytesMax: number;
  /** Trusted senders of the PROXY protocol. */
  readonly proxies?: readonly string[];
  /** Directories that its guests may be given. */
  readonly mounts: readonly MountedPath[];
  /** By the wall and the mounts when absent. */
  readonly plan?: LaunchPlan;
}

/** What this daemon knows of a worker because it started it. */
interface OwnWorker {
  readonly page: WorkerPage;
  readonly wall: Wall;
  readonly mounts: readonly GrantedMount[];
}

/** The daemon's end of one worker: its process and the conversation with it. */
export class WorkerProcess {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: number = Date.now();
  state: "ready" | "draining" | "gone" = "ready";
  /** Called once, when the process has ended or its link broke. */
  onGone: (() => void) | undefined;
  /** What it shows of itself; undefined for a worker of an earlier daemon. */
  readonly page: WorkerPage | undefined;
  /** Once it is gone: the service whose guest ran then, if one did. */
  ranLast: string | undefined;
  /** What it stands behind, undefined for a worker of an earlier daemon. */
  readonly wall: Wall | undefined;
  /** The directories that it may give to guests; undefined when nothing keeps it from any. */
  readonly #mounts: readonly GrantedMount[] | undefined;
  readonly #link: Link;
  readonly #directory: string;

  private constructor(id: string, pid: number, link: Link, directory: string, own?: OwnWorker) {
    this.id = id;
    this.pid = pid;
    this.#link = link;
    this.#directory = directory;
    this.page = own?.page;
    this.wall = own?.wall;
    this.#mounts = own?.wall.state.landlock ? own.mounts : undefined;
    link.onClose = () => this.#gone();
    if (link.closed) queueMicrotask(() => this.#gone());
  }

  /**
   * Starts a worker that lives on when the daemon dies. Resolves when it takes orders, behind its wall. Throws `worker.*`.
   */
  static async launch(options: LaunchOptions): Promise<WorkerProcess> {
    const { directory, id, wall, plan = workerPlan(wall, options, options.mounts) } = options;
    const mounts = identifyMounts(options.mounts);
    const page = new WorkerPage(id);
    try {
      return await launchLinked(
        {
          directory,
          id,
          plan,
          logPath: join(directory, "worker.log"),
          descriptors: [page.fd],
          failed: (why) => failed(id, why),
        },
        (pid) => WorkerProcess.#join(options, pid, { page, wall, mounts }),
        (worker) => worker.#gone(),
      );
    } catch (error) {
      page.close();
      throw error;
    }
  }

  /** The conversation with a process that was just started, once it stands behind its wall. */
  static async #join(
    { directory, id, handlers }: LaunchOptions,
    pid: number,
    own: OwnWorker,
  ): Promise<WorkerProcess | undefined> {
    return WorkerProcess.#connect(directory, id, handlers, (link, claimed) => {
      if (claimed !== pid) throw failed(id, `it says that it is process ${claimed}, but ${pid} was started`);
      checkWall(pid, own.wall);
      return new WorkerProcess(id, pid, link, directory, own);
    });
  }

  /** Connects to a worker of an earlier daemon; undefined, with its leftovers removed, when it does not run. */
  static attach(directory: string, id: string, handlers: WorkerHandlers): Promise<WorkerProcess | undefined> {
    return WorkerProcess.#connect(directory, id, handlers, (link, claimed) => {
      if (!claims(claimed, id)) throw failed(id, `it says that it is process ${claimed}, which is another`);
      return new WorkerProcess(id, claimed, link, directory);
    });
  }

  static async #connect(
    directory: string,
    id: string,
    handlers: WorkerHandlers,
    accept: (link: Link, claimedPid: number) => WorkerProcess,
  ): Promise<WorkerProcess | undefined> {
    let worker: WorkerProcess | undefined;
    const early: (() => void)[] = [];
    const noted =
      <K extends keyof Notes>(op: K): Handler =>
      (body: Notes[K]) => {
        const tell = () => worker && (handlers[op] as (worker: WorkerProcess, note: Notes[K]) => void)(worker, body);
        if (worker === undefined) early.push(tell);
        else tell();
      };
    const notes = { state: noted("state"), log: noted("log"), incident: noted("incident") };
    const asked =
      <K extends keyof Asks>(op: K): Handler =>
      (body: Asks[K]["body"]) => {
        if (worker === undefined) throw failed(id, "it asks before it was asked who it is");
        return (handlers[op] as (worker: WorkerProcess, body: Asks[K]["body"]) => unknown)(worker, body);
      };
    const asks = { unix: asked("unix"), store: asked("store") };
    worker = await connectLinked(directory, id, { ...notes, ...asks }, accept);
    for (const tell of early) tell();
    return worker;
  }

  /** What it has not read yet. */
  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  /** Whether its wall lets it give these directories to guests. */
  coversMounts(mounts: readonly MountedPath[]): boolean {
    return this.#mounts === undefined || coversMounts(this.#mounts, mounts);
  }

  /** Gives an order. Rejects with the worker's error, or `worker.gone`. */
  async order<K extends keyof Orders>(
    op: K,
    body: Orders[K]["body"],
    fds: readonly number[] = [],
  ): Promise<Orders[K]["answer"]> {
    try {
      return await this.#link.call<Orders[K]["answer"]>(op, body, fds);
    } catch (error) {
      const record = errorRecord(error);
      if (record.code === "link.closed")
        throw new WarrenError("worker.gone", `worker ${this.id} ended`, { status: 503, cause: error });
      throw errorFromRecord(record);
    }
  }

  /** A copy of one of its listening sockets. */
  async listener(key: string): Promise<number | undefined> {
    await this.order("listener", { key });
    const [fd] = this.#link.takeDescriptors(1);
    return fd;
  }

  kill(): void {
    try {
      process.kill(this.pid, "SIGKILL");
    } catch {
      // Already gone.
    }
    this.#link.close();
  }

  #gone(): void {
    if (this.state === "gone") return;
    this.state = "gone";
    // A link that broke from a process that lives on would leave guests that nobody can stop.
    this.kill();
    this.ranLast = this.page?.running;
    this.page?.close();
    removeSockets(this.#directory, this.id);
    this.onGone?.();
  }
}

function failed(id: string, why: string): WarrenError {
  return new WarrenError("worker.failed", `worker ${id}: ${why}`, { status: 500 });
}
