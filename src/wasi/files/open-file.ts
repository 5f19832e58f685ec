import { readSync, readvSync, writeSync, writevSync } from "node:fs";
import { type Descriptor, fdflags, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import {
  advise,
  allocate,
  closeFile,
  type NewTime,
  positionOf,
  setAppend,
  setTimesOf,
  statusOf,
  synchronize,
  truncate,
} from "./calls.ts";
import { fromNodeError } from "./host-errno.ts";
import type { Mount } from "./mount.ts";
import { rights as right } from "./rights.ts";
import type { FileStatus } from "./status.ts";

/** Bytes that one read or write moves at most, about a millisecond of copying: the rest is the next call's. */
const bytesPerCallMax = 4 * 1024 * 1024;

/** `advice` of preview 1 as Linux's POSIX_FADV_: sequential and random are the other way round. */
const adviceOfHost: readonly number[] = [0, 2, 1, 3, 4, 5];

/**
 * A regular file that a guest has open. Reads and writes are synchronous calls of node:fs: they meet the page cache,
 * where going to libuv's threads and back costs more than the copy (pread of 4 KiB: 0.7 µs, and 1.0 µs through FFI).
 * The position is kept here, so that it costs no call and is saved with the guest.
 */
export class OpenFile implements Descriptor {
  readonly type = filetype.regularFile;
  wake: (() => void) | undefined = undefined;
  readonly mount: Mount;
  /** What this descriptor may do, {@link right}; {@link limitRights} takes away. */
  rights: number;
  readonly inheriting = 0;
  readonly #fd: number;
  #flags: number;
  #position = 0;

  /** Takes the fd over. `flags` are those it was opened with. */
  constructor(fd: number, mount: Mount, rights: number, flags: number) {
    this.#fd = fd;
    this.mount = mount;
    this.rights = rights;
    this.#flags = flags;
  }

  get flags(): number {
    return this.#flags;
  }

  set flags(flags: number) {
    if (((flags ^ this.#flags) & fdflags.append) !== 0) setAppend(this.#fd, (flags & fdflags.append) !== 0);
    this.#flags = flags;
  }

  read(buffers: readonly Uint8Array[]): Result {
    const count = this.readAt(buffers, this.#position);
    if (count > 0) this.#position += count;
    return count;
  }

  /** Reads from a position, leaving the descriptor's own. */
  readAt(buffers: readonly Uint8Array[], position: number): Result {
    if ((this.rights & right.read) === 0) return -errno.BADF;
    const [first, second] = buffers;
    if (first === undefined) return 0;
    try {
      if (second !== undefined) return readvSync(this.#fd, capped(buffers), position);
      return readSync(this.#fd, first, 0, Math.min(first.length, bytesPerCallMax), position);
    } catch (error) {
      return fromNodeError(error);
    }
  }

  write(buffers: readonly Uint8Array[]): Result {
    const append = (this.#flags & fdflags.append) !== 0;
    const count = this.#write(buffers, append ? null : this.#position);
    if (count <= 0) return count;
    if (append) this.#position = positionOf(this.#fd);
    else this.#position += count;
    return count;
  }

  /** Writes at a position, leaving the descriptor's own; at the end all the same when the file is in append mode (Linux). */
  writeAt(buffers: readonly Uint8Array[], position: number): Result {
    return this.#write(buffers, position);
  }

  #write(buffers: readonly Uint8Array[], position: number | null): Result {
    if ((this.rights & right.write) === 0) return -errno.BADF;
    const [first, second] = buffers;
    if (first === undefined) return 0;
    try {
      const count =
        second === undefined
          ? writeSync(this.#fd, first, 0, Math.min(first.length, bytesPerCallMax), position)
          : writevSync(this.#fd, capped(buffers), position ?? undefined);
      // F_SETFL cannot set O_SYNC, so that it is done by hand for all.
      if ((this.#flags & (fdflags.sync | fdflags.rsync)) !== 0) synchronize(this.#fd, "all");
      else if ((this.#flags & fdflags.dsync) !== 0) synchronize(this.#fd, "data");
      return count;
    } catch (error) {
      return fromNodeError(error);
    }
  }

  get position(): number {
    return this.#position;
  }

  /** The new position; `whence` 0 from the start, 1 from the position, 2 from the end. */
  seek(offset: bigint, whence: number): Result {
    let base: number | bigint = 0;
    if (whence === 1) base = this.#position;
    else if (whence === 2) {
      const status = statusOf(this.#fd);
      if (typeof status === "number") return status;
      base = status.size;
    } else if (whence !== 0) return -errno.INVAL;
    const position = BigInt(base) + offset;
    // Above, a number would not be exact; no file system of Linux has files that long.
    if (position < 0n || position > Number.MAX_SAFE_INTEGER) return -errno.INVAL;
    this.#position = Number(position);
    return this.#position;
  }

  poll(interest: "read" | "write"): Readiness {
    if (interest === "write") return { bytes: bytesPerCallMax, hangup: false };
    const status = statusOf(this.#fd);
    const size = typeof status === "number" ? 0 : Number(status.size);
    return { bytes: Math.max(0, size - this.#position), hangup: false };
  }

  status(): FileStatus | Result {
    return this.#may(right.status) ?? statusOf(this.#fd);
  }

  setSize(size: bigint): Result {
    return this.#may(right.setSize) ?? truncate(this.#fd, size);
  }

  setTimes(accessed: NewTime, modified: NewTime): Result {
    if (this.mount.readOnly) return -errno.ROFS;
    return this.#may(right.setTimes) ?? setTimesOf(this.#fd, accessed, modified);
  }

  allocate(offset: bigint, length: bigint): Result {
    return this.#may(right.allocate) ?? allocate(this.#fd, offset, length);
  }

  /** `advice` by preview 1's numbers. */
  advise(offset: bigint, length: bigint, advice: number): Result {
    const host = adviceOfHost[advice];
    if (host === undefined) return -errno.INVAL;
    return this.#may(right.advise) ?? advise(this.#fd, offset, length, host);
  }

  synchronize(what: "all" | "data"): Result {
    return this.#may(what === "all" ? right.sync : right.dataSync) ?? synchronize(this.#fd, what);
  }

  /** Shrinks the rights; -NOTCAPABLE when asked for more than there are. */
  limitRights(rights: number, inheriting: number): Result {
    if ((rights & ~this.rights) !== 0 || inheriting !== 0) return -errno.NOTCAPABLE;
    this.rights = rights;
    return 0;
  }

  close(): void {
    closeFile(this.#fd);
  }

  #may(needed: number): Result | undefined {
    if ((this.rights & needed) !== 0) return undefined;
    // What only a file open for writing can do is an error of the descriptor (ftruncate(2), fallocate(2)).
    return needed === right.setSize || needed === right.allocate ? -errno.BADF : -errno.NOTCAPABLE;
  }
}

/** As many of the buffers as one call moves. */
function capped(buffers: readonly Uint8Array[]): Uint8Array[] {
  const taken: Uint8Array[] = [];
  let room = bytesPerCallMax;
  for (const buffer of buffers) {
    taken.push(buffer.length <= room ? buffer : buffer.subarray(0, room));
    room -= buffer.length;
    if (room <= 0) break;
  }
  return taken;
}
