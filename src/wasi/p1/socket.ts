import { fdflags } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { UnconnectedSocket } from "../sockets/unconnected-socket.ts";
import { attempt } from "../transfer.ts";
import type { Host } from "./host.ts";
import { receive, send, socketAt } from "./socket-calls.ts";
import { give } from "./stream.ts";

const shutdownFlag = { read: 1, write: 2 } as const;

/** The sockets of preview 1 itself; the dialects share them. */
export function socketFunctions(host: Host) {
  const { memory, table } = host;

  function accept(fd: number, flags: number, fdAt: number): number | Promise<number> {
    const socket = socketAt(table, fd);
    if (!(socket instanceof ListenerSocket)) return errno.INVAL;
    if ((flags & ~fdflags.nonblock) !== 0) return errno.INVAL;
    memory.check(fdAt, 4);
    const call = (): Result => {
      if (table.full) return -errno.MFILE;
      const accepted = socket.accept();
      if (typeof accepted === "number") return accepted;
      accepted.flags = flags;
      return table.add(accepted);
    };
    return attempt(host, socket, "read", call, (result) => give(host, fdAt, result));
  }

  return {
    sock_accept: accept,
    sock_accept_v1: (fd: number, fdAt: number) => accept(fd, 0, fdAt),

    sock_recv(
      fd: number,
      iovs: number,
      count: number,
      flags: number,
      lengthAt: number,
      flagsAt: number,
    ): number | Promise<number> {
      memory.check(lengthAt, 4);
      memory.check(flagsAt, 2);
      return receive(host, fd, iovs, count, flags, (result, _from, outFlags) => {
        if (result >= 0) memory.setU16(flagsAt, outFlags);
        return give(host, lengthAt, result);
      });
    },

    sock_send: (fd: number, iovs: number, count: number, _flags: number, lengthAt: number) =>
      send(host, fd, iovs, count, undefined, lengthAt),

    sock_shutdown(fd: number, how: number): number {
      const socket = socketAt(table, fd);
      if (socket instanceof ListenerSocket || socket instanceof UnconnectedSocket) return errno.NOTCONN;
      return -socket.shutdown((how & shutdownFlag.read) !== 0, (how & shutdownFlag.write) !== 0);
    },
  };
}
