import { fdflags, filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import type { Host } from "./host.ts";
import { give } from "./stream.ts";
import { attempt, complete } from "./transfer.ts";

const receiveFlag = { peek: 1, waitAll: 2 } as const;
const dataTruncated = 1;
const shutdownFlag = { read: 1, write: 2 } as const;

/** The sockets of preview 1 itself; the dialects share them. */
export function socketFunctions(host: Host) {
  const { memory, table } = host;

  function accept(fd: number, flags: number, fdAt: number): number | Promise<number> {
    const descriptor = table.get(fd);
    if (descriptor === undefined) return errno.BADF;
    if (!(descriptor instanceof ListenerSocket)) return isSocket(descriptor) ? errno.INVAL : errno.NOTSOCK;
    if ((flags & ~fdflags.nonblock) !== 0) return errno.INVAL;
    memory.check(fdAt, 4);
    const call = (): Result => {
      if (table.full) return -errno.MFILE;
      const accepted = descriptor.accept();
      if (typeof accepted === "number") return accepted;
      accepted.flags = flags;
      return table.add(accepted);
    };
    return attempt(host, descriptor, call, (result) => give(host, fdAt, result));
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
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      if ((flags & ~(receiveFlag.peek | receiveFlag.waitAll)) !== 0) return errno.INVAL;
      memory.check(lengthAt, 4);
      memory.check(flagsAt, 2);
      const peek = (flags & receiveFlag.peek) !== 0;
      const buffers = () => memory.iovs(iovs, count);
      let cut = false;
      const receive = (into: readonly Uint8Array[]): Result => {
        if (descriptor instanceof Connection) return descriptor.receive(into, peek);
        if (!(descriptor instanceof DatagramSocket)) return descriptor.read(into);
        const received = descriptor.receive(into, peek);
        if (typeof received === "number") return received;
        cut = received.truncated;
        return received.count;
      };
      const all = (flags & receiveFlag.waitAll) !== 0 && !peek && descriptor instanceof Connection;
      const call = all ? complete(host, descriptor, buffers, receive) : () => receive(buffers());
      return attempt(host, descriptor, call, (result) => {
        if (result >= 0) memory.setU16(flagsAt, cut ? dataTruncated : 0);
        return give(host, lengthAt, result);
      });
    },

    sock_send(fd: number, iovs: number, count: number, _flags: number, lengthAt: number): number | Promise<number> {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      memory.check(lengthAt, 4);
      const send = complete(
        host,
        descriptor,
        () => memory.iovs(iovs, count),
        (buffers) => descriptor.write(buffers),
      );
      return attempt(host, descriptor, send, (result) => give(host, lengthAt, result));
    },

    sock_shutdown(fd: number, how: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      if (!(descriptor instanceof Connection)) return errno.NOTCONN;
      return -descriptor.shutdown((how & shutdownFlag.read) !== 0, (how & shutdownFlag.write) !== 0);
    },
  };
}

function isSocket({ type }: { readonly type: number }): boolean {
  return type === filetype.streamSocket || type === filetype.datagramSocket;
}
