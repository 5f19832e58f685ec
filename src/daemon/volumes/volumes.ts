import { randomUUID } from "node:crypto";
import { chownSync, closeSync, constants, mkdirSync, openSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { WarrenError } from "../../base/errors.ts";
import { createSharedPage, mapSharedPage } from "../../base/shared-page.ts";
import { volumeOpensAt, volumeWord, volumeWords } from "../../base/volume-page.ts";
import type { InstanceMount } from "../../worker/protocol.ts";
import type { Logger } from "../logger.ts";
import { erase } from "./erase.ts";
import { measureVolume } from "./measure.ts";

/** What is being removed has a name that no namespace can have. */
const trash = ".trash-";

interface Page {
  /** Given to workers. */
  readonly fd: number;
  readonly words: BigInt64Array;
  readonly opens: Uint32Array;
}

export interface VolumesOptions {
  /** The folder of all volumes. */
  readonly path: string;
  /** Whom they are made for: the user that workers run as; the daemon's own when undefined. */
  readonly user: number | undefined;
  readonly log: Logger;
}

/** Where a volume lies: a directory in its namespace's folder, which guests see as its root. */
export function volumeDirectory(path: string, namespace: string, name: string): string {
  return join(path, namespace, name);
}

/**
 * The named volumes: directories in the state directory that outlive the services which mount them. For each that is in use
 * there is a page of memory on which the workers count what it holds; see docs/decisions/0010-volumes.md.
 */
export class Volumes {
  readonly #options: VolumesOptions;
  /** By `namespace/name`. */
  readonly #pages = new Map<string, Page>();

  constructor(options: VolumesOptions) {
    this.#options = options;
    mkdirSync(options.path, { recursive: true, mode: 0o700 });
    // What an earlier daemon did not come to the end of.
    for (const name of readdirSync(options.path))
      if (name.startsWith(trash)) void this.#erase(join(options.path, name));
  }

  get path(): string {
    return this.#options.path;
  }

  /** Makes it if it is not there. */
  ensure(namespace: string, name: string): void {
    const { path, user } = this.#options;
    const directory = volumeDirectory(path, namespace, name);
    mkdirSync(join(path, namespace), { recursive: true, mode: 0o700 });
    const made = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
    if (user !== undefined && statSync(directory).uid !== user) chownSync(directory, user, user);
    if (this.#pages.has(key(namespace, name))) return;
    const fd = createSharedPage(`volume ${key(namespace, name)}`);
    const memory = mapSharedPage(fd);
    const words = new BigInt64Array(memory, 0, volumeWords);
    words[volumeWord.limit] = -1n;
    this.#pages.set(key(namespace, name), { fd, words, opens: new Uint32Array(memory, volumeOpensAt) });
    if (!made) void this.#count(namespace, name);
  }

  /** What goes with the order to start a guest: directory and page of each volume among its mounts. `close` the first ones after. */
  open(namespace: string, mounts: readonly InstanceMount[]): { descriptors: number[]; close(): void } {
    const descriptors: number[] = [];
    const opened: number[] = [];
    for (const mount of mounts) {
      if (!("source" in mount) || mount.volume === undefined) continue;
      const page = this.#pages.get(key(namespace, mount.volume));
      assert(page !== undefined, "a volume is made before it is mounted");
      const directory = openSync(mount.source, constants.O_RDONLY | constants.O_DIRECTORY);
      opened.push(directory);
      descriptors.push(directory, page.fd);
    }
    return { descriptors, close: () => opened.forEach((fd) => void closeSync(fd)) };
  }

  /** Its size from now on; no limit when undefined. */
  limit(namespace: string, name: string, bytesMax: number | undefined): void {
    const page = this.#pages.get(key(namespace, name));
    if (page !== undefined) Atomics.store(page.words, volumeWord.limit, BigInt(bytesMax ?? -1));
  }

  list(namespace: string): string[] {
    try {
      return readdirSync(join(this.#options.path, namespace)).sort();
    } catch {
      return [];
    }
  }

  /** What it holds, and its limit. */
  async usage(namespace: string, name: string): Promise<{ bytes: number; bytesMax: number | undefined }> {
    const page = this.#pages.get(key(namespace, name));
    if (page === undefined) {
      const bytes = await measureVolume(volumeDirectory(this.#options.path, namespace, name));
      return { bytes: bytes ?? 0, bytesMax: undefined };
    }
    const used = Atomics.load(page.words, volumeWord.changed) + Atomics.load(page.words, volumeWord.counted);
    const limit = Number(Atomics.load(page.words, volumeWord.limit));
    return { bytes: Math.max(0, Number(used)), bytesMax: limit < 0 ? undefined : limit };
  }

  /** Removes one that no service mounts. Throws `volume.unknown`. */
  async remove(namespace: string, name: string): Promise<void> {
    const directory = volumeDirectory(this.#options.path, namespace, name);
    if (!this.list(namespace).includes(name))
      throw new WarrenError("volume.unknown", `there is no volume "${name}" in the namespace "${namespace}"`, {
        status: 404,
        hint: "warren volume ls shows those there are",
      });
    const doomed = join(this.#options.path, `${trash}${randomUUID()}`);
    renameSync(directory, doomed);
    const page = this.#pages.get(key(namespace, name));
    if (page !== undefined) closeSync(page.fd);
    this.#pages.delete(key(namespace, name));
    await erase(doomed);
  }

  /**
   * Counts anew what the workers added up, which may be off after one of them died. `idle`: only where nobody has a file open,
   * since one that was removed while it is open is not found.
   */
  async recount({ idle }: { readonly idle: boolean }): Promise<void> {
    for (const [key, { opens }] of [...this.#pages]) {
      const [namespace = "", name = ""] = key.split("/");
      if (!idle || opens.every((count) => count === 0)) await this.#count(namespace, name);
    }
  }

  /** Whatever workers add meanwhile stays added. */
  async #count(namespace: string, name: string): Promise<void> {
    const page = this.#pages.get(key(namespace, name));
    if (page === undefined) return;
    const changed = Atomics.load(page.words, volumeWord.changed);
    try {
      const bytes = await measureVolume(volumeDirectory(this.#options.path, namespace, name));
      if (bytes === undefined) throw new Error("it has too many levels of directories");
      Atomics.store(page.words, volumeWord.counted, BigInt(bytes) - changed);
    } catch (error) {
      this.#options.log.error({ volume: key(namespace, name), err: error }, "a volume could not be counted");
    }
  }

  async #erase(path: string): Promise<void> {
    await erase(path).catch((error: unknown) =>
      this.#options.log.error({ path, err: error }, "a removed volume could not be erased"),
    );
  }
}

function key(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
