import { assert } from "../../base/assert.ts";
import { type Descriptor, fdflags, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { FileSystem, Handle, LaterCalls, NewTime } from "./file-system.ts";
import { HeldHandle } from "./held-handle.ts";
import type { Mount } from "./mount.ts";
import { rights as right } from "./rights.ts";
import type { FileStatus } from "./status.ts";

/** What a poll for writing promises, and more: files always take what is written. */
const writableBytes = 4 * 1024 * 1024;

/** `advice` of preview 1 as Linux's POSIX_FADV_: sequential and random are the other way round. */
const adviceOfHost: readonly number[] = [0, 2, 1, 3, 4, 5];

/** A regular file that a guest has open. The position is kept here, so that it costs no call and is saved with the guest. */
export class OpenFile implements Descriptor {
  readonly type = filetype.regularFile;
  wake: (() => void) | undefined = undefined;
  readonly mount: Mount;
  /** What this descriptor may do, {@link right}; {@link limitRights} takes away. */
  rights: number;
  readonly inheriting = 0;
  readonly #files: FileSystem;
  readonly #held: HeldHandle;
  #flags: number;
  #position = 0;

  /** Takes the handle over. `flags` are those it was opened with. */
  constructor(handle: Handle, mount: Mount, rights: number, flags: number) {
    this.#held = new HeldHandle(mount.files, handle);
    this.#files = mount.files;
    this.mount = mount;
    this.rights = rights;
    this.#flags = flags;
  }

  get flags(): number {
    return this.#flags;
  }

  set flags(flags: number) {
    if (((flags ^ this.#flags) & fdflags.append) !== 0)
      this.#files.setAppend(this.#held.number, (flags & fdflags.append) !== 0);
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
    return this.#files.read(this.#held.number, buffers, position);
  }

  write(buffers: readonly Uint8Array[]): Result {
    const append = (this.#flags & fdflags.append) !== 0;
    const count = this.#write(buffers, append ? "end" : this.#position);
    if (count <= 0) return count;
    if (append) this.#position = this.#files.appendedTo(this.#held.number);
    else this.#position += count;
    return count;
  }

  /** Writes at a position, leaving the descriptor's own; at the end all the same when the file is in append mode (Linux). */
  writeAt(buffers: readonly Uint8Array[], position: number): Result {
    return this.#write(buffers, position);
  }

  /** Writes at the end of the file, wherever that is, leaving the descriptor's position. */
  append(buffers: readonly Uint8Array[]): Result {
    if ((this.rights & right.write) === 0 || this.#held.closed) return -errno.BADF;
    if ((this.#flags & fdflags.append) !== 0) return this.#write(buffers, "end");
    const { number, busy } = this.#held;
    if (busy) {
      // What other threads are writing somewhere must not go to the end.
      const status = this.#files.statusOf(number);
      return typeof status === "number" ? status : this.#write(buffers, Number(status.size));
    }
    const begun = this.#files.setAppend(number, true);
    if (begun < 0) return begun;
    const count = this.#write(buffers, "end");
    this.#files.setAppend(number, false);
    return count;
  }

  #write(buffers: readonly Uint8Array[], position: number | "end"): Result {
    if ((this.rights & right.write) === 0) return -errno.BADF;
    return this.#files.write(this.#held.number, buffers, position);
  }

  /**
   * What is to be on the disk before a write has its answer, by the flags it was opened with: the caller sees to it, by
   * {@link synchronize} or {@link synchronizeLater}. (O_SYNC of the host could not be waited for by another thread.)
   */
  get synchronizes(): "all" | "data" | undefined {
    if ((this.#flags & (fdflags.sync | fdflags.rsync)) !== 0) return "all";
    return (this.#flags & fdflags.dsync) !== 0 ? "data" : undefined;
  }

  /** Whether reading and writing may hold this thread up, and by which calls it would not. */
  get later(): LaterCalls | undefined {
    return this.#files.later;
  }

  /** As {@link read} by another thread, into memory that is not the guest's. */
  async readLater(target: Uint8Array, position?: number): Promise<Result> {
    if ((this.rights & right.read) === 0 || this.#held.closed) return -errno.BADF;
    const { later } = this.#files;
    assert(later !== undefined, "the file may be slow");
    const count = await this.#held.during(later.read(this.#held.number, target, position ?? this.#position));
    if (position === undefined && count > 0) this.#position += count;
    return count;
  }

  /** As {@link write} by another thread. The bytes must stay as they are meanwhile. */
  async writeLater(bytes: Uint8Array, position?: number): Promise<Result> {
    if ((this.rights & right.write) === 0 || this.#held.closed) return -errno.BADF;
    const { later } = this.#files;
    assert(later !== undefined, "the file may be slow");
    const append = position === undefined && (this.#flags & fdflags.append) !== 0;
    const at = append ? "end" : (position ?? this.#position);
    const number = this.#held.number;
    const count = await this.#held.during(
      later.write(number, bytes, at).then((count) => {
        if (count > 0 && append) this.#position = this.#files.appendedTo(number);
        return count;
      }),
    );
    if (count > 0 && position === undefined && !append) this.#position += count;
    return count;
  }

  get position(): number {
    return this.#position;
  }

  /** The new position; `whence` 0 from the start, 1 from the position, 2 from the end. */
  seek(offset: bigint, whence: number): Result {
    let base: number | bigint = 0;
    if (whence === 1) base = this.#position;
    else if (whence === 2) {
      const status = this.#files.statusOf(this.#held.number);
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
    if (interest === "write") return { bytes: writableBytes, hangup: false };
    const status = this.#files.statusOf(this.#held.number);
    const size = typeof status === "number" ? 0 : Number(status.size);
    return { bytes: Math.max(0, size - this.#position), hangup: false };
  }

  status(): FileStatus | Result {
    return this.#may(right.status) ?? this.#files.statusOf(this.#held.number);
  }

  setSize(size: bigint): Result {
    return this.#may(right.setSize) ?? this.#files.truncate(this.#held.number, size);
  }

  setTimes(accessed: NewTime, modified: NewTime): Result {
    if (this.mount.readOnly) return -errno.ROFS;
    return this.#may(right.setTimes) ?? this.#files.setTimesOf(this.#held.number, accessed, modified);
  }

  allocate(offset: bigint, length: bigint): Result {
    return this.#may(right.allocate) ?? this.#files.allocate(this.#held.number, offset, length);
  }

  /** `advice` by preview 1's numbers. */
  advise(offset: bigint, length: bigint, advice: number): Result {
    const host = adviceOfHost[advice];
    if (host === undefined) return -errno.INVAL;
    return this.#may(right.advise) ?? this.#files.advise(this.#held.number, offset, length, host);
  }

  synchronize(what: "all" | "data"): Result {
    return this.#may(what === "all" ? right.sync : right.dataSync) ?? this.#files.synchronize(this.#held.number, what);
  }

  /** The same by another thread, where there is one for it. */
  async synchronizeLater(what: "all" | "data"): Promise<Result> {
    const { later } = this.#files;
    const denied = this.#held.closed ? -errno.BADF : this.#may(what === "all" ? right.sync : right.dataSync);
    if (denied !== undefined) return denied;
    return later === undefined ? 0 : this.#held.during(later.synchronize(this.#held.number, what));
  }

  /** Shrinks the rights; -NOTCAPABLE when asked for more than there are. */
  limitRights(rights: number, inheriting: number): Result {
    if ((rights & ~this.rights) !== 0 || inheriting !== 0) return -errno.NOTCAPABLE;
    this.rights = rights;
    return 0;
  }

  close(): void {
    this.#held.close();
  }

  #may(needed: number): Result | undefined {
    if ((this.rights & needed) !== 0) return undefined;
    // What only a file open for writing can do is an error of the descriptor (ftruncate(2), fallocate(2)).
    return needed === right.setSize || needed === right.allocate ? -errno.BADF : -errno.NOTCAPABLE;
  }
}
