import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { errorFromRecord, errorRecord, WarrenError } from "../../base/errors.ts";
import type { Handler } from "../../base/link.ts";
import { Link } from "../../base/link.ts";
import { connectSeqpacket, listenUnix, sendDescriptors } from "../../base/native-socket.ts";
import type { LaunchPlan, MountedPath, Notes, Orders } from "../../worker/protocol.ts";
import { checkWall } from "../wall/check.ts";
import { launch } from "../wall/launch.ts";
import { workerPlan } from "../wall/plans.ts";
import type { Wall } from "../wall/wall.ts";
import type { GrantedMount } from "./mount-cover.ts";
import { coversMounts, identifyMounts } from "./mount-cover.ts";
import { WorkerPage } from "./worker-page.ts";

const readyWithinMs = 20_000;
const logBytesMax = 8 * 1024 * 1024;
/** How much of its log is told when a worker does not start. */
const complaintBytesMax = 2000;

export interface WorkerHandlers {
  state(worker: WorkerProcess, note: Notes["state"]): void;
  log(worker: WorkerProcess, note: Notes["log"]): void;
  incident(worker: WorkerProcess, body: Notes["incident"]): void;
}

export interface LaunchOptions {
  /** The folder of the workers' sockets. */
  readonly directory: string;
  readonly id: string;
  readonly version: string;
  readonly handlers: WorkerHandlers;
  readonly wall: Wall;
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
  readonly #path: string;

  private constructor(id: string, pid: number, link: Link, path: string, own?: OwnWorker) {
    this.id = id;
    this.pid = pid;
    this.#link = link;
    this.#path = path;
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
    const path = join(directory, id);
    const control = listenUnix(`${path}.sock`, "stream");
    const lane = listenUnix(`${path}.lane`, "seqpacket");
    const page = new WorkerPage(id);
    const logPath = join(directory, "worker.log");
    if (existsSync(logPath) && statSync(logPath).size > logBytesMax) truncateSync(logPath);
    // A file: a pipe to a dead daemon would break the worker at its next line.
    const log = openSync(logPath, "a", 0o600);
    const logFrom = statSync(logPath).size;
    const child = launch(plan, {
      stdio: ["ignore", log, log, control, lane, page.fd],
      // A terminal's Ctrl-C and the end of the daemon's session do not reach it.
      detached: true,
    });
    child.unref();
    let joined = false;
    for (const fd of [control, lane, log]) closeSync(fd);
    const complaint = () => `${complaintIn(logPath, logFrom)}; see ${logPath}`;
    const exited = new Promise<never>((_, reject) => {
      child.once("error", (cause) => reject(failed(id, `it could not be started: ${cause.message}`)));
      child.once("exit", (code, signal) => {
        if (!joined) reject(failed(id, `it ended at once (${signal ?? `exit code ${code}`})${complaint()}`));
      });
    });
    exited.catch(() => {});
    try {
      const worker = await Promise.race([WorkerProcess.#join(options, child.pid ?? 0, { page, wall, mounts }), exited]);
      if (worker === undefined) throw failed(id, `it did not take orders${complaint()}`);
      joined = true;
      child.once("exit", () => worker.#gone());
      return worker;
    } catch (error) {
      child.kill("SIGKILL");
      page.close();
      removeSockets(path);
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
      return new WorkerProcess(id, pid, link, join(directory, id), own);
    });
  }

  /** Connects to a worker of an earlier daemon; undefined, with its leftovers removed, when it does not run. */
  static attach(directory: string, id: string, handlers: WorkerHandlers): Promise<WorkerProcess | undefined> {
    return WorkerProcess.#connect(directory, id, handlers, (link, claimed) => {
      // We will kill that process one day. A hostile worker could name another; only its own command line has its id.
      if (!readFileSync(`/proc/${claimed}/cmdline`, "utf8").includes(`"id":"${id}"`))
        throw failed(id, `it says that it is process ${claimed}, which is another`);
      return new WorkerProcess(id, claimed, link, join(directory, id));
    });
  }

  static async #connect(
    directory: string,
    id: string,
    handlers: WorkerHandlers,
    accept: (link: Link, claimedPid: number) => WorkerProcess,
  ): Promise<WorkerProcess | undefined> {
    const path = join(directory, id);
    const nonce = randomUUID();
    const lane = connectSeqpacket(`${path}.lane`);
    if (lane === undefined || !sendDescriptors(lane, [], Buffer.from(nonce))) {
      removeSockets(path);
      return undefined;
    }
    let worker: WorkerProcess | undefined;
    const early: (() => void)[] = [];
    const noted =
      <K extends keyof Notes>(op: K): Handler =>
      (body: Notes[K]) => {
        const tell = () => worker && (handlers[op] as (worker: WorkerProcess, note: Notes[K]) => void)(worker, body);
        if (worker === undefined) early.push(tell);
        else tell();
      };
    const link = new Link(connect(`${path}.sock`), lane, {
      state: noted("state"),
      log: noted("log"),
      incident: noted("incident"),
    });
    const timer = setTimeout(() => link.close(), readyWithinMs);
    try {
      await link.call("lane", { nonce });
      const { pid } = await link.call<Orders["hello"]["answer"]>("hello");
      worker = accept(link, pid);
    } catch (error) {
      link.close();
      if (errorRecord(error).code !== "link.closed") throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
    for (const tell of early) tell();
    return worker;
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
    removeSockets(this.#path);
    this.onGone?.();
  }
}

function removeSockets(path: string): void {
  rmSync(`${path}.sock`, { force: true });
  rmSync(`${path}.lane`, { force: true });
}

/** The last thing that a worker wrote to its log, as part of a sentence. */
function complaintIn(path: string, from: number): string {
  const text = readFileSync(path).toString("utf8", from, from + complaintBytesMax);
  const line = /^(?:Error|\w*Error): .*$/m.exec(text)?.[0] ?? text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line}`;
}

function failed(id: string, why: string): WarrenError {
  return new WarrenError("worker.failed", `worker ${id}: ${why}`, { status: 500 });
}
