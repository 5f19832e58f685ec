import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import type { LogLine } from "../../control/service.ts";
import { type BufferBudget, type LogSelection, ServiceLog } from "./service-log.ts";

export interface LogStoreOptions {
  readonly fileBytesMax?: number;
  readonly filesMax?: number;
  /** Bytes that may wait to be written, for one service. */
  readonly bufferBytesMax?: number;
  /** The same, for all services together. */
  readonly bufferBytesTotalMax?: number;
  /** How long a line may wait to be written. Milliseconds. */
  readonly flushMs?: number;
}

/** Services written at the same time: more would only queue for the file system's threads. */
const writersMax = 4;
const safeName = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** What of a service's log is wanted. */
export interface StoreSelection extends LogSelection {
  /** The access log, in place of what its program and Warren wrote. */
  readonly access?: boolean;
}

/**
 * What services write: files in `NAMESPACE/NAME/`, 8 MiB each and the newest four of each service. The access log has its own in
 * `NAMESPACE/NAME/access/`, so that a flood of requests drops nothing of what a program wrote.
 */
export class LogStore {
  readonly #path: string;
  readonly #options: Required<LogStoreOptions>;
  readonly #logs = new Map<string, ServiceLog>();
  readonly #removing = new Map<string, Promise<void>>();
  readonly #budget: BufferBudget;
  readonly #unwritten = new Set<ServiceLog>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(path: string, options: LogStoreOptions = {}) {
    this.#path = path;
    this.#options = {
      fileBytesMax: 8 * 1024 * 1024,
      filesMax: 4,
      bufferBytesMax: 1024 * 1024,
      bufferBytesTotalMax: 32 * 1024 * 1024,
      flushMs: 100,
      ...options,
    };
    this.#budget = { bytes: 0, bytesMax: this.#options.bufferBytesTotalMax };
  }

  /** Takes lines; they are in the file a tenth of a second later at the most. Never throws or waits for the disk. */
  append(namespace: string, name: string, lines: readonly LogLine[]): void {
    const log = this.#log(namespace, name);
    const access = lines.filter(({ stream }) => stream === "access");
    if (access.length === 0) {
      this.#append(log, lines);
      return;
    }
    this.#append(this.#log(namespace, name, true), access);
    if (access.length < lines.length)
      this.#append(
        log,
        lines.filter(({ stream }) => stream !== "access"),
      );
  }

  #append(log: ServiceLog, lines: readonly LogLine[]): void {
    log.append(lines);
    this.#unwritten.add(log);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flushing = this.#flushing.then(() => this.#flush());
    }, this.#options.flushMs);
  }

  /** Lines, oldest first, in groups. With `follow` it goes on, each line once, until the signal or the service's removal. */
  read(
    namespace: string,
    name: string,
    { access, ...selection }: StoreSelection,
  ): AsyncGenerator<readonly LogLine[], void, undefined> {
    return this.#log(namespace, name, access).read(selection);
  }

  /** The last lines as they are now. */
  async tail(namespace: string, name: string, count: number): Promise<LogLine[]> {
    const { signal } = new AbortController();
    const groups = await Array.fromAsync(this.read(namespace, name, { tail: count, follow: false, signal }));
    return groups.flat();
  }

  /** Deletes a service's log and ends those who follow it. */
  async remove(namespace: string, name: string): Promise<void> {
    const key = `${namespace}/${name}`;
    const logs = [this.#log(namespace, name, true), this.#log(namespace, name)];
    for (const log of logs) this.#unwritten.delete(log);
    this.#logs.delete(key);
    this.#logs.delete(`${key}/access`);
    // The folder of the first lies in that of the second.
    const removing = logs
      .reduce((before, log) => before.then(() => log.remove()), Promise.resolve())
      .finally(() => {
        if (this.#removing.get(key) === removing) this.#removing.delete(key);
      });
    this.#removing.set(key, removing);
    await removing;
  }

  /** Writes everything that waits. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#flushing;
    await this.#flush();
  }

  #log(namespace: string, name: string, access = false): ServiceLog {
    // They become a path: the API has checked them, and this keeps a mistake elsewhere from leaving the folder.
    assert(safeName.test(namespace) && safeName.test(name), "namespace and name must be DNS labels");
    const service = `${namespace}/${name}`;
    const key = access ? `${service}/access` : service;
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    const ready = (this.#removing.get(service) ?? Promise.resolve()).catch(() => {});
    const log = new ServiceLog(
      join(this.#path, namespace, name, ...(access ? ["access"] : [])),
      this.#options,
      this.#options.bufferBytesMax,
      this.#budget,
      ready,
    );
    this.#logs.set(key, log);
    return log;
  }

  async #flush(): Promise<void> {
    const logs = this.#unwritten.values();
    const writer = async (): Promise<void> => {
      for (const log of logs) {
        this.#unwritten.delete(log);
        await log.flush();
      }
    };
    await Promise.all(Array.from({ length: writersMax }, writer));
  }
}
