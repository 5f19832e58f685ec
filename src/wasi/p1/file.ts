import type { Descriptor } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { synchronize, transferFile } from "../file-transfer.ts";
import { OpenDirectory } from "../files/open-directory.ts";
import { OpenFile } from "../files/open-file.ts";
import type { DirectoryEntry } from "../files/read-directory.ts";
import { filestatBytes, putFilestat, timesOf } from "./filestat.ts";
import type { Host } from "./host.ts";
import { Fault } from "./memory.ts";

const direntBytes = 24;

/**
 * The preview-1 functions on open files and directories. They throw a {@link Fault} for arguments that cannot be read;
 * pointers for results are checked before anything is done.
 */
export function fileImports(host: Host) {
  const { table, memory } = host;

  function get(fd: number): Descriptor {
    const descriptor = table.get(fd);
    if (descriptor === undefined) throw new Fault(errno.BADF);
    return descriptor;
  }

  /** A regular file; `otherwise` is the error for what has no position or size, such as a socket. */
  function file(fd: number, otherwise: number): OpenFile {
    const descriptor = get(fd);
    if (descriptor instanceof OpenFile) return descriptor;
    throw new Fault(descriptor instanceof OpenDirectory ? errno.ISDIR : otherwise);
  }

  function fileOrDirectory(fd: number): OpenFile | OpenDirectory {
    const descriptor = get(fd);
    if (descriptor instanceof OpenFile || descriptor instanceof OpenDirectory) return descriptor;
    throw new Fault(errno.INVAL);
  }

  function giveCount(at: number, result: Result): number {
    if (result < 0) return -result;
    memory.setU32(at, result);
    return errno.SUCCESS;
  }

  function givePosition(at: number, result: Result): number {
    if (result < 0) return -result;
    memory.setU64(at, BigInt(result));
    return errno.SUCCESS;
  }

  return {
    fd_advise(fd: number, offset: bigint, length: bigint, advice: number): number {
      return -file(fd, errno.SPIPE).advise(signed(offset), signed(length), advice);
    },

    fd_allocate(fd: number, offset: bigint, length: bigint): number {
      return -file(fd, errno.NODEV).allocate(signed(offset), signed(length));
    },

    fd_datasync(fd: number): number | Promise<number> {
      return synchronize(host, fileOrDirectory(fd), "data");
    },

    fd_filestat_get(fd: number, at: number): number {
      const descriptor = get(fd);
      memory.check(at, filestatBytes);
      if (!(descriptor instanceof OpenFile || descriptor instanceof OpenDirectory)) {
        // C libraries ask for the type of the standard streams.
        const none = { device: 0n, inode: 0n, links: 1n, size: 0n, accessed: 0n, modified: 0n, changed: 0n };
        return putFilestat(memory, at, { ...none, type: descriptor.type });
      }
      const status = descriptor.status();
      return typeof status === "number" ? -status : putFilestat(memory, at, status);
    },

    fd_filestat_set_size(fd: number, size: bigint): number {
      return -file(fd, errno.INVAL).setSize(signed(size));
    },

    fd_filestat_set_times(fd: number, accessed: bigint, modified: bigint, flags: number): number {
      return -fileOrDirectory(fd).setTimes(...timesOf(accessed, modified, flags));
    },

    fd_pread(fd: number, iovs: number, count: number, offset: bigint, at: number): number | Promise<number> {
      const source = file(fd, errno.SPIPE);
      memory.check(at, 4);
      const buffers = () => memory.iovs(iovs, count);
      const transfer = { file: source, direction: "read", buffers, position: position(offset) } as const;
      return transferFile(host, transfer, (result) => giveCount(at, result));
    },

    fd_pwrite(fd: number, iovs: number, count: number, offset: bigint, at: number): number | Promise<number> {
      const target = file(fd, errno.SPIPE);
      memory.check(at, 4);
      const buffers = () => memory.iovs(iovs, count);
      const transfer = { file: target, direction: "write", buffers, position: position(offset) } as const;
      return transferFile(host, transfer, (result) => giveCount(at, result));
    },

    fd_readdir(fd: number, pointer: number, length: number, cookie: bigint, at: number): number {
      const directory = get(fd);
      if (!(directory instanceof OpenDirectory)) return errno.NOTDIR;
      memory.check(at, 4);
      const buffer = memory.bytes(pointer, length);
      const listing = new Listing(buffer);
      const result = directory.readEntries(cookie, buffer.length, (entry) => listing.add(entry));
      return giveCount(at, result < 0 ? result : listing.used);
    },

    fd_seek(fd: number, offset: bigint, whence: number, at: number): number {
      const target = file(fd, errno.SPIPE);
      memory.check(at, 8);
      return givePosition(at, target.seek(offset, whence));
    },

    fd_sync(fd: number): number | Promise<number> {
      return synchronize(host, fileOrDirectory(fd), "all");
    },

    fd_tell(fd: number, at: number): number {
      const target = file(fd, errno.SPIPE);
      memory.check(at, 8);
      // As wasi-libc asks where it is.
      return givePosition(at, target.seek(0n, 1));
    },
  };
}

/**
 * A buffer of `dirent`s, each followed by its name. The last is cut off where the buffer ends: a buffer that is not full
 * tells the guest that the directory is at its end (wasi-libc, readdir.c).
 */
class Listing {
  used = 0;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  /** Whether there is room for more. */
  add(entry: DirectoryEntry): boolean {
    const end = this.used + direntBytes + entry.name.length;
    if (end <= this.#buffer.length) {
      writeHead(this.#view, this.used, entry);
      this.#buffer.set(entry.name, this.used + direntBytes);
      this.used = end;
      return end < this.#buffer.length;
    }
    const whole = new Uint8Array(direntBytes + entry.name.length);
    writeHead(new DataView(whole.buffer), 0, entry);
    whole.set(entry.name, direntBytes);
    this.#buffer.set(whole.subarray(0, this.#buffer.length - this.used), this.used);
    this.used = this.#buffer.length;
    return false;
  }
}

function writeHead(view: DataView, at: number, { next, inode, type, name }: DirectoryEntry): void {
  view.setBigUint64(at, next, true);
  view.setBigUint64(at + 8, inode, true);
  view.setUint32(at + 16, name.length, true);
  view.setUint32(at + 20, type, true);
}

/** Sizes and offsets are unsigned in WASI, signed to the host: what is over its half is negative there, and refused. */
function signed(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** An offset as a number; no file has one that a number cannot hold. */
function position(offset: bigint): number {
  const value = BigInt.asUintN(64, offset);
  if (value > Number.MAX_SAFE_INTEGER) throw new Fault(errno.INVAL);
  return Number(value);
}
