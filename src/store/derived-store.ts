import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { systemCode } from "../base/errors.ts";
import type { OpenBlob } from "./blob-store.ts";

/** How long a file that nothing names is kept. */
const graceMsDefault = 60 * 60 * 1000;

/** A file that is being made. */
export interface DerivedWrite {
  /** Open for writing; closed by {@link DerivedStore.keep} and {@link DerivedStore.discard}. */
  readonly handle: FileHandle;
  readonly path: string;
}

/**
 * Files that were made from blobs and can be made again. One under its final name is whole and on the disk; it gets that
 * name in the background, and until then it is found under the name it was written by: nobody waits for the disk.
 */
export class DerivedStore {
  readonly #files: string;
  readonly #temporary: string;
  /** Files that are not yet under their final names: their paths, by key, and when they will be. */
  readonly #fresh = new Map<string, { path: string; kept: Promise<void> }>();

  private constructor(path: string) {
    this.#files = join(path, "files");
    this.#temporary = join(path, "tmp");
  }

  /** Opens the store and removes what an interrupted write left behind. Only the holder of the state's lock may. */
  static async open(path: string): Promise<DerivedStore> {
    const store = new DerivedStore(path);
    await rm(store.#temporary, { recursive: true, force: true });
    for (const folder of [store.#files, store.#temporary]) await mkdir(folder, { recursive: true, mode: 0o700 });
    return store;
  }

  /** The file of a key, undefined when it is not here. Being asked for keeps it from collection for the grace time. */
  async find(key: string): Promise<OpenBlob | undefined> {
    const paths = [this.#fresh.get(key)?.path, this.#path(key)];
    for (const path of paths) {
      if (path === undefined) continue;
      try {
        const handle = await open(path, "r");
        const now = new Date();
        await utimes(path, now, now).catch(() => {});
        return { handle, bytes: (await handle.stat()).size };
      } catch (error) {
        // Renamed meanwhile, or not here.
        if (systemCode(error) !== "ENOENT") throw error;
      }
    }
    return undefined;
  }

  async create(): Promise<DerivedWrite> {
    const path = join(this.#temporary, randomBytes(16).toString("hex"));
    return { path, handle: await open(path, "wx+", 0o600) };
  }

  /** From now on it is found by its key. What the disk refuses is not kept over the next start. */
  keep(key: string, { handle, path }: DerivedWrite): void {
    const kept = this.#settle(key, handle, path)
      .catch(() => {})
      .finally(() => this.#fresh.delete(key));
    this.#fresh.set(key, { path, kept });
  }

  async discard({ handle, path }: DerivedWrite): Promise<void> {
    await handle.close();
    await rm(path, { force: true });
  }

  /** Removes the files of keys that are not `wanted` and have not been asked for in the grace time. How many went. */
  async collect(wanted: ReadonlySet<string>, { now = Date.now(), graceMs = graceMsDefault } = {}): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#files)) {
      const path = join(this.#files, name);
      if (wanted.has(name) || now - (await stat(path)).mtimeMs < graceMs) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }

  /** Resolves when every file kept so far has its name. */
  async close(): Promise<void> {
    await Promise.all([...this.#fresh.values()].map(({ kept }) => kept));
  }

  async #settle(key: string, handle: FileHandle, path: string): Promise<void> {
    try {
      await handle.sync();
      await rename(path, this.#path(key));
    } finally {
      await handle.close();
    }
  }

  #path(key: string): string {
    assert(/^[\w.-]+$/.test(key) && !key.startsWith("."));
    return join(this.#files, key);
  }
}
