import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, rmSync, statSync, truncateSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { errorFromRecord, errorRecord, WarrenError } from "../../base/errors.ts";
import type { Handler } from "../../base/link.ts";
import { Link } from "../../base/link.ts";
import { connectSeqpacket, listenUnix, sendDescriptors } from "../../base/native-socket.ts";
import type { Notes, Orders, WorkerArguments } from "../../worker/protocol.ts";

const workerFile = join(import.meta.dirname, "../../worker/main.js");
const readyWithinMs = 20_000;
const logBytesMax = 8 * 1024 * 1024;

export interface WorkerHandlers {
  state(worker: WorkerProcess, note: Notes["state"]): void;
  log(worker: WorkerProcess, note: Notes["log"]): void;
}

/** The daemon's end of one worker: its process and the conversation with it. */
export class WorkerProcess {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: number = Date.now();
  state: "ready" | "draining" | "gone" = "ready";
  /** Called once, when the process has ended or its link broke. */
  onGone: (() => void) | undefined;
  readonly #link: Link;
  readonly #path: string;

  private constructor(id: string, pid: number, link: Link, path: string) {
    this.id = id;
    this.pid = pid;
    this.#link = link;
    this.#path = path;
    link.onClose = () => this.#gone();
    if (link.closed) queueMicrotask(() => this.#gone());
  }

  /** Starts a worker that lives on when the daemon dies. Resolves when it takes orders. Throws `worker.*`. */
  static async launch(
    directory: string,
    id: string,
    version: string,
    handlers: WorkerHandlers,
  ): Promise<WorkerProcess> {
    const path = join(directory, id);
    const control = listenUnix(`${path}.sock`, "stream");
    const lane = listenUnix(`${path}.lane`, "seqpacket");
    const logPath = join(directory, "worker.log");
    if (existsSync(logPath) && statSync(logPath).size > logBytesMax) truncateSync(logPath);
    // A file: a pipe to a dead daemon would break the worker at its next line.
    const log = openSync(logPath, "a", 0o600);
    const args: WorkerArguments = { id, version };
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--disable-sigusr1", workerFile, JSON.stringify(args)],
      // Detached: a terminal's Ctrl-C and the end of the daemon's session do not reach it. No environment: nothing of the
      // operator's shell is the guests' business.
      { stdio: ["ignore", log, log, control, lane], env: {}, cwd: "/", detached: true },
    );
    child.unref();
    for (const fd of [control, lane, log]) closeSync(fd);
    const exited = new Promise<never>((_, reject) => {
      child.once("error", (cause) => reject(failed(id, `it could not be started: ${cause.message}`)));
      child.once("exit", (code, signal) =>
        reject(failed(id, `it ended at once (${signal ?? `exit code ${code}`}); see ${logPath}`)),
      );
    });
    exited.catch(() => {});
    try {
      const worker = await Promise.race([WorkerProcess.attach(directory, id, handlers), exited]);
      if (worker === undefined) throw failed(id, `it did not take orders; see ${logPath}`);
      child.once("exit", () => worker.#gone());
      return worker;
    } catch (error) {
      child.kill("SIGKILL");
      removeSockets(path);
      throw error;
    }
  }

  /** Connects to a worker that runs already; undefined, with its leftovers removed, when it does not. */
  static async attach(directory: string, id: string, handlers: WorkerHandlers): Promise<WorkerProcess | undefined> {
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
    const link = new Link(connect(`${path}.sock`), lane, { state: noted("state"), log: noted("log") });
    const timer = setTimeout(() => link.close(), readyWithinMs);
    try {
      await link.call("lane", { nonce });
      const { pid } = await link.call<Orders["hello"]["answer"]>("hello");
      worker = new WorkerProcess(id, pid, link, path);
      for (const tell of early) tell();
      return worker;
    } catch {
      link.close();
      return undefined;
    } finally {
      clearTimeout(timer);
    }
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
    removeSockets(this.#path);
    this.onGone?.();
  }
}

function removeSockets(path: string): void {
  rmSync(`${path}.sock`, { force: true });
  rmSync(`${path}.lane`, { force: true });
}

function failed(id: string, why: string): WarrenError {
  return new WarrenError("worker.failed", `worker ${id}: ${why}`, { status: 500 });
}
