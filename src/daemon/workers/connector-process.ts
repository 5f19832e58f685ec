import { join } from "node:path";
import { errorFromRecord, errorRecord, WarrenError } from "../../base/errors.ts";
import type { Link } from "../../base/link.ts";
import type { ConnectorOrders } from "../../worker/protocol.ts";
import { checkWall } from "../wall/check.ts";
import { connectorPlan } from "../wall/plans.ts";
import { connectorWall, type Wall } from "../wall/wall.ts";
import { claims, connectLinked, launchLinked, removeSockets } from "./linked-process.ts";

export interface ConnectorLaunch {
  /** The folder of its sockets. */
  readonly directory: string;
  readonly id: string;
  readonly version: string;
  readonly wall: Wall;
}

/** The daemon's end of a connector: its process and the conversation with it. */
export class ConnectorProcess {
  readonly id: string;
  readonly pid: number;
  /** Called once, when the process has ended or its link broke. */
  onGone: (() => void) | undefined;
  readonly #link: Link;
  readonly #directory: string;
  #ended: boolean = false;

  private constructor(id: string, pid: number, link: Link, directory: string) {
    this.id = id;
    this.pid = pid;
    this.#link = link;
    this.#directory = directory;
    link.onClose = () => this.#gone();
    if (link.closed) queueMicrotask(() => this.#gone());
  }

  /** Starts one that lives on when the daemon dies. Resolves when it takes orders, behind its wall. Throws `connector.*`. */
  static launch({ directory, id, version, wall }: ConnectorLaunch): Promise<ConnectorProcess> {
    return launchLinked(
      {
        directory,
        id,
        plan: connectorPlan(wall, { id, version }),
        logPath: join(directory, "connector.log"),
        descriptors: [],
        failed,
      },
      (pid) =>
        connectLinked(directory, id, {}, (link, claimed) => {
          if (claimed !== pid) throw failed(`it says that it is process ${claimed}, but ${pid} was started`);
          checkWall(pid, connectorWall(wall));
          return new ConnectorProcess(id, pid, link, directory);
        }),
      (connector) => connector.#gone(),
    );
  }

  /** Connects to one of an earlier daemon; undefined, with its leftovers removed, when it does not run. */
  static attach(directory: string, id: string): Promise<ConnectorProcess | undefined> {
    return connectLinked(directory, id, {}, (link, claimed) => {
      if (!claims(claimed, id)) throw failed(`it says that it is process ${claimed}, which is another`);
      return new ConnectorProcess(id, claimed, link, directory);
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Gives an order. Rejects with its error, or `connector.gone`. */
  async order<K extends keyof ConnectorOrders>(
    op: K,
    body: ConnectorOrders[K]["body"],
    fds: readonly number[] = [],
  ): Promise<ConnectorOrders[K]["answer"]> {
    try {
      return await this.#link.call<ConnectorOrders[K]["answer"]>(op, body, fds);
    } catch (error) {
      const record = errorRecord(error);
      if (record.code === "link.closed")
        throw new WarrenError("connector.gone", "the connector ended", { status: 503, cause: error });
      throw errorFromRecord(record);
    }
  }

  /** Ends it, or does nothing when it has ended: its number may be another's. */
  kill(): void {
    if (!this.#ended) this.#kill();
    this.#link.close();
  }

  #kill(): void {
    try {
      process.kill(this.pid, "SIGKILL");
    } catch {
      // Already gone.
    }
  }

  #gone(): void {
    if (this.#ended) return;
    this.#ended = true;
    // A link that broke from a process that lives on would leave a connector that nobody can reach.
    this.#kill();
    removeSockets(this.#directory, this.id);
    this.onGone?.();
  }
}

function failed(why: string): WarrenError {
  return new WarrenError("connector.failed", `the connector: ${why}`, {
    status: 500,
    hint: "services with [[outbound]] need it; if it fails again, see: warren doctor",
  });
}
