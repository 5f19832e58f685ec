import type { Descriptor } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { OpenDirectory } from "../files/open-directory.ts";
import { rightsFromBits } from "../files/rights.ts";
import { putFilestat, timesOf } from "./filestat.ts";
import type { Guest } from "./guest.ts";
import { Fault } from "./memory.ts";

/** `lookupflags` */
const symlinkFollow = 1;
/** `oflags` */
const oflags = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

/**
 * The preview-1 functions on paths. They throw a {@link Fault} for arguments that cannot be read; pointers for results are
 * checked before anything is done.
 */
export function pathImports({ table, memory }: Guest) {
  function directory(fd: number): OpenDirectory {
    const descriptor: Descriptor | undefined = table.get(fd);
    if (descriptor === undefined) throw new Fault(errno.BADF);
    if (!(descriptor instanceof OpenDirectory)) throw new Fault(errno.NOTDIR);
    return descriptor;
  }

  return {
    path_create_directory(fd: number, path: number, length: number): number {
      return -directory(fd).makeDirectory(memory.string(path, length));
    },

    path_filestat_get(fd: number, lookup: number, path: number, length: number, at: number): number {
      const from = directory(fd);
      const status = from.statusAt(memory.string(path, length), (lookup & symlinkFollow) !== 0);
      return typeof status === "number" ? -status : putFilestat(memory, at, status);
    },

    path_filestat_set_times(
      fd: number,
      lookup: number,
      path: number,
      length: number,
      accessed: bigint,
      modified: bigint,
      flags: number,
    ): number {
      const from = directory(fd);
      const times = timesOf(accessed, modified, flags);
      return -from.setTimesAt(memory.string(path, length), (lookup & symlinkFollow) !== 0, ...times);
    },

    path_link(
      fd: number,
      lookup: number,
      path: number,
      length: number,
      newFd: number,
      newPath: number,
      newLength: number,
    ): number {
      const [from, to] = [directory(fd), directory(newFd)];
      const [source, target] = [memory.string(path, length), memory.string(newPath, newLength)];
      return -from.link(source, (lookup & symlinkFollow) !== 0, to, target);
    },

    path_open(
      fd: number,
      lookup: number,
      path: number,
      length: number,
      how: number,
      base: bigint,
      _inheriting: bigint,
      flags: number,
      at: number,
    ): number {
      const from = directory(fd);
      memory.check(at, 4);
      // Before the file is made, since it would stay.
      if (table.full) return errno.MFILE;
      const opened = from.open(memory.string(path, length), {
        follow: (lookup & symlinkFollow) !== 0,
        create: (how & oflags.create) !== 0,
        directory: (how & oflags.directory) !== 0,
        exclusive: (how & oflags.exclusive) !== 0,
        truncate: (how & oflags.truncate) !== 0,
        rights: rightsFromBits(base),
        flags: flags & allFlags,
      });
      if (typeof opened === "number") return -opened;
      memory.setU32(at, table.add(opened));
      return errno.SUCCESS;
    },

    path_readlink(fd: number, path: number, length: number, buffer: number, bufferLength: number, at: number): number {
      const from = directory(fd);
      memory.check(at, 4);
      const count = from.readLink(memory.string(path, length), memory.bytes(buffer, bufferLength));
      if (count < 0) return -count;
      memory.setU32(at, count);
      return errno.SUCCESS;
    },

    path_remove_directory(fd: number, path: number, length: number): number {
      return -directory(fd).removeDirectory(memory.string(path, length));
    },

    path_rename(fd: number, path: number, length: number, newFd: number, newPath: number, newLength: number): number {
      const [from, to] = [directory(fd), directory(newFd)];
      return -from.rename(memory.string(path, length), to, memory.string(newPath, newLength));
    },

    path_symlink(target: number, targetLength: number, fd: number, path: number, length: number): number {
      const from = directory(fd);
      return -from.makeSymbolicLink(memory.string(target, targetLength), memory.string(path, length));
    },

    path_unlink_file(fd: number, path: number, length: number): number {
      return -directory(fd).unlink(memory.string(path, length));
    },
  };
}

/** The five `fdflags` there are. */
const allFlags = 31;
