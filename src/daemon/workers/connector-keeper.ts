import { closeSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { Backoff } from "../../base/backoff.ts";
import { socketPair } from "../../base/native-socket.ts";
import { version } from "../../base/version.ts";
import type { GuestKey, InstanceSpec, OutboundRights } from "../../worker/protocol.ts";
import type { Logger } from "../logger.ts";
import type { Wall } from "../wall/wall.ts";
import { ConnectorProcess } from "./connector-process.ts";
import { readNameSources } from "./name-sources.ts";
import type { WorkerProcess } from "./worker-process.ts";

const backoffOptions = { firstMs: 100, mostMs: 10_000, healthyMs: 10_000 } as const;
/** How long it is kept when no guest may use it any more: one that is started elsewhere comes back soon. */
const lingerMs = 5000;
/** How often it is looked whether it answers, and whether /etc/resolv.conf or /etc/hosts have changed. */
const lookEveryMs = 5000;
const missedMax = 2;

export interface ConnectorKeeperOptions {
  /** The folder of the connectors' sockets. */
  readonly directory: string;
  readonly wall: Wall;
  readonly log: Logger;
  /** Name servers, in place of the machine's. */
  readonly dns: readonly string[];
  event(type: "connector.started" | "connector.lost", message: string): void;
}

/**
 * Keeps one connector running while any guest may reach something, and tells it what each may. A new one is started when it
 * dies, and is told all of it again.
 */
export class ConnectorKeeper {
  readonly #options: ConnectorKeeperOptions;
  readonly #generation = Date.now().toString(36);
  readonly #backoff = new Backoff(backoffOptions);
  readonly #rights = new Map<string, GuestKey & { readonly rights: OutboundRights }>();
  readonly #workers = new Set<WorkerProcess>();
  /** Those that share a lane with the present one. */
  #introduced = new Set<WorkerProcess>();
  #process: ConnectorProcess | undefined;
  #starting: Promise<ConnectorProcess> | undefined;
  #again: NodeJS.Timeout | undefined;
  #unused: NodeJS.Timeout | undefined;
  #sources = "";
  #trouble: string | undefined;
  #launched = 0;
  #closing: boolean = false;

  constructor(options: ConnectorKeeperOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  /** The one that runs; undefined while none is needed, or it is being started again. */
  get process(): { readonly pid: number } | undefined {
    return this.#process;
  }

  /** Why guests that may reach something cannot; undefined when nothing is wrong. */
  get trouble(): string | undefined {
    return this.#process === undefined && this.#rights.size > 0 ? this.#trouble : undefined;
  }

  /** Those of earlier daemons end with the workers that they serve. */
  async retireEarlier(): Promise<void> {
    const { directory, log } = this.#options;
    const ids = readdirSync(directory).flatMap((name) => (name.endsWith(".sock") ? [name.slice(0, -5)] : []));
    await Promise.all(
      ids
        .filter((id) => id !== this.#process?.id)
        .map(async (id) => {
          try {
            const earlier = await ConnectorProcess.attach(directory, id);
            await earlier?.order("retire", {});
          } catch (error) {
            log.error({ connector: id, err: error }, "a connector of an earlier daemon is left alone");
          }
        }),
    );
  }

  /** A worker takes orders: it gets a lane to the connector, when there is one. */
  async join(worker: WorkerProcess): Promise<void> {
    this.#workers.add(worker);
    if (this.#process !== undefined) await this.#introduce(this.#process, worker);
  }

  /** A worker is gone, and so are its guests. */
  leave(worker: WorkerProcess): void {
    this.#workers.delete(worker);
    this.#introduced.delete(worker);
    for (const guest of [...this.#rights.values()]) if (guest.worker === worker.id) this.#revoke(guest);
  }

  /** Before a guest is started: what it may reach. Starts the connector for the first. Throws `connector.*`. */
  async permit(worker: WorkerProcess, { service, revision, outbound }: InstanceSpec): Promise<void> {
    if (outbound === undefined) return;
    const guest = { worker: worker.id, service, revision, rights: outbound };
    this.#rights.set(keyOf(guest), guest);
    clearTimeout(this.#unused);
    const process = this.#starting === undefined && this.#process ? this.#process : await this.#start();
    // A failure is its end, and its successor is told.
    await process.order("grant", guest).catch(() => {});
  }

  /** The guest has ended. */
  revoke(guest: GuestKey): void {
    this.#revoke(guest);
  }

  /** Ends it at once; connections that it opened go on. */
  close(): void {
    this.#closing = true;
    this.#end();
  }

  #revoke(guest: GuestKey): void {
    if (!this.#rights.delete(keyOf(guest))) return;
    const { worker, service, revision } = guest;
    this.#process?.order("revoke", { worker, service, revision }).catch(() => {});
    this.#endIfUnused();
  }

  #endIfUnused(): void {
    if (this.#rights.size > 0) return;
    clearTimeout(this.#unused);
    this.#unused = setTimeout(() => this.#rights.size === 0 && this.#end(), lingerMs).unref();
  }

  #start(): Promise<ConnectorProcess> {
    clearTimeout(this.#again);
    this.#starting ??= this.#launch().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #launch(): Promise<ConnectorProcess> {
    const { directory, wall, log, event } = this.#options;
    const began = performance.now();
    const id = `${this.#generation}-${(this.#launched++).toString(36)}`;
    let process: ConnectorProcess | undefined;
    try {
      process = await ConnectorProcess.launch({ directory, id, version, wall });
      assert(!this.#closing, "the daemon ends");
      await this.#tellNames(process, true);
      this.#introduced = new Set();
      // Those that join from here on are introduced by that.
      this.#process = process;
      // First: a worker that asks before its guests' grants are known would be refused.
      for (const guest of this.#rights.values()) await process.order("grant", guest);
      for (const worker of this.#workers) await this.#introduce(process, worker);
    } catch (error) {
      this.#process = undefined;
      process?.kill();
      this.#retry(performance.now() - began, (error as Error).message);
      throw error;
    }
    const started = performance.now();
    const looking = this.#lookAt(process);
    process.onGone = () => {
      clearInterval(looking);
      this.#process = undefined;
      if (this.#closing || this.#rights.size === 0) return;
      log.warn({ connector: id, pid: process.pid }, "the connector was lost");
      event("connector.lost", `connector ${id}, pid ${process.pid}`);
      this.#retry(performance.now() - started, "it ended");
    };
    this.#trouble = undefined;
    const ms = Math.round(performance.now() - began);
    log.info({ connector: id, pid: process.pid, ms }, "connector started");
    event("connector.started", `connector ${id}, pid ${process.pid}`);
    this.#endIfUnused();
    // While it was being told.
    if (process.ended) process.onGone();
    return process;
  }

  /** Ends one that does not answer any more, and tells it what changes. */
  #lookAt(process: ConnectorProcess): NodeJS.Timeout {
    let missed = 0;
    return setInterval(() => {
      // Its answer to one look may wait here, if it was the daemon that was held up.
      if (missed++ >= missedMax) process.kill();
      process.order("hello", {}).then(
        () => {
          missed = 0;
        },
        () => {},
      );
      void this.#tellNames(process, false);
    }, lookEveryMs).unref();
  }

  #retry(ranMs: number, why: string): void {
    this.#trouble = why;
    if (this.#closing) return;
    const waitMs = this.#backoff.ended(ranMs);
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      if (this.#closing || this.#rights.size === 0 || this.#process !== undefined) return;
      this.#start().catch((error: unknown) =>
        this.#options.log.error({ err: error }, "the connector could not be started"),
      );
    }, waitMs);
  }

  async #introduce(process: ConnectorProcess, worker: WorkerProcess): Promise<void> {
    if (this.#introduced.has(worker)) return;
    this.#introduced.add(worker);
    const lane = socketPair("seqpacket");
    const stream = socketPair("stream");
    try {
      await Promise.all([
        process.order("worker", { id: worker.id }, [lane[0], stream[0]]),
        worker.order("connector", {}, [lane[1], stream[1]]),
      ]);
    } catch {
      // Whichever of the two died is replaced, and its successor is introduced anew.
    } finally {
      for (const fd of [...lane, ...stream]) closeSync(fd);
    }
  }

  async #tellNames(process: ConnectorProcess, anyway: boolean): Promise<void> {
    const sources = readNameSources(this.#options.dns);
    const text = JSON.stringify(sources);
    if (text === this.#sources && !anyway) return;
    this.#sources = text;
    await process.order("names", sources).catch(() => {});
  }

  #end(): void {
    clearTimeout(this.#again);
    clearTimeout(this.#unused);
    const process = this.#process;
    this.#process = undefined;
    process?.kill();
  }
}

/** The folder of the connectors' sockets in a state directory. */
export function connectorDirectory(state: string): string {
  return join(state, "connector");
}

function keyOf({ worker, service, revision }: GuestKey): string {
  return JSON.stringify([worker, service, revision]);
}
