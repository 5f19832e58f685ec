import { volumeFileBytes, volumeFileSize, volumeLinkBytes, volumeNameBytes } from "../../base/volume-page.ts";
import { filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { closeFile, lengthOf, openAt, statusOf } from "./calls.ts";
import { bytesPerCallMax, capped, firstOf } from "./capped.ts";
import type { Handle, LaterCalls } from "./file-system.ts";
import { HostFiles } from "./host-files.ts";
import { HostLater } from "./host-later.ts";
import { open } from "./open-flags.ts";
import type { FileStatus } from "./status.ts";
import type { VolumeAccount } from "./volume-account.ts";

/**
 * The host's files in a volume, which has a limit: whatever would make it larger is asked of its account before it is done.
 * Full is ENOSPC, as on a disk of that size, which programs know better than EDQUOT (SQLite: SQLITE_FULL).
 */
export class VolumeFiles extends HostFiles {
  override readonly later: LaterCalls = new VolumeLater((handle, bytes, position, write) =>
    this.#writeLater(handle, bytes, position, write),
  );
  readonly #account: VolumeAccount;
  /** The inodes of regular files that are open. */
  readonly #open = new Map<Handle, bigint>();

  constructor(account: VolumeAccount, resolver?: "kernel" | "walk") {
    super(resolver);
    this.#account = account;
  }

  override open(directory: Handle, name: string, flags: number, mode?: number): Result {
    // Directories on the way to a file are no file of the guest's.
    if ((flags & open.path) !== 0) return super.open(directory, name, flags, mode);
    let status = this.statusAt(directory, name);
    if (status === -errno.NOENT && (flags & open.create) !== 0) {
      const made = this.#create(directory, name, flags, mode);
      if (made !== -errno.EXIST || (flags & open.exclusive) !== 0) return made;
      // Another process was quicker.
      status = this.statusAt(directory, name);
    }
    if (typeof status === "number") return status;
    if (status.type !== filetype.regularFile) return super.open(directory, name, flags, mode);
    return this.#register(status.inode, () => super.open(directory, name, flags & ~open.create, mode));
  }

  override close(handle: Handle): void {
    const inode = this.#open.get(handle);
    if (inode === undefined) {
      super.close(handle);
      return;
    }
    this.#open.delete(handle);
    const status = super.statusOf(handle);
    super.close(handle);
    const last = this.#account.closed(inode);
    if (last && typeof status !== "number" && status.links === 0n) this.#account.charge(-contentBytes(status));
  }

  override makeDirectory(directory: Handle, name: string): Result {
    return this.#charged(volumeNameBytes, () => super.makeDirectory(directory, name));
  }

  override makeSymbolicLink(target: string, directory: Handle, name: string): Result {
    const bytes = volumeNameBytes + volumeLinkBytes(Buffer.byteLength(target));
    return this.#charged(bytes, () => super.makeSymbolicLink(target, directory, name));
  }

  override link(from: Handle, oldName: string, to: Handle, newName: string): Result {
    return this.#charged(volumeNameBytes, () => super.link(from, oldName, to, newName));
  }

  override remove(directory: Handle, name: string, what: "file" | "directory"): Result {
    return this.#without(directory, name, () => super.remove(directory, name, what));
  }

  override rename(from: Handle, oldName: string, to: Handle, newName: string): Result {
    const target = newName.endsWith("/") ? newName.slice(0, -1) : newName;
    return this.#without(to, target, () => super.rename(from, oldName, to, newName));
  }

  override write(handle: Handle, buffers: readonly Uint8Array[], position: number | "end"): Result {
    const parts = capped(buffers);
    const charged = this.#charge(handle, Math.min(sizeOf(parts), bytesPerCallMax), position);
    if (typeof charged === "number") return charged;
    const count = super.write(handle, firstOf(parts, charged.length), position);
    this.#settle(charged, count);
    return count;
  }

  async #writeLater(handle: Handle, bytes: Uint8Array, position: number | "end", write: WritePart): Promise<Result> {
    const charged = this.#charge(handle, bytes.length, position);
    if (typeof charged === "number") return charged;
    const count = await write(bytes.subarray(0, charged.length));
    this.#settle(charged, count);
    return count;
  }

  /** Takes what a write will need, or as much of the write as there is room for. */
  #charge(handle: Handle, length: number, position: number | "end"): Charged | Result {
    const before = lengthOf(handle);
    if (before < 0) return before;
    const start = position === "end" ? before : position;
    const bytes = growth(before, start + length);
    if (this.#account.charge(bytes)) return { before, start, length, bytes };
    // What fits is written; the next call is told.
    const room = volumeFileSize(volumeFileBytes(before) + this.#account.roomBytes) - start;
    if (room <= 0) return -errno.NOSPC;
    const part = growth(before, start + Math.min(length, room));
    return this.#account.charge(part) ? { before, start, length: Math.min(length, room), bytes: part } : -errno.NOSPC;
  }

  #settle({ before, start, bytes }: Charged, count: Result): void {
    this.#account.charge(growth(before, count > 0 ? start + count : 0) - bytes);
  }

  override truncate(handle: Handle, size: bigint): Result {
    return this.#resized(handle, size, () => super.truncate(handle, size));
  }

  override allocate(handle: Handle, offset: bigint, length: bigint): Result {
    if (offset < 0n || length <= 0n) return -errno.INVAL;
    return this.#resized(handle, offset + length, () => super.allocate(handle, offset, length), "longer");
  }

  #resized(handle: Handle, size: bigint, act: () => Result, only?: "longer"): Result {
    const status = super.statusOf(handle);
    if (typeof status === "number") return status;
    if (size < 0n) return act();
    // No disk has more: the call itself says what is wrong with the rest.
    const wanted = Number(size < 1n << 53n ? size : status.size);
    const bytes = volumeFileBytes(wanted) - contentBytes(status);
    if (bytes >= 0) return this.#charged(bytes, act);
    const result = act();
    // A process that writes to it at this moment took its old length for granted: it counts on.
    if (result === 0 && only !== "longer" && !this.#account.isOpenElsewhere(status.inode)) this.#account.charge(bytes);
    return result;
  }

  #create(directory: Handle, name: string, flags: number, mode: number | undefined): Result {
    if (!this.#account.charge(volumeNameBytes)) return -errno.NOSPC;
    const handle = super.open(directory, name, flags | open.exclusive, mode);
    const status = handle < 0 ? handle : super.statusOf(handle);
    if (handle < 0) this.#account.charge(-volumeNameBytes);
    if (typeof status !== "number") {
      this.#account.opening(status.inode);
      this.#open.set(handle, status.inode);
    }
    return handle;
  }

  /** Opens a file that others are to know is open before it is: who removes it then leaves its bytes to the last that closes it. */
  #register(inode: bigint, act: () => Result): Result {
    this.#account.opening(inode);
    const handle = act();
    const status = handle < 0 ? handle : super.statusOf(handle);
    const opened = typeof status === "number" || status.type !== filetype.regularFile ? undefined : status.inode;
    // It may have been replaced by another.
    if (opened !== undefined && opened !== inode) this.#account.opening(opened);
    if (opened !== inode) this.#account.closed(inode);
    if (opened !== undefined) this.#open.set(handle, opened);
    return handle;
  }

  #charged(bytes: number, act: () => Result): Result {
    if (!this.#account.charge(bytes)) return -errno.NOSPC;
    const result = act();
    if (result < 0) this.#account.charge(-bytes);
    return result;
  }

  /** Does what takes a name away from a file, and with its last name the file. */
  #without(directory: Handle, name: string, act: () => Result): Result {
    const fd = openAt(directory, name, open.path | open.noFollow);
    const before = fd < 0 ? fd : statusOf(fd);
    const result = act();
    const after = fd < 0 ? fd : statusOf(fd);
    if (fd >= 0) closeFile(fd);
    if (result < 0 || typeof before === "number" || typeof after === "number" || after.links >= before.links)
      return result;
    this.#account.charge(-volumeNameBytes);
    const gone = after.links === 0n && !this.#account.isOpen(after.inode);
    if (gone) this.#account.charge(-contentBytes(after));
    return result;
  }
}

type WritePart = (bytes: Uint8Array) => Promise<Result>;
type ChargedWrite = (handle: Handle, bytes: Uint8Array, position: number | "end", write: WritePart) => Promise<Result>;

class VolumeLater extends HostLater {
  readonly #around: ChargedWrite;

  /** `around` writes as much as there is room for. */
  constructor(around: ChargedWrite) {
    super();
    this.#around = around;
  }

  override write(handle: Handle, bytes: Uint8Array, position: number | "end"): Promise<Result> {
    return this.#around(handle, bytes, position, (part) => super.write(handle, part, position));
  }
}

interface Charged {
  /** The file's length before. */
  readonly before: number;
  readonly start: number;
  readonly length: number;
  readonly bytes: number;
}

/** What a file costs more that was so long and then reaches to an end. */
function growth(before: number, end: number): number {
  return volumeFileBytes(Math.max(before, end)) - volumeFileBytes(before);
}

function contentBytes({ type, size }: FileStatus): number {
  if (type === filetype.regularFile) return volumeFileBytes(Number(size));
  return type === filetype.symbolicLink ? volumeLinkBytes(Number(size)) : 0;
}

function sizeOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
