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

/** What services write: files in `NAMESPACE/NAME/`, 8 MiB each and the newest four of each service. */
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
    log.append(lines);
    this.#unwritten.add(log);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flushing = this.#flushing.then(() => this.#flush());
    }, this.#options.flushMs);
  }

  /** Lines, oldest first, in groups. With `follow` it goes on, each line once, until the signal or the service's removal. */
  read(namespace: string, name: string, selection: LogSelection): AsyncGenerator<readonly LogLine[], void, undefined> {
    return this.#log(namespace, name).read(selection);
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
    const log = this.#log(namespace, name);
    this.#logs.delete(key);
    this.#unwritten.delete(log);
    const removing = log.remove().finally(() => {
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

  #log(namespace: string, name: string): ServiceLog {
    // They become a path: the API has checked them, and this keeps a mistake elsewhere from leaving the folder.
    assert(safeName.test(namespace) && safeName.test(name), "namespace and name must be DNS labels");
    const key = `${namespace}/${name}`;
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    const ready = (this.#removing.get(key) ?? Promise.resolve()).catch(() => {});
    const log = new ServiceLog(
      join(this.#path, namespace, name),
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
