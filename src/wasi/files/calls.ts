import { bindLibc, lastErrno, pointerTo } from "../../base/libc.ts";
import { once } from "../../base/once.ts";
import { errno, type Result } from "../errno.ts";
import type { NewTime } from "./file-system.ts";
import { fromHostErrno } from "./host-errno.ts";
import { open } from "./open-flags.ts";
import { decodeStatus, type FileStatus, statxBytes, statxMask } from "./status.ts";

/**
 * The file calls of the C library, each giving a {@link Result}. Names are relative to a directory's fd and, but for the
 * resolvers' calls, one component that is never followed when it is a symbolic link. They are bound by the first call, which takes
 * 2 ms: many programs that are run open no file.
 */
const calls = once(() => {
  const libc = bindLibc({
    openat: { arguments: ["int32", "pointer", "int32", "uint32"], return: "int32" },
    close: { arguments: ["int32"], return: "int32" },
    mkdirat: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
    unlinkat: { arguments: ["int32", "pointer", "int32"], return: "int32" },
    renameat: { arguments: ["int32", "pointer", "int32", "pointer"], return: "int32" },
    linkat: { arguments: ["int32", "pointer", "int32", "pointer", "int32"], return: "int32" },
    symlinkat: { arguments: ["pointer", "int32", "pointer"], return: "int32" },
    readlinkat: { arguments: ["int32", "pointer", "pointer", "uint64"], return: "int32" },
    statx: { arguments: ["int32", "pointer", "int32", "uint32", "pointer"], return: "int32" },
    utimensat: { arguments: ["int32", "pointer", "pointer", "int32"], return: "int32" },
    futimens: { arguments: ["int32", "pointer"], return: "int32" },
    lseek: { arguments: ["int32", "int64", "int32"], return: "int64" },
    ftruncate: { arguments: ["int32", "int64"], return: "int32" },
    fallocate: { arguments: ["int32", "int32", "int64", "int64"], return: "int32" },
    posix_fadvise: { arguments: ["int32", "int64", "int64", "int32"], return: "int32" },
    fsync: { arguments: ["int32"], return: "int32" },
    fdatasync: { arguments: ["int32"], return: "int32" },
    fcntl: { arguments: ["int32", "int32", "int32"], return: "int32" },
  });
  // The C library has no function for these two (getdents64 since glibc 2.30 only).
  const { syscall: openat2 } = bindLibc({
    syscall: { arguments: ["int32", "int32", "pointer", "pointer", "uint32"], return: "int32" },
  });
  const { syscall: getdents64 } = bindLibc({
    syscall: { arguments: ["int32", "int32", "pointer", "uint32"], return: "int32" },
  });
  // It takes no mode where nothing is created, and node:ffi gathers arguments in an array for four and more: 0.3 µs.
  const { openat: openExisting } = bindLibc({
    openat: { arguments: ["int32", "pointer", "int32"], return: "int32" },
  });
  return { ...libc, openat2, getdents64, openExisting };
});

/** asm-generic/unistd.h, and the x86 table for what is older than it. */
const systemCall = { openat2: 437, getdents64: process.arch === "x64" ? 217 : 61 };

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const F_SETFL = 4;
/** linux/openat2.h */
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_BENEATH = 0x08;
/** linux/stat.h */
const UTIME_NOW = 0x3fffffffn;
const UTIME_OMIT = 0x3ffffffen;

/** PATH_MAX of Linux, the final NUL included. */
const pathBytesMax = 4096;

// Scratch memory for arguments. It lives as long as the module, so that no pointer outlives what it points to, and each
// call is over before the next begins. ArrayBuffers of this size are outside the moving heap.
const pathA = new Uint8Array(new ArrayBuffer(pathBytesMax));
const pathB = new Uint8Array(new ArrayBuffer(pathBytesMax));
const structure = new DataView(new ArrayBuffer(statxBytes));
const link = new Uint8Array(new ArrayBuffer(pathBytesMax));
/** What {@link readEntries} fills: `struct linux_dirent64` one after another. */
export const entries = new DataView(new ArrayBuffer(32 * 1024));
const pathAPointer = pointerTo(pathA.buffer);
const pathBPointer = pointerTo(pathB.buffer);
const structurePointer = pointerTo(structure.buffer);
const linkPointer = pointerTo(link.buffer);
const entriesPointer = pointerTo(entries.buffer);
const linkBytesMax = BigInt(link.length);
const howBytes = 24;

const encoder = new TextEncoder();

/** Puts a path and its NUL into scratch memory; false when it is too long. */
function put(path: string, into: Uint8Array): boolean {
  const { read, written } = encoder.encodeInto(path, into);
  if (read < path.length || written === pathBytesMax) return false;
  into[written] = 0;
  return true;
}

function settle(value: number): Result {
  return value >= 0 ? value : fromHostErrno(lastErrno());
}

/** Opens one component; the caller says by `flags` whether a symbolic link may be followed. */
export function openAt(directory: number, name: string, flags: number, mode: number = 0): Result {
  if (!put(name, pathA)) return -errno.NAMETOOLONG;
  const how = flags | open.closeOnExec;
  if ((flags & open.create) === 0) return settle(calls().openExisting(directory, pathAPointer, how));
  return settle(calls().openat(directory, pathAPointer, how, mode));
}

/**
 * Opens a path that the kernel keeps beneath the directory (openat2, Linux 5.6): -XDEV when it leads out, -AGAIN when a
 * rename elsewhere made the answer uncertain.
 */
export function openBeneath(directory: number, path: string, flags: number): Result {
  if (!put(path, pathA)) return -errno.NAMETOOLONG;
  structure.setBigUint64(0, BigInt(flags | open.closeOnExec), true);
  structure.setBigUint64(8, 0n, true);
  structure.setBigUint64(16, BigInt(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), true);
  return settle(calls().openat2(systemCall.openat2, directory, pathAPointer, structurePointer, howBytes));
}

export function closeFile(fd: number): void {
  calls().close(fd);
}

export function makeDirectoryAt(directory: number, name: string): Result {
  if (!put(name, pathA)) return -errno.NAMETOOLONG;
  return settle(calls().mkdirat(directory, pathAPointer, 0o777));
}

export function removeAt(directory: number, name: string, what: "file" | "directory"): Result {
  if (!put(name, pathA)) return -errno.NAMETOOLONG;
  return settle(calls().unlinkat(directory, pathAPointer, what === "directory" ? AT_REMOVEDIR : 0));
}

/** A trailing slash of a name means here what it means to rename(): that it must be a directory. */
export function renameAt(from: number, oldName: string, to: number, newName: string): Result {
  if (!put(oldName, pathA) || !put(newName, pathB)) return -errno.NAMETOOLONG;
  return settle(calls().renameat(from, pathAPointer, to, pathBPointer));
}

export function linkAt(from: number, oldName: string, to: number, newName: string): Result {
  if (!put(oldName, pathA) || !put(newName, pathB)) return -errno.NAMETOOLONG;
  return settle(calls().linkat(from, pathAPointer, to, pathBPointer, 0));
}

export function makeSymbolicLinkAt(target: string, directory: number, name: string): Result {
  if (!put(target, pathA) || !put(name, pathB)) return -errno.NAMETOOLONG;
  return settle(calls().symlinkat(pathAPointer, directory, pathBPointer));
}

/** A symbolic link's text as a view of scratch memory, valid until the next call; -INVAL when it is no link. */
export function readLinkAt(directory: number, name: string): Uint8Array | Result {
  if (!put(name, pathA)) return -errno.NAMETOOLONG;
  const length = calls().readlinkat(directory, pathAPointer, linkPointer, linkBytesMax);
  if (length < 0) return settle(length);
  return length < link.length ? link.subarray(0, length) : -errno.NAMETOOLONG;
}

export function statusAt(directory: number, name: string): FileStatus | Result {
  if (!put(name, pathA)) return -errno.NAMETOOLONG;
  return statx(directory, AT_SYMLINK_NOFOLLOW);
}

export function statusOf(fd: number): FileStatus | Result {
  pathA[0] = 0;
  return statx(fd, AT_EMPTY_PATH);
}

function statx(fd: number, flags: number): FileStatus | Result {
  const result = calls().statx(fd, pathAPointer, flags, statxMask, structurePointer);
  return result === 0 ? decodeStatus(structure) : settle(result);
}

export function setTimesAt(directory: number, name: string, accessed: NewTime, modified: NewTime): Result {
  if (!put(name, pathA)) return -errno.NAMETOOLONG;
  putTimes(accessed, modified);
  return settle(calls().utimensat(directory, pathAPointer, structurePointer, AT_SYMLINK_NOFOLLOW));
}

export function setTimesOf(fd: number, accessed: NewTime, modified: NewTime): Result {
  putTimes(accessed, modified);
  return settle(calls().futimens(fd, structurePointer));
}

function putTimes(accessed: NewTime, modified: NewTime): void {
  [accessed, modified].forEach((time, index) => {
    const at = index * 16;
    structure.setBigInt64(at, typeof time === "bigint" ? time / 1_000_000_000n : 0n, true);
    const rest = typeof time === "bigint" ? time % 1_000_000_000n : time === "now" ? UTIME_NOW : UTIME_OMIT;
    structure.setBigInt64(at + 8, rest, true);
  });
}

/** Reads directory entries from the fd's position into {@link entries}; the number of bytes, 0 at the end. */
export function readEntries(fd: number, bytesMax: number): Result {
  return settle(calls().getdents64(systemCall.getdents64, fd, entriesPointer, Math.min(bytesMax, entries.byteLength)));
}

/** Sets the position from the start; 0 or -errno. */
export function seekTo(fd: number, position: bigint): Result {
  return calls().lseek(fd, position, 0) < 0n ? settle(-1) : 0;
}

/** The position from the start. */
export function positionOf(fd: number): Result {
  return settle(Number(calls().lseek(fd, 0n, 1)));
}

/** A file's length; the fd's position goes there. A third of what asking for its status takes. */
export function lengthOf(fd: number): Result {
  return settle(Number(calls().lseek(fd, 0n, 2)));
}

export function truncate(fd: number, size: bigint): Result {
  return settle(calls().ftruncate(fd, size));
}

export function allocate(fd: number, offset: bigint, length: bigint): Result {
  return settle(calls().fallocate(fd, 0, offset, length));
}

/** `advice` is one of Linux's POSIX_FADV_ numbers. */
export function advise(fd: number, offset: bigint, length: bigint, advice: number): Result {
  // Unlike the others this one returns its error.
  const error = calls().posix_fadvise(fd, offset, length, advice);
  return error === 0 ? 0 : fromHostErrno(error);
}

export function synchronize(fd: number, what: "all" | "data"): Result {
  return settle(what === "all" ? calls().fsync(fd) : calls().fdatasync(fd));
}

/** Whether every write goes to the end of the file. */
export function setAppend(fd: number, append: boolean): Result {
  return settle(calls().fcntl(fd, F_SETFL, append ? open.append : 0));
}
