import { WarrenError } from "../../base/errors.ts";
import type { KeyValueDatabase } from "../../store/key-value-database.ts";
import type { Asks, GuestKey, InstanceSpec, StoreAnswer, StoreCall, StoreGrant } from "../../worker/protocol.ts";
import type { Logger } from "../logger.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import { parseStoreCall } from "./store-call.ts";

/** Calls of one guest in one worker that wait, and their characters. */
const callsMax = 128;
const charsMax = 8 * 1024 * 1024;
/** What may wait for a worker to read it. */
const queuedBytesMax = 16 * 1024 * 1024;
/** One round: what is committed together, and for how long the daemon does nothing else. */
const roundCallsMax = 64;
const roundMsMax = 10;

export type StoreWorker = Pick<WorkerProcess, "id" | "queuedBytes">;

interface Permit {
  readonly namespace: string;
  readonly grants: readonly StoreGrant[];
  readonly waiting: Job[];
  chars: number;
}

interface Job {
  readonly worker: StoreWorker;
  readonly grant: StoreGrant;
  readonly call: StoreCall;
  readonly chars: number;
  resolve(answer: StoreAnswer): void;
}

export interface StoreDoorOptions {
  readonly database: KeyValueDatabase;
  /** How large a store may be: the least of what the services of its namespace say and what this one says. Bytes. */
  bytesMax(namespace: string, grant: StoreGrant): number;
  readonly log: Logger;
}

/**
 * Does for guests what they ask of the stores that they are granted. By turns of the guests, in rounds that are committed together and between which the
 * daemon does something else for as long: what one guest asks holds up neither the others nor the daemon.
 */
export class StoreDoor {
  readonly #options: StoreDoorOptions;
  /** By worker, and guest. What is not here may be in the database, of an earlier daemon. */
  readonly #permits = new Map<string, Map<string, Permit>>();
  /** Those that wait, the next one first. */
  readonly #turns = new Set<Permit>();
  #timer: NodeJS.Timeout | undefined;
  #closed: boolean = false;

  constructor(options: StoreDoorOptions) {
    this.#options = options;
  }

  /** Before a guest is started. */
  permit(worker: { readonly id: string }, { service, revision, stores }: InstanceSpec): void {
    if (stores === undefined) return;
    this.#options.database.permit(worker.id, nameOf({ service, revision }), JSON.stringify(stores));
    this.#know(worker.id, { service, revision }, stores);
  }

  /** At the start: of these workers, which an earlier daemon started, what they were permitted still counts. */
  adopt(workers: readonly Pick<WorkerProcess, "id">[]): void {
    this.#options.database.keepPermits(workers.map(({ id }) => id));
  }

  /** The guest has ended. */
  revoke({ worker, service, revision }: GuestKey): void {
    const guest = nameOf({ service, revision });
    const permit = this.#permits.get(worker)?.get(guest);
    if (permit === undefined) return;
    this.#permits.get(worker)?.delete(guest);
    this.#drop(permit);
    this.#forget(worker, guest);
  }

  /** A worker is gone, and so are its guests. */
  leave({ id }: Pick<WorkerProcess, "id">): void {
    if (this.#closed) return;
    for (const permit of this.#permits.get(id)?.values() ?? []) this.#drop(permit);
    this.#permits.delete(id);
    this.#forget(id);
  }

  /** The daemon ends. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const permits of this.#permits.values()) for (const permit of permits.values()) this.#drop(permit);
    this.#permits.clear();
  }

  /** What a worker asks for one of its guests; nothing that it says is believed but for whom it asks, of those that it has. */
  ask(
    worker: StoreWorker,
    { service, revision, identifier, call: asked }: Asks["store"]["body"],
  ): Promise<StoreAnswer> {
    const permit = this.#permitOf(worker.id, service, revision);
    if (permit === undefined) return Promise.resolve({ tag: "no-such-store" });
    const grant = permit.grants.find((one) => one.identifier === identifier);
    if (grant === undefined) return Promise.resolve({ tag: "no-such-store" });
    const call = parseStoreCall(asked);
    if (call === undefined) return Promise.resolve(other("this is no call of a store"));
    if (grant.mode === "ro" && ["set", "delete", "increment"].includes(call.do))
      return Promise.resolve({ tag: "access-denied" });
    const chars =
      call.do === "set" ? call.entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0) : 0;
    if (permit.waiting.length >= callsMax || permit.chars + chars > charsMax)
      return Promise.resolve(other("too many calls of this service are under way: try again"));
    return new Promise((resolve) => {
      permit.waiting.push({ worker, grant, call, chars, resolve });
      permit.chars += chars;
      this.#turns.add(permit);
      this.#timer ??= setTimeout(this.#round, 0);
    });
  }

  readonly #round = (): void => {
    const began = performance.now();
    const done: { readonly job: Job; readonly answer: StoreAnswer }[] = [];
    try {
      this.#options.database.together(() => {
        while (done.length < roundCallsMax && performance.now() - began < roundMsMax) {
          const [permit] = this.#turns;
          const job = permit?.waiting.shift();
          if (permit === undefined || job === undefined) break;
          this.#turns.delete(permit);
          if (permit.waiting.length > 0) this.#turns.add(permit);
          permit.chars -= job.chars;
          // Kept also where it fails: the answer to each is then that nothing was done.
          done.push({ job, answer: other("it was not done") });
          done[done.length - 1] = { job, answer: this.#one(permit.namespace, job) };
        }
      });
      for (const { job, answer } of done) job.resolve(answer);
    } catch (error) {
      const answer = this.#failed(error);
      for (const { job } of done) job.resolve(answer);
    }
    this.#timer = this.#turns.size === 0 ? undefined : setTimeout(this.#round, performance.now() - began);
  };

  #one(namespace: string, { worker, grant, call }: Job): StoreAnswer {
    const { database, bytesMax } = this.#options;
    if (worker.queuedBytes > queuedBytesMax) return other("too many answers wait to be read: try again");
    try {
      return database.apart(() => perform(database, namespace, grant, call, () => bytesMax(namespace, grant)));
    } catch (error) {
      if (error instanceof WarrenError && error.code.startsWith("store.")) return other(error.message);
      throw error;
    }
  }

  /** What went wrong with the disk or the database is the operator's to know; a guest gets no path. */
  #failed(error: unknown): StoreAnswer {
    this.#options.log.error({ err: error }, "the key-value stores could not be used");
    const full = error instanceof WarrenError && error.code === "state.disk-full";
    return other(full ? "the disk is full; nothing was changed" : "the store failed; nothing was changed");
  }

  #permitOf(worker: string, service: unknown, revision: unknown): Permit | undefined {
    if (this.#closed || typeof service !== "string" || typeof revision !== "number") return undefined;
    const guest = nameOf({ service, revision });
    const known = this.#permits.get(worker)?.get(guest);
    if (known !== undefined) return known;
    const grants = this.#options.database.permitted(worker, guest);
    return grants === undefined
      ? undefined
      : this.#know(worker, { service, revision }, JSON.parse(grants) as StoreGrant[]);
  }

  /** A guest that ends does so also where the disk is full: what is left over goes when its worker is gone. */
  #forget(worker: string, guest?: string): void {
    try {
      this.#options.database.revoke(worker, guest);
    } catch (error) {
      this.#options.log.error({ worker, guest, err: error }, "what a guest was permitted could not be forgotten");
    }
  }

  #know(worker: string, guest: Omit<GuestKey, "worker">, grants: readonly StoreGrant[]): Permit {
    const namespace = guest.service.slice(0, guest.service.indexOf("/"));
    const permit: Permit = { namespace, grants, waiting: [], chars: 0 };
    const permits = this.#permits.get(worker) ?? new Map<string, Permit>();
    this.#permits.set(worker, permits);
    permits.set(nameOf(guest), permit);
    return permit;
  }

  #drop(permit: Permit): void {
    this.#turns.delete(permit);
    for (const { resolve } of permit.waiting.splice(0)) resolve(other("this instance has ended"));
  }
}

function perform(
  database: KeyValueDatabase,
  namespace: string,
  { name }: StoreGrant,
  call: StoreCall,
  bytesMax: () => number,
): StoreAnswer {
  const store = database.ensure(namespace, name);
  switch (call.do) {
    case "get": {
      const values = database.get(store, call.keys);
      return { tag: "values", values: values.map((one) => (one === undefined ? null : base64(one))) };
    }
    case "exists":
      return { tag: "exists", exists: database.exists(store, call.key) };
    case "set": {
      const entries = call.entries.map(([key, value]) => [key, Buffer.from(value, "base64")] as const);
      database.set(store, entries, bytesMax());
      return { tag: "done" };
    }
    case "delete":
      database.delete(store, call.keys);
      return { tag: "done" };
    case "list": {
      const { keys, cursor } = database.listKeys(store, BigInt(call.after));
      return { tag: "keys", keys, ...(cursor === undefined ? {} : { cursor: String(cursor) }) };
    }
    case "increment":
      return { tag: "sum", sum: String(database.increment(store, call.key, BigInt(call.by), bytesMax())) };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

function other(why: string): StoreAnswer {
  return { tag: "other", why };
}

function nameOf({ service, revision }: Omit<GuestKey, "worker">): string {
  return `${service}@${revision}`;
}
