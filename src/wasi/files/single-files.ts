import { filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { closeFile, openAt, statusOf } from "./calls.ts";
import type { Handle, LaterCalls, NewTime } from "./file-system.ts";
import { HostFiles } from "./host-files.ts";
import { HostLater } from "./host-later.ts";
import { open } from "./open-flags.ts";
import type { DirectoryEntry } from "./read-directory.ts";
import { resolveByWalk } from "./resolve-walk.ts";
import type { FileStatus } from "./status.ts";

interface Single {
  /** Opened with O_PATH: it stays this file whatever its name comes to mean. */
  readonly fd: number;
  readonly readOnly: boolean;
  readonly serial: number;
}

const encoder = new TextEncoder();

/** No descriptor has this number. */
const rootHandle = 2 ** 31 - 1;

class SingleLater extends HostLater {
  override synchronize(handle: Handle, what: "all" | "data"): Promise<Result> {
    return handle === rootHandle ? Promise.resolve(0) : super.synchronize(handle, what);
  }
}

/** Whatever would open a file for more than reading. */
const writing = open.writeOnly | open.readWrite;

/**
 * A directory that is nowhere, with single files of the host's in it. They are opened, read and written as any file; names
 * neither come nor go, as with mount points: EBUSY, and EROFS for new ones.
 */
export class SingleFiles extends HostFiles {
  /** The directory, open. */
  readonly root: Handle = rootHandle;
  override readonly later: LaterCalls = new SingleLater();
  readonly #device: bigint;
  readonly #singles = new Map<string, Single>();
  /** Of what is open, what may not be changed. */
  readonly #readOnly = new Set<Handle>();
  #rootOpens = 1;

  /** `device`: what tells the directory from those of other mounts. */
  constructor(device: bigint) {
    super("walk");
    this.#device = device;
  }

  /** Takes a descriptor over, which was opened with O_PATH; false, and it is the caller's, when there is one of that name. */
  add(name: string, fd: number, mode: "ro" | "rw"): boolean {
    if (this.#singles.has(name)) return false;
    // `.` and `..` have the first two.
    this.#singles.set(name, { fd, readOnly: mode === "ro", serial: this.#singles.size + 3 });
    return true;
  }

  override resolve(root: Handle, path: string): Result {
    return resolveByWalk(this, root, path);
  }

  override open(_directory: Handle, name: string, flags: number): Result {
    if (name === ".") {
      if ((flags & open.create) !== 0) return -errno.ISDIR;
      this.#rootOpens++;
      return this.root;
    }
    const single = this.#singles.get(name);
    if (single === undefined) return (flags & open.create) !== 0 ? -errno.ROFS : -errno.NOENT;
    if ((flags & open.exclusive) !== 0) return -errno.EXIST;
    if ((flags & open.directory) !== 0) return -errno.NOTDIR;
    if (single.readOnly && (flags & writing) !== 0) return -errno.ROFS;
    // The only way to open anew what is open (proc(5)); the path names this very file, so that no link is followed but it.
    const fd = openAt(0, `/proc/self/fd/${single.fd}`, flags & ~(open.noFollow | open.create));
    if (fd >= 0 && single.readOnly) this.#readOnly.add(fd);
    return fd;
  }

  override close(handle: Handle): void {
    if (handle !== this.root) {
      this.#readOnly.delete(handle);
      closeFile(handle);
      return;
    }
    this.#rootOpens--;
    if (this.#rootOpens > 0) return;
    for (const { fd } of this.#singles.values()) closeFile(fd);
    this.#singles.clear();
  }

  override statusAt(_directory: Handle, name: string): FileStatus | Result {
    if (name === ".") return this.#ownStatus();
    const single = this.#singles.get(name);
    return single === undefined ? -errno.NOENT : statusOf(single.fd);
  }

  override statusOf(handle: Handle): FileStatus | Result {
    return handle === this.root ? this.#ownStatus() : statusOf(handle);
  }

  override setTimesAt(directory: Handle, name: string, accessed: NewTime, modified: NewTime): Result {
    if (name === ".") return -errno.ROFS;
    const fd = this.open(directory, name, open.readOnly | open.nonblock);
    if (fd < 0) return fd;
    const result = this.setTimesOf(fd, accessed, modified);
    this.close(fd);
    return result;
  }

  override setTimesOf(handle: Handle, accessed: NewTime, modified: NewTime): Result {
    if (handle === this.root || this.#readOnly.has(handle)) return -errno.ROFS;
    return super.setTimesOf(handle, accessed, modified);
  }

  override makeDirectory(_directory: Handle, name: string): Result {
    return this.#refuseNew(name);
  }

  override remove(_directory: Handle, name: string, what: "file" | "directory"): Result {
    if (name === ".") return what === "directory" ? -errno.INVAL : -errno.ISDIR;
    if (!this.#singles.has(name)) return -errno.NOENT;
    return what === "directory" ? -errno.NOTDIR : -errno.BUSY;
  }

  override rename(_from: Handle, oldName: string, _to: Handle, _newName: string): Result {
    return oldName === "." || this.#singles.has(oldName) ? -errno.BUSY : -errno.NOENT;
  }

  override link(_from: Handle, _oldName: string, _to: Handle, newName: string): Result {
    return this.#refuseNew(newName);
  }

  override makeSymbolicLink(_target: string, _directory: Handle, name: string): Result {
    return this.#refuseNew(name);
  }

  override readLink(_directory: Handle, name: string): Result {
    return name === "." || this.#singles.has(name) ? -errno.INVAL : -errno.NOENT;
  }

  override readDirectory(
    _handle: Handle,
    cookie: bigint,
    _bytesMax: number,
    take: (entry: DirectoryEntry) => boolean,
  ): Result {
    const from = BigInt.asUintN(64, cookie);
    const own = { inode: 1n, type: filetype.directory };
    const listed: DirectoryEntry[] = [
      { next: 1n, ...own, name: encoder.encode(".") },
      { next: 2n, ...own, name: encoder.encode("..") },
    ];
    for (const [name, { fd, serial }] of this.#singles) {
      const status = statusOf(fd);
      const inode = typeof status === "number" ? 0n : status.inode;
      listed.push({ next: BigInt(serial), inode, type: filetype.regularFile, name: encoder.encode(name) });
    }
    for (const entry of listed) if (entry.next > from && !take(entry)) break;
    return 0;
  }

  override synchronize(handle: Handle, what: "all" | "data"): Result {
    return handle === this.root ? 0 : super.synchronize(handle, what);
  }

  #refuseNew(name: string): Result {
    return name === "." || this.#singles.has(name) ? -errno.EXIST : -errno.ROFS;
  }

  #ownStatus(): FileStatus {
    const none = { accessed: 0n, modified: 0n, changed: 0n, size: 0n };
    return { device: this.#device, inode: 1n, type: filetype.directory, links: 2n, ...none };
  }
}
