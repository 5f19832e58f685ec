import type { Result } from "../errno.ts";
import type { DirectoryEntry } from "./read-directory.ts";
import type { FileStatus } from "./status.ts";

/** A time to set: nanoseconds since 1970, the present, or undefined to leave it. */
export type NewTime = bigint | "now" | undefined;

/** What a file system has open: a small number, as a file descriptor is. */
export type Handle = number;

/**
 * Where the files of a mount are: on the host, in memory, or files picked one by one. The calls are those of Linux, so that
 * all that a guest meets above them (rights, paths, positions, links followed) is the same for each.
 *
 * Names are one component, relative to an open directory; none is followed when it is a symbolic link. `.` is the directory
 * itself; `..` and the empty name never come here. Every call gives a {@link Result}; `open-directory.suite.ts` and
 * `open-file.suite.ts` are the contract.
 */
export interface FileSystem {
  /**
   * Opens the directory at a relative path, links followed, for names beneath it only; the caller closes it. What leads out
   * of `root` at any step (`..`, absolute links, links of /proc) is -PERM or -LOOP, whatever happens to the tree meanwhile.
   */
  resolve(root: Handle, path: string): Result;
  /** `flags` are those of open-flags.ts. */
  open(directory: Handle, name: string, flags: number, mode?: number): Result;
  close(handle: Handle): void;

  statusAt(directory: Handle, name: string): FileStatus | Result;
  statusOf(handle: Handle): FileStatus | Result;
  setTimesAt(directory: Handle, name: string, accessed: NewTime, modified: NewTime): Result;
  setTimesOf(handle: Handle, accessed: NewTime, modified: NewTime): Result;

  makeDirectory(directory: Handle, name: string): Result;
  remove(directory: Handle, name: string, what: "file" | "directory"): Result;
  /** A trailing slash of a name means that it must be a directory. */
  rename(from: Handle, oldName: string, to: Handle, newName: string): Result;
  link(from: Handle, oldName: string, to: Handle, newName: string): Result;
  makeSymbolicLink(target: string, directory: Handle, name: string): Result;
  /** A link's text, valid until the next call; -INVAL when it is no link. */
  readLink(directory: Handle, name: string): Uint8Array | Result;
  /** See {@link DirectoryEntry}; 0 is the start. */
  readDirectory(handle: Handle, cookie: bigint, bytesMax: number, take: (entry: DirectoryEntry) => boolean): Result;

  read(handle: Handle, buffers: readonly Uint8Array[], position: number): Result;
  /** `"end"`: wherever the end is at that moment, which {@link appendedTo} tells afterwards. */
  write(handle: Handle, buffers: readonly Uint8Array[], position: number | "end"): Result;
  /** Where the last write to the end has left off. */
  appendedTo(handle: Handle): Result;
  /** Whether every write goes to the end of the file. */
  setAppend(handle: Handle, append: boolean): Result;
  truncate(handle: Handle, size: bigint): Result;
  allocate(handle: Handle, offset: bigint, length: bigint): Result;
  /** `advice` is one of Linux's POSIX_FADV_ numbers. */
  advise(handle: Handle, offset: bigint, length: bigint, advice: number): Result;
  synchronize(handle: Handle, what: "all" | "data"): Result;

  /** The same done by other threads, where waiting for a disk would hold this one up. Absent: nothing here waits. */
  readonly later?: LaterCalls;
}

/** Calls whose handle must stay open until they are done. They do not reject. */
export interface LaterCalls {
  /** Has lately taken long, so that it is better not to wait for it. */
  readonly slow: boolean;
  /** How long a call took that moved so many bytes. Milliseconds. */
  took(ms: number, bytes: number): void;
  /** Fills the target, which is not the guest's own memory: that may be another's by the time a disk has answered. */
  read(handle: Handle, target: Uint8Array, position: number): Promise<Result>;
  write(handle: Handle, bytes: Uint8Array, position: number | "end"): Promise<Result>;
  synchronize(handle: Handle, what: "all" | "data"): Promise<Result>;
}
