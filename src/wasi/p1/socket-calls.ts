import { type Descriptor, filetype } from "../descriptor.ts";
import type { DescriptorTable } from "../descriptor-table.ts";
import { errno, type Result } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { isOwnAddress, ownAddress, type SocketFamily, type SocketName, type UnixName } from "../sockets/socket-name.ts";
import { UnconnectedSocket } from "../sockets/unconnected-socket.ts";
import { UnixDatagramSocket } from "../sockets/unix-datagram.ts";
import { attempt, complete } from "../transfer.ts";
import type { Host } from "./host.ts";
import { Fault } from "./memory.ts";
import { give } from "./stream.ts";

// What the dialects of sockets have in common, whatever the layout of their arguments. An errno, or a Fault.

export type Socket = Connection | DatagramSocket | ListenerSocket | UnconnectedSocket | UnixDatagramSocket;

export const receiveFlag = { peek: 1, waitAll: 2 } as const;
const receiveFlags = receiveFlag.peek | receiveFlag.waitAll;
export const dataTruncated = 1;

export function isSocket(descriptor: Descriptor): descriptor is Socket {
  return descriptor.type === filetype.streamSocket || descriptor.type === filetype.datagramSocket;
}

export function socketAt(table: DescriptorTable, fd: number): Socket {
  const descriptor = table.get(fd);
  if (descriptor === undefined) throw new Fault(errno.BADF);
  if (!isSocket(descriptor)) throw new Fault(errno.NOTSOCK);
  return descriptor;
}

export function openSocket(host: Host, family: SocketFamily, kind: "stream" | "datagram", fdAt: number): number {
  const { memory, table } = host;
  memory.check(fdAt, 4);
  if (table.full) return errno.MFILE;
  return give(host, fdAt, table.add(kind === "stream" ? new UnconnectedSocket(family) : newDatagrams(host, family)));
}

function newDatagrams({ dialler, network }: Host, family: SocketFamily): DatagramSocket | UnixDatagramSocket {
  return family === "unix" ? new UnixDatagramSocket(network) : new DatagramSocket(false, dialler);
}

export function bindSocket(host: Host, fd: number, name: SocketName | undefined): number {
  const { table, network } = host;
  const socket = socketAt(table, fd);
  if (name === undefined) return errno.AFNOSUPPORT;
  if ("path" in name) return bindUnix(host, socket, name);
  const { ip, port } = name;
  if (socket instanceof UnconnectedSocket) {
    if (socket.family === "unix") return errno.AFNOSUPPORT;
    if (socket.local !== undefined) return errno.INVAL;
    const chosen = port === 0 ? network.choosePort("tcp") : port;
    if (chosen < 0) return -chosen;
    socket.local = { ip, port: chosen };
    return errno.SUCCESS;
  }
  if (!(socket instanceof DatagramSocket) || socket.local !== undefined) return errno.INVAL;
  const other = handed(host, (one) => one instanceof DatagramSocket && !one.listening && one.local?.port === port);
  if (other !== undefined) {
    table.get(other)!.flags = socket.flags;
    return -table.swap(fd, other);
  }
  const chosen = port === 0 ? network.choosePort("udp") : port;
  return chosen < 0 ? -chosen : -network.bind(socket, { ip, port: chosen }, { routed: port !== 0 });
}

function bindUnix({ network }: Host, socket: Socket, name: UnixName): number {
  const isDatagrams = socket instanceof UnixDatagramSocket;
  if (!isDatagrams && !(socket instanceof UnconnectedSocket && socket.family === "unix")) return errno.AFNOSUPPORT;
  if (socket.local !== undefined || name.path === "") return errno.INVAL;
  if (isDatagrams) return -network.bindUnix(socket, name);
  if (network.unixListener(name) !== undefined || network.unixDatagram(name) !== undefined) return errno.ADDRINUSE;
  socket.local = name;
  return errno.SUCCESS;
}

export function listenSocket(host: Host, fd: number): number {
  const { table, network } = host;
  const socket = socketAt(table, fd);
  if (socket instanceof ListenerSocket) return errno.SUCCESS;
  if (!(socket instanceof UnconnectedSocket)) return errno.NOTSUP;
  const { local } = socket;
  if (local === undefined) return errno.DESTADDRREQ;
  if ("path" in local) {
    const listener = network.listenUnix(local);
    if (typeof listener === "number") return -listener;
    const { flags, options } = socket;
    table.replace(fd, new ListenerSocket(listener, { flags, options, unix: local }));
    return errno.SUCCESS;
  }
  const other = handed(host, (one) => one instanceof ListenerSocket && !one.listening && one.port === local.port);
  if (other !== undefined) {
    const listener = table.get(other) as ListenerSocket;
    table.swap(fd, other);
    listener.listen(socket.flags, socket.options);
    return errno.SUCCESS;
  }
  const listener = network.listen(local, socket.options.get("ipv6Only") !== 0);
  if (typeof listener === "number") return -listener;
  table.replace(fd, new ListenerSocket(listener, { flags: socket.flags, options: socket.options }));
  return errno.SUCCESS;
}

/** A name of no family takes a datagram socket's peer back (POSIX connect). */
export function connectSocket(host: Host, fd: number, name: SocketName | undefined): number | Promise<number> {
  const { table, dialler } = host;
  const socket = socketAt(table, fd);
  if (socket instanceof ListenerSocket) return errno.ISCONN;
  if (socket instanceof DatagramSocket) {
    if (name !== undefined && "path" in name) return errno.AFNOSUPPORT;
    return -socket.connect(name && { ip: isOwnAddress(name.ip) ? ownAddress(name.ip) : name.ip, port: name.port });
  }
  if (socket instanceof UnixDatagramSocket)
    return name !== undefined && !("path" in name) ? errno.AFNOSUPPORT : -socket.connect(name);
  if (name === undefined) return errno.AFNOSUPPORT;
  const { local } = socket;
  const unixLocal = local !== undefined && "path" in local ? local : { path: "" };
  const unix = "path" in name ? { local: unixLocal, remote: name } : undefined;
  if (socket instanceof UnconnectedSocket && (socket.family === "unix") !== (unix !== undefined))
    return errno.AFNOSUPPORT;
  const connection = socket instanceof Connection ? socket : new Connection(undefined, socket.options);
  const earlier = connection.takeError();
  if (earlier !== 0 && !connection.connected) return earlier;
  connection.flags = socket.flags;
  const result = connection.connect(
    (signal) =>
      "path" in name ? dialler.connectUnix({ local: unixLocal, remote: name }, signal) : dialler.connect(name, signal),
    unix,
  );
  if (result !== 0 && result !== -errno.INPROGRESS) return -result;
  // What was refused at once may be tried again or listen: only now is it another kind of socket.
  if (connection !== socket) table.replace(fd, connection);
  return attempt(
    host,
    connection,
    "write",
    () => (connection.connecting ? -errno.AGAIN : connection.connected ? 0 : -connection.takeError()),
    (done) => (done === -errno.AGAIN ? errno.INPROGRESS : -done),
  );
}

/** Of an unbound socket: its family's unspecified address. */
export function localName({ table }: Host, fd: number): SocketName {
  const socket = socketAt(table, fd);
  if (socket.local !== undefined) return socket.local;
  const family =
    socket instanceof UnconnectedSocket ? socket.family : socket instanceof UnixDatagramSocket ? "unix" : 4;
  return family === "unix" ? { path: "" } : { ip: family === 6 ? "::" : "0.0.0.0", port: 0 };
}

export function remoteName({ table }: Host, fd: number): SocketName {
  const socket = socketAt(table, fd);
  const name = "remote" in socket ? socket.remote : undefined;
  if (name === undefined) throw new Fault(errno.NOTCONN);
  return name;
}

/** Receives from a connection or a datagram socket. `tell` gives the guest what it asked for; it must not throw. */
export function receive(
  host: Host,
  fd: number,
  iovs: number,
  count: number,
  flags: number,
  tell: (count: Result, from: SocketName | undefined, outFlags: number) => number,
): number | Promise<number> {
  const { memory, table } = host;
  const socket = socketAt(table, fd);
  if (socket instanceof ListenerSocket || socket instanceof UnconnectedSocket) return errno.NOTCONN;
  if ((flags & ~receiveFlags) !== 0) return errno.INVAL;
  const peek = (flags & receiveFlag.peek) !== 0;
  let from: SocketName | undefined;
  let outFlags = 0;
  const take = (buffers: readonly Uint8Array[]): Result => {
    const received = socket.receive(buffers, peek);
    if (typeof received === "number") {
      from = socket.remote;
      return received;
    }
    from = received.from;
    outFlags = received.truncated ? dataTruncated : 0;
    return received.count;
  };
  const buffers = () => memory.iovs(iovs, count);
  const all = (flags & receiveFlag.waitAll) !== 0 && !peek && socket instanceof Connection;
  const call = all ? complete(host, buffers, take) : () => take(buffers());
  return attempt(host, socket, "read", call, (result) => tell(result, from, outFlags));
}

/** Sends to a name, which a connection ignores as Linux does; without one to where the socket is connected. */
export function send(
  host: Host,
  fd: number,
  iovs: number,
  count: number,
  to: SocketName | undefined,
  lengthAt: number,
): number | Promise<number> {
  const { memory, table } = host;
  const socket = socketAt(table, fd);
  memory.check(lengthAt, 4);
  if (socket instanceof DatagramSocket) {
    if (to !== undefined && "path" in to) return errno.AFNOSUPPORT;
    const buffers = memory.iovs(iovs, count);
    return give(host, lengthAt, to === undefined ? socket.write(buffers) : socket.send(buffers, to));
  }
  if (socket instanceof UnixDatagramSocket) {
    if (to !== undefined && !("path" in to)) return errno.AFNOSUPPORT;
    const one = () => {
      const buffers = memory.iovs(iovs, count);
      return to === undefined ? socket.write(buffers) : socket.send(buffers, to);
    };
    return attempt(host, socket, "write", one, (result) => give(host, lengthAt, result));
  }
  const call = complete(
    host,
    () => memory.iovs(iovs, count),
    (buffers) => socket.write(buffers),
  );
  return attempt(host, socket, "write", call, (result) => give(host, lengthAt, result));
}

/** A handed socket that nobody uses yet and the guest means: it opens by itself what it was given. */
function handed(host: Host, matches: (descriptor: Descriptor) => boolean): number | undefined {
  for (const [fd, descriptor] of host.table.entries()) {
    if (host.handed.has(descriptor) && matches(descriptor)) return fd;
  }
  return undefined;
}
