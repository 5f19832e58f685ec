import { availableParallelism } from "node:os";
import type { Digest } from "../../base/digest.ts";
import { preparationVersion } from "../../engine/check/protocol.ts";
import type { BlobStore, OpenBlob } from "../../store/blob-store.ts";
import type { DerivedStore } from "../../store/derived-store.ts";
import { checkPlan } from "../wall/plans.ts";
import type { Wall } from "../wall/wall.ts";
import { type CheckLimits, type CheckStart, checkInProcess } from "./check-process.ts";
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

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  /** Checks and prepares a program that is not prepared yet. Throws `blob.unknown` and what {@link checkInProcess} throws. */
  async prepare(program: PreparedProgram): Promise<void> {
    await (await this.open(program)).handle.close();
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

  async #check(key: string, { digest, memoryBytesMax }: PreparedProgram): Promise<void> {
    const { blobs, derived, wall, limits = checkLimitsDefault } = this.#options;
    const { start = { plan: (args) => checkPlan(wall, args) } } = this.#options;
    const { handle } = await blobs.open(digest as Digest);
    // Once for each preparation: what the disk has damaged since the upload must not run. While the other process starts and
    // reads; nothing is kept before both are done.
    const verified = blobs.verify(digest as Digest);
    verified.catch(() => {});
    try {
      const write = await derived.create();
      try {
        await checkInProcess({
          programFd: handle.fd,
          preparedFd: write.handle.fd,
          guestMemoryBytesMax: memoryBytesMax,
          limits,
          start,
        }).finally(() => verified);
      } catch (error) {
        await derived.discard(write);
        throw error;
      }
      derived.keep(key, write);
    } finally {
      await handle.close();
    }
  }
}

/** What a prepared module is kept by. */
export function preparedKey({ digest, memoryBytesMax }: PreparedProgram): string {
  return `${digest.replace(":", "-")}.${memoryBytesMax}.v${preparationVersion}`;
}
