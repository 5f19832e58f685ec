import { type FileHandle, open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Digest } from "../../base/digest.ts";
import { kindBytesMax, type PreparedKind, preparedKind } from "../../engine/check/prepared-kind.ts";
import { preparationVersion } from "../../engine/check/protocol.ts";
import type { BlobStore, OpenBlob } from "../../store/blob-store.ts";
import type { DerivedStore, DerivedWrite } from "../../store/derived-store.ts";
import { checkPlan } from "../wall/plans.ts";
import type { Wall } from "../wall/wall.ts";
import { type CheckLimits, CheckProcess, type CheckStart } from "./check-process.ts";
import { Turns } from "./turns.ts";

export const checkLimitsDefault: CheckLimits = {
  wallMsMax: 60_000,
  cpuSecondsMax: 60,
  memoryBytesMax: 1024 ** 3,
  // A module may have 128 MiB; what its preparation adds is a few percent.
  preparedBytesMax: 256 * 1024 ** 2,
};

export interface ProgramsOptions {
  readonly blobs: BlobStore;
  readonly derived: DerivedStore;
  readonly limits?: CheckLimits;
  /** Around the process that checks. */
  readonly wall: Wall;
  /** By the wall when absent; only tests have another. */
  readonly start?: CheckStart;
}

/** A process that checks a program, and what it writes. */
interface Check {
  readonly process: CheckProcess;
  readonly write: DerivedWrite;
  /** Which file it reads: its device and its number there, which no other has while it is open. */
  readonly file: string;
  readonly late?: NodeJS.Timeout;
}

/** How long one that was started for an upload is kept, and how many at a time. */
const expectedMs = 60_000;
const expectedMax = 2;

/** A program as one service runs it. */
export interface PreparedProgram {
  readonly digest: string;
  readonly memoryBytesMax: number;
}

/** Programs in the form that workers are given, each checked once in a process of its own. */
export class Programs {
  readonly #options: ProgramsOptions;
  readonly #turns = new Turns(availableParallelism());
  readonly #checks = new Map<string, Promise<void>>();
  /** Started before they were needed, by the digest of what they are to check. */
  readonly #expected = new Map<string, Promise<Check | undefined>>();

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  /** Checks and prepares a program that is not prepared yet, and tells what it is. Throws `blob.unknown` and what {@link CheckProcess.run} throws. */
  async prepare(program: PreparedProgram): Promise<PreparedKind> {
    const { handle, bytes } = await this.open(program);
    try {
      const at = Math.max(0, bytes - kindBytesMax);
      return preparedKind(await part(handle, 0), await part(handle, at));
    } finally {
      await handle.close();
    }
  }

  /** The prepared module, open for reading; the caller closes it. Throws as {@link prepare} does. */
  async open(program: PreparedProgram): Promise<OpenBlob> {
    const key = preparedKey(program);
    for (;;) {
      const found = await this.#options.derived.find(key);
      if (found !== undefined) return found;
      let check = this.#checks.get(key);
      if (check === undefined) {
        check = this.#turns.run(() => this.#check(key, program)).finally(() => this.#checks.delete(key));
        this.#checks.set(key, check);
      }
      await check;
    }
  }

  /**
   * Starts the process that is to check a program which is being stored: it is ready when the program is there. What is not
   * used within a minute ends.
   *
   * @param path of its file, as far as it is written.
   */
  expect(digest: string, path: string): void {
    const earlier = this.#expected.has(digest);
    if (this.#expected.size >= expectedMax && !earlier) return;
    if (earlier) void this.#take(digest).then((check) => check && this.#drop(check));
    const late = setTimeout(() => void this.#take(digest).then((check) => check && this.#drop(check)), expectedMs);
    late.unref();
    const started = open(path, "r").then((handle) => this.#start(handle));
    // It could not be started before it was needed: then it is when it is.
    this.#expected.set(
      digest,
      started.then(
        (check) => ({ ...check, late }),
        () => undefined,
      ),
    );
  }

  /** Ends what was started for programs that did not come. */
  async close(): Promise<void> {
    for (const digest of [...this.#expected.keys()]) {
      const check = await this.#take(digest);
      if (check !== undefined) await this.#drop(check);
    }
  }

  async #take(digest: string): Promise<Check | undefined> {
    const expected = this.#expected.get(digest);
    this.#expected.delete(digest);
    const check = await expected;
    clearTimeout(check?.late);
    return check;
  }

  async #start(handle: FileHandle): Promise<Check> {
    const { derived, wall, limits = checkLimitsDefault } = this.#options;
    const { start = { plan: (args) => checkPlan(wall, args) } } = this.#options;
    try {
      const file = await identify(handle);
      const write = await derived.create();
      const process = new CheckProcess({ programFd: handle.fd, preparedFd: write.handle.fd, limits, start });
      return { process, write, file };
    } finally {
      await handle.close();
    }
  }

  async #drop({ process, write }: Check): Promise<void> {
    await process.abandon();
    await this.#options.derived.discard(write);
  }

  async #check(key: string, { digest, memoryBytesMax }: PreparedProgram): Promise<void> {
    const { blobs, derived } = this.#options;
    const { handle } = await blobs.open(digest as Digest);
    let check = await this.#take(digest);
    // What was started for an upload that failed, or that another has replaced, reads another file.
    if (check !== undefined && (!check.process.waits || check.file !== (await identify(handle)))) {
      await this.#drop(check);
      check = undefined;
    }
    if (check === undefined) check = await this.#start(handle);
    else await handle.close();
    // Once for each preparation: what the disk has damaged since the upload must not run. While the other process reads;
    // nothing is kept before both are done.
    const verified = blobs.verify(digest as Digest);
    verified.catch(() => {});
    try {
      await check.process.run(memoryBytesMax).finally(() => verified);
    } catch (error) {
      await derived.discard(check.write);
      throw error;
    }
    derived.keep(key, check.write);
  }
}

async function part(handle: FileHandle, at: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(kindBytesMax), 0, kindBytesMax, at);
  return buffer.subarray(0, bytesRead);
}

async function identify(handle: FileHandle): Promise<string> {
  const { dev, ino } = await handle.stat({ bigint: true });
  return `${dev}:${ino}`;
}

/** What a prepared module is kept by. */
export function preparedKey({ digest, memoryBytesMax }: PreparedProgram): string {
  return `${digest.replace(":", "-")}.${memoryBytesMax}.v${preparationVersion}`;
}
