import { closeSync } from "node:fs";
import { WarrenError } from "../../base/errors.ts";
import type { Handler } from "../../base/link.ts";
import { ControlSocket } from "../control-socket.ts";
import type { ConnectorOrders, GuestKey, ProcessArguments } from "../protocol.ts";
import type { Asking } from "./lane-protocol.ts";
import { Names } from "./names.ts";
import { Permit } from "./permit.ts";
import { WorkerLane } from "./worker-lane.ts";

type Handlers = {
  [K in Exclude<keyof ConnectorOrders, "lane">]: (
    body: ConnectorOrders[K]["body"],
    fds: number[],
  ) => ConnectorOrders[K]["answer"];
};

/**
 * The one process that connects to the outside, for the guests of every worker: workers make no sockets. It believes the
 * daemon alone: what each guest may reach comes from there, and a worker gets what the guests that it was given may have.
 */
export class Connector {
  readonly #args: ProcessArguments;
  readonly #names = new Names();
  readonly #lanes = new Map<string, WorkerLane>();
  readonly #permits = new Map<string, Permit>();
  readonly #control: ControlSocket;
  #alone: boolean = false;
  #retiring: boolean = false;

  constructor(args: ProcessArguments) {
    this.#args = args;
    this.#control = new ControlSocket(this.#handlers() as unknown as Record<string, Handler>);
  }

  listen(): void {
    this.#control.onLinked = () => {
      this.#alone = false;
    };
    this.#control.onAlone = () => {
      this.#alone = true;
      this.#endWhenUnused();
    };
    this.#control.listen();
  }

  #handlers(): Handlers {
    return {
      hello: () => ({ id: this.#args.id, pid: process.pid, version: this.#args.version }),
      names: (sources) => this.#names.set(sources),
      worker: ({ id }, fds) => this.#worker(id, fds),
      grant: ({ rights, ...guest }) => {
        this.#revoke(guest);
        this.#permits.set(permitKey(guest), new Permit(rights));
      },
      revoke: (guest) => this.#revoke(guest),
      retire: () => {
        this.#retiring = true;
        this.#endWhenUnused();
      },
    };
  }

  #worker(id: string, [lane, stream]: readonly number[]): void {
    if (lane === undefined || stream === undefined) {
      if (lane !== undefined) closeSync(lane);
      throw new WarrenError("link.bad-order", 'the order "worker" came without its descriptors', { status: 500 });
    }
    this.#lanes.get(id)?.close();
    const permit = (asking: Asking): Permit | undefined => this.#permits.get(permitKey({ worker: id, ...asking }));
    const own = new WorkerLane(lane, stream, { names: this.#names, permit, lane: (other) => this.#lanes.get(other) });
    this.#lanes.set(id, own);
    own.onClose = () => {
      if (this.#lanes.get(id) === own) this.#lanes.delete(id);
      this.#endWhenUnused();
    };
  }

  #revoke(guest: GuestKey): void {
    const key = permitKey(guest);
    this.#permits.get(key)?.close();
    this.#permits.delete(key);
  }

  /** With workers it goes on without a daemon, as they do. */
  #endWhenUnused(): void {
    if ((this.#alone || this.#retiring) && this.#lanes.size === 0) setImmediate(() => process.exit(0));
  }
}

function permitKey({ worker, service, revision }: GuestKey): string {
  return JSON.stringify([worker, service, revision]);
}
