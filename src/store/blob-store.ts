import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { type Digest, isDigest } from "../base/digest.ts";
import { systemCode, WarrenError } from "../base/errors.ts";

/** How long a blob that nothing names is kept: between an upload and the deploy that follows it. */
const graceMsDefault = 60 * 60 * 1000;

export interface BlobWrite {
  readonly digest: Digest;
  /** More bytes than this are refused. */
  readonly bytesMax: number;
  /** Called with the path of the file as soon as it is there, empty. */
  readonly onFile?: (path: string) => void;
}

export interface OpenBlob {
  /** Open for reading; the caller closes it. */
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Content-addressed files: `sha256/ab/abcd…`. A file under its final name is whole and on the disk: it is written under
 * another name, synced, renamed, and the directory synced.
 */
export class BlobStore {
  readonly #blobs: string;
  readonly #temporary: string;
  readonly #quarantine: string;

  private constructor(path: string) {
    this.#blobs = join(path, "sha256");
    this.#temporary = join(path, "tmp");
    this.#quarantine = join(path, "quarantine");
  }

  /** Opens the store and removes what an interrupted write left behind. Only the holder of the state's lock may. */
  static async open(path: string): Promise<BlobStore> {
    const store = new BlobStore(path);
    await rm(store.#temporary, { recursive: true, force: true });
    for (const folder of [store.#blobs, store.#temporary, store.#quarantine]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    await syncDirectory(path);
    return store;
  }

  /**
   * Stores a stream. Resolves with the size once the blob would
   * survive a power cut. Throws `blob.too-large`, `blob.digest-mismatch`, `blob.disk-full`, or what the stream threw.
   */
  async write(chunks: AsyncIterable<Uint8Array>, { digest, bytesMax, onFile }: BlobWrite): Promise<number> {
    const temporary = join(this.#temporary, randomBytes(16).toString("hex"));
    try {
      const bytes = await writeChecked(temporary, chunks, digest, bytesMax, onFile);
      const folder = this.#folder(digest);
      if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncDirectory(this.#blobs);
      await rename(temporary, this.#path(digest));
      await syncDirectory(folder);
      return bytes;
    } catch (error) {
      await rm(temporary, { force: true });
      const code = systemCode(error);
      if (code === "ENOSPC" || code === "EDQUOT") throw diskFull(digest, error);
      throw error;
    }
  }

  /** The size of a blob, undefined when it is not here. Being asked for keeps a blob from collection for the grace time. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      const now = new Date();
      const path = this.#path(digest);
      await utimes(path, now, now);
      return (await stat(path)).size;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Throws `blob.unknown`. */
  async open(digest: Digest): Promise<OpenBlob> {
    let handle: FileHandle;
    try {
      handle = await open(this.#path(digest), "r");
    } catch (error) {
      throw systemCode(error) === "ENOENT" ? blobUnknown(digest) : error;
    }
    return { handle, bytes: (await handle.stat()).size };
  }

  /** Reads a blob through and compares. A damaged one is moved to `quarantine/`. Throws `blob.unknown`, `blob.corrupt`. */
  async verify(digest: Digest): Promise<void> {
    const { handle } = await this.open(digest);
    const hash = createHash("sha256");
    for await (const chunk of handle.createReadStream({ autoClose: true })) hash.update(chunk as Buffer);
    if (`sha256:${hash.digest("hex")}` === digest) return;
    const aside = join(this.#quarantine, `${digest.slice(7)}-${randomBytes(4).toString("hex")}`);
    await rename(this.#path(digest), aside);
    throw new WarrenError("blob.corrupt", `the stored program ${digest} is damaged; it was moved to ${aside}`, {
      status: 500,
      hint: "check the disk, then deploy the program again",
    });
  }

  /** Removes the blobs that are not referenced and have not been asked for in the grace time. How many went. */
  async collect(referenced: ReadonlySet<string>, { now = Date.now(), graceMs = graceMsDefault } = {}): Promise<number> {
    let removed = 0;
    for (const shard of await readdir(this.#blobs)) {
      for (const name of await readdir(join(this.#blobs, shard))) {
        const digest = `sha256:${name}`;
        if (!isDigest(digest) || referenced.has(digest)) continue;
        const path = this.#path(digest);
        if (now - (await stat(path)).mtimeMs < graceMs) continue;
        await rm(path, { force: true });
        removed++;
      }
    }
    return removed;
  }

  #folder(digest: Digest): string {
    assert(isDigest(digest));
    return join(this.#blobs, digest.slice(7, 9));
  }

  #path(digest: Digest): string {
    return join(this.#folder(digest), digest.slice(7));
  }
}

export function blobUnknown(digest: Digest, status = 404): WarrenError {
  return new WarrenError("blob.unknown", `the program ${digest} is not stored here`, {
    status,
    hint: "upload it first",
  });
}

async function writeChecked(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  digest: Digest,
  bytesMax: number,
  onFile: BlobWrite["onFile"],
): Promise<number> {
  await using handle = await open(path, "wx", 0o400);
  onFile?.(path);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw blobTooLarge(bytesMax);
    hash.update(chunk);
    for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done)).bytesWritten;
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== digest) {
    throw new WarrenError("blob.digest-mismatch", `the program's bytes have the digest ${actual}, not ${digest}`, {
      hint: "upload it again; if this repeats, the file changes while it is read",
    });
  }
  await handle.sync();
  return bytes;
}

export function blobTooLarge(bytesMax: number): WarrenError {
  return new WarrenError("blob.too-large", `the program is larger than ${bytesMax} bytes`, { status: 413 });
}

function diskFull(digest: Digest, cause: unknown): WarrenError {
  return new WarrenError(
    "blob.disk-full",
    `cannot store the program ${digest}: the disk of the state directory is full`,
    {
      status: 507,
      hint: "free some space and try again; nothing was kept",
      cause,
    },
  );
}

/** A rename is on the disk only when its directory is (fsync(2)). */
async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
