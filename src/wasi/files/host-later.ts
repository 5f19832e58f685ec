import { fdatasync, fsync, read, write } from "node:fs";
import type { Result } from "../errno.ts";
import type { Handle, LaterCalls } from "./file-system.ts";
import { fromNodeError } from "./host-errno.ts";

/** A call that takes this much longer than copying (1 GB/s) has met a disk, not the page cache. */
const patienceMs = 2;
const bytesPerMs = 1_000_000;
/** For so long the disk is left to other threads then. */
const slowForMs = 1000;

/** Calls on the host's files by libuv's threads, and when to prefer them. */
export class HostLater implements LaterCalls {
  #slowUntil = 0;

  get slow(): boolean {
    return this.#slowUntil > 0 && performance.now() < this.#slowUntil;
  }

  took(ms: number, bytes: number): void {
    if (ms > patienceMs + bytes / bytesPerMs) this.#slowUntil = performance.now() + slowForMs;
  }

  read(handle: Handle, target: Uint8Array, position: number): Promise<Result> {
    return new Promise((resolve) => {
      read(handle, target, 0, target.length, position, (error, count) =>
        resolve(error === null ? count : fromNodeError(error)),
      );
    });
  }

  write(handle: Handle, bytes: Uint8Array, position: number | "end"): Promise<Result> {
    return new Promise((resolve) => {
      write(handle, bytes, 0, bytes.length, position === "end" ? null : position, (error, count) =>
        resolve(error === null ? count : fromNodeError(error)),
      );
    });
  }

  synchronize(handle: Handle, what: "all" | "data"): Promise<Result> {
    return new Promise((resolve) => {
      const done = (error: Error | null) => resolve(error === null ? 0 : fromNodeError(error));
      if (what === "all") fsync(handle, done);
      else fdatasync(handle, done);
    });
  }
}
