import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { systemCode } from "../../base/errors.ts";

export interface RotationLimits {
  /** A file that has reached this is followed by another one. */
  readonly fileBytesMax: number;
  /** The oldest file goes when there are more. */
  readonly filesMax: number;
}

/** A place in a log: a file's number and an offset at a line's beginning. */
export interface LogPlace {
  readonly file: number;
  readonly offset: number;
}

/**
 * The files of one service's log, `00000001.ndjson` and so on. They are never renamed, so a place stays valid until its file
 * is dropped. One writer at a time.
 */
export class LogFiles {
  readonly #folder: string;
  readonly #limits: RotationLimits;
  /** Undefined until they are known. */
  #numbers: readonly number[] | undefined;
  /** Size of the newest file, up to the last whole line. */
  #bytes = 0;

  constructor(folder: string, limits: RotationLimits) {
    assert(limits.filesMax >= 1);
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Where the next line will be. */
  get end(): LogPlace {
    return { file: this.numbers.at(-1) ?? 0, offset: this.#bytes };
  }

  /** The numbers of the files, oldest first. */
  get numbers(): readonly number[] {
    return this.#numbers ?? [];
  }

  /** Learns what an earlier daemon left, once. To be awaited before anything else. */
  async load(): Promise<void> {
    if (this.#numbers !== undefined) return;
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    });
    const numbers = names
      .filter((name) => /^[0-9]{8}\.ndjson$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
    const last = numbers.at(-1);
    this.#bytes = last === undefined ? 0 : await endLine(this.#path(last));
    this.#numbers = numbers;
  }

  /** Adds whole lines, all or none. Throws the system's error. */
  async append(bytes: Buffer): Promise<void> {
    assert(this.#numbers !== undefined);
    if (this.numbers.length === 0 || this.#bytes >= this.#limits.fileBytesMax) await this.#rotate();
    const { file } = this.end;
    await using handle = await open(this.#path(file), "a", 0o600);
    try {
      for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
      this.#bytes += bytes.length;
    } catch (error) {
      // A full disk takes a part: a later line must not continue it.
      await handle.truncate(this.#bytes);
      throw error;
    }
  }

  /** Opens a file for reading. Undefined when it has been dropped. */
  async open(file: number): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(file), "r");
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #rotate(): Promise<void> {
    const next = this.end.file + 1;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await (await open(this.#path(next), "a", 0o600)).close();
    const numbers = [...this.numbers, next];
    const kept = numbers.slice(-this.#limits.filesMax);
    this.#numbers = kept;
    this.#bytes = 0;
    for (const number of numbers.slice(0, -kept.length)) await rm(this.#path(number), { force: true });
  }

  #path(file: number): string {
    return join(this.#folder, `${String(file).padStart(8, "0")}.ndjson`);
  }
}

/** Ends a line that a daemon died in. The size of the file after it. */
async function endLine(path: string): Promise<number> {
  await using handle = await open(path, "r+");
  const { size } = await handle.stat();
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] === 0x0a) return size;
  await handle.write("\n", size);
  return size + 1;
}
