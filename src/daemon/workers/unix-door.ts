import { realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { AnswerWithDescriptors } from "../../base/link.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import { connectUnixStream } from "../../base/unix-connect.ts";
import type { Asks, GuestKey, InstanceSpec, UnixGrant } from "../../worker/protocol.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Connections of one guest a second: each is some work of the daemon's. */
const perSecond = 100;
const burst = 200;

interface Permit {
  readonly grants: readonly UnixGrant[];
  readonly rate: RateLimit;
}

export interface UnixDoorOptions {
  /** Whom the other side sees, and whose right to the socket's file counts; the daemon's own user when absent. */
  readonly user: number | undefined;
  /** The state directory, and the socket of the control API: no guest is connected to what lies there. */
  readonly state: string;
  readonly socket: string;
}

/**
 * Connects guests to the unix sockets that they are granted, and hands the connections to their workers. Done by the daemon,
 * since no filter of system calls sees a path: a process that may connect to one unix socket may connect to all that its user
 * reaches.
 */
export class UnixDoor {
  readonly #user: number | undefined;
  readonly #state: string;
  readonly #socket: string;
  readonly #permits = new Map<string, Permit>();

  constructor({ user, state, socket }: UnixDoorOptions) {
    this.#user = user;
    this.#state = realpathSync(state) + sep;
    this.#socket = join(realpathSync(dirname(socket)), socket.slice(dirname(socket).length));
  }

  /** Before a guest is started. */
  permit(worker: { readonly id: string }, { service, revision, unix }: InstanceSpec): void {
    if (unix === undefined) return;
    const key = keyOf({ worker: worker.id, service, revision });
    this.#permits.set(key, { grants: unix, rate: new RateLimit(perSecond, burst) });
  }

  /** The guest has ended. */
  revoke(guest: GuestKey): void {
    this.#permits.delete(keyOf(guest));
  }

  /** A worker is gone, and so are its guests. */
  leave({ id }: Pick<WorkerProcess, "id">): void {
    for (const key of this.#permits.keys()) if (key.startsWith(`${id} `)) this.#permits.delete(key);
  }

  /** What a worker asks for one of its guests; nothing that it says is believed but whose connection it is to be. */
  open(worker: Pick<WorkerProcess, "id">, { service, revision, path }: Asks["unix"]["body"]): AnswerWithDescriptors {
    const permit = this.#permits.get(keyOf({ worker: worker.id, service, revision }));
    const source = permit?.grants.find((grant) => grant.path === path)?.source;
    if (permit === undefined || source === undefined) return refused("denied");
    if (!permit.rate.take(performance.now())) return refused("busy");
    const result = connectUnixStream(source, this.#user, (found) => this.#mayReach(found));
    return typeof result === "string" ? refused(result) : new AnswerWithDescriptors({}, [result]);
  }

  #mayReach(found: string): boolean {
    return found !== this.#socket && !found.startsWith(this.#state);
  }
}

function refused(error: NonNullable<Asks["unix"]["answer"]["error"]>): AnswerWithDescriptors {
  return new AnswerWithDescriptors({ error }, []);
}

function keyOf({ worker, service, revision }: GuestKey): string {
  return `${worker} ${service} ${revision}`;
}
