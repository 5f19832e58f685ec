import { type Descriptor, fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { transferFile } from "../file-transfer.ts";
import { OpenDirectory } from "../files/open-directory.ts";
import { OpenFile } from "../files/open-file.ts";
import { allRights, rights as right, rightsFromBits } from "../files/rights.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { attempt, complete } from "../transfer.ts";
import type { Host } from "./host.ts";

/** wasi-libc's isatty() takes a character device that cannot seek for a terminal. */
const streamRights = allRights & ~(right.seek | right.tell);
const fdstatBytes = 24;
const settableFlags = fdflags.append | fdflags.nonblock;

/** What works on descriptors of every kind. */
export function streamFunctions(host: Host) {
  const { memory, table, handed } = host;
  return {
    fd_close: (fd: number) => -table.close(fd),

    fd_fdstat_get(fd: number, at: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      const start = memory.check(at, fdstatBytes);
      const told = descriptor instanceof ListenerSocket || descriptor instanceof DatagramSocket;
      const flags = told ? descriptor.tellFlags() : descriptor.flags;
      const [rights, inheriting] = rightsOf(descriptor);
      const view = memory.view();
      view.setUint16(start, descriptor.type, true);
      view.setUint32(start + 2, flags, true);
      view.setUint16(start + 6, 0, true);
      view.setBigUint64(start + 8, BigInt(rights), true);
      view.setBigUint64(start + 16, BigInt(inheriting), true);
      return errno.SUCCESS;
    },

    fd_fdstat_set_flags(fd: number, flags: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      // Whether writes are synchronous is settled when a file is opened (as Linux: F_SETFL ignores O_SYNC).
      if ((flags & ~settableFlags) !== (descriptor.flags & ~settableFlags)) return errno.INVAL;
      descriptor.flags = flags;
      return errno.SUCCESS;
    },

    fd_fdstat_set_rights(fd: number, base: bigint, inheriting: bigint): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      // What streams may do follows from what they are: giving some of it up changes nothing.
      if (!(descriptor instanceof OpenFile || descriptor instanceof OpenDirectory)) return errno.SUCCESS;
      return -descriptor.limitRights(rightsFromBits(base), rightsFromBits(inheriting));
    },

    fd_prestat_get(fd: number, at: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      const name = preopenName(descriptor);
      if (name === undefined && !handed.has(descriptor)) return errno.BADF;
      memory.check(at, 8);
      // Tag 0 is a directory. Libcs stop their scan at the first BADF, so a socket answers too, with a tag they skip.
      memory.setU32(at, name === undefined ? 1 : 0);
      memory.setU32(at + 4, name?.length ?? 0);
      return errno.SUCCESS;
    },

    fd_prestat_dir_name(fd: number, at: number, length: number): number {
      const descriptor = table.get(fd);
      const name = descriptor && preopenName(descriptor);
      if (name === undefined) return errno.BADF;
      if (length >>> 0 < name.length) return errno.NAMETOOLONG;
      memory.bytes(at, name.length).set(name);
      return errno.SUCCESS;
    },

    fd_read(fd: number, iovs: number, count: number, readAt: number): number | Promise<number> {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      memory.check(readAt, 4);
      if (descriptor instanceof OpenFile) {
        const transfer = { file: descriptor, direction: "read", buffers: () => memory.iovs(iovs, count) } as const;
        return transferFile(host, transfer, (result) => give(host, readAt, result));
      }
      return attempt(
        host,
        descriptor,
        "read",
        () => descriptor.read(memory.iovs(iovs, count)),
        (result) => give(host, readAt, result),
      );
    },

    fd_renumber: (from: number, to: number) => -table.renumber(from, to),

    fd_write(fd: number, iovs: number, count: number, writtenAt: number): number | Promise<number> {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      memory.check(writtenAt, 4);
      if (descriptor instanceof OpenFile) {
        const transfer = { file: descriptor, direction: "write", buffers: () => memory.iovs(iovs, count) } as const;
        return transferFile(host, transfer, (result) => give(host, writtenAt, result));
      }
      return attempt(
        host,
        descriptor,
        "write",
        complete(
          host,
          () => memory.iovs(iovs, count),
          (buffers) => descriptor.write(buffers),
        ),
        (result) => give(host, writtenAt, result),
      );
    },
  };
}

function rightsOf(descriptor: Descriptor): [own: number, inheriting: number] {
  if (descriptor instanceof OpenDirectory) return [descriptor.rights, descriptor.inheriting];
  if (descriptor instanceof OpenFile) return [descriptor.rights, 0];
  return [streamRights, 0];
}

/** What the guest knows a directory by that the host opened for it. */
function preopenName(descriptor: Descriptor): Uint8Array | undefined {
  if (!(descriptor instanceof OpenDirectory) || descriptor.preopen === undefined) return undefined;
  return Buffer.from(descriptor.preopen);
}

/** Stores a count for the guest, or answers with the error. */
export function give({ memory }: Host, at: number, result: number): number {
  if (result < 0) return -result;
  memory.setU32(at, result);
  return errno.SUCCESS;
}
