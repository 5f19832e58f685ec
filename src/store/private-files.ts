import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemCode, WarrenError } from "../base/errors.ts";

/** Ends the names of files that are being written; those that are found at the start were left by a crash. */
const unfinished = ".new";

/**
 * A folder of small files with secrets, one JSON value each, that only the daemon's user may read. A file is replaced as a
 * whole: after a crash at any time it holds the old value or the new one.
 */
export class PrivateFiles {
  readonly #path: string;
  #made: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The names that have a value, in no order. Removes what a crash left. */
  async names(): Promise<string[]> {
    const files = await readdir(this.#path).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    });
    for (const file of files.filter((file) => file.endsWith(unfinished)))
      await rm(join(this.#path, file), { force: true });
    return files.flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));
  }

  /** Undefined when there is none. Throws `state.damaged` when it is not JSON. */
  async read(name: string): Promise<unknown> {
    const path = this.#file(name);
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new WarrenError("state.damaged", `the file ${path} is not JSON`, { status: 500, cause });
    }
  }

  /** Resolves when it would survive a power cut. One call a name at a time. */
  async write(name: string, value: unknown): Promise<void> {
    this.#made ??= mkdir(this.#path, { recursive: true, mode: 0o700 }).then(() => {});
    await this.#made;
    const path = this.#file(name);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    {
      await using handle = await open(`${path}${unfinished}`, flags, 0o600);
      await handle.writeFile(`${JSON.stringify(value)}\n`);
      await handle.sync();
    }
    await rename(`${path}${unfinished}`, path);
    await this.#syncFolder();
  }

  async remove(name: string): Promise<void> {
    await rm(this.#file(name), { force: true });
  }

  /** A rename is on the disk only when its directory is (fsync(2)). */
  async #syncFolder(): Promise<void> {
    await using handle = await open(this.#path, "r");
    await handle.sync();
  }

  #file(name: string): string {
    // A host name is a part of a path here: never one of another folder, and not longer than a file's name may be (255 bytes).
    if (!/^[a-z0-9_][a-z0-9._-]{0,240}$/.test(name))
      throw new WarrenError("state.name", `"${name.slice(0, 80)}" cannot be a file's name`, { status: 500 });
    return join(this.#path, `${name}.json`);
  }
}
