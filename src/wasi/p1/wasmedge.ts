import type { Address } from "../../base/address.ts";
import { type Descriptor, filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { UnconnectedSocket } from "../sockets/unconnected-socket.ts";
import type { Host } from "./host.ts";
import { give } from "./stream.ts";
import { attempt } from "./transfer.ts";
import { checkAddress, family, readAddress, writeAddress } from "./wasmedge-address.ts";
import { lookUp } from "./wasmedge-lookup.ts";

const socketType = { datagram: 1, stream: 2 } as const;
const receivePeek = 1;
const dataTruncated = 1;
const solSocket = 0;
/** The options of SOL_SOCKET whose value we know; the others are taken and have nothing to act on in memory. */
const option = {
  type: 1,
  error: 2,
  sendBuffer: 5,
  receiveBuffer: 6,
  receiveTimeout: 11,
  sendTimeout: 12,
  acceptsConnections: 13,
} as const;
const optionsMax = 15;
/** As `Flow` holds. */
const bufferBytes = 64 * 1024;

/**
 * The socket functions that WasmEdge added to preview 1, in both of its versions: the crate `wasmedge_wasi_socket` and
 * what was built on wasi-go call them. (WasmEdge: lib/host/wasi/wasimodule.cpp.)
 */
export function wasmedgeFunctions(host: Host) {
  const { memory, table, network } = host;

  /** A handed socket on that port which nobody uses yet: the guest opens it by itself and means the same one. */
  function handed(matches: (descriptor: Descriptor) => boolean): number | undefined {
    for (const [fd, descriptor] of table.entries()) if (host.handed.has(descriptor) && matches(descriptor)) return fd;
    return undefined;
  }

  function addresses(which: "local" | "remote", fd: number, addressAt: number): Address | number {
    const descriptor = table.get(fd);
    if (descriptor === undefined) return errno.BADF;
    if (!isSocket(descriptor)) return errno.NOTSOCK;
    checkAddress(memory, addressAt);
    const found = (descriptor as { readonly local?: Address; readonly remote?: Address })[which];
    if (found !== undefined) return found;
    return which === "remote" ? errno.NOTCONN : { ip: "0.0.0.0", port: 0 };
  }

  function addressV1(
    which: "local" | "remote",
  ): (fd: number, addressAt: number, typeAt: number, portAt: number) => number {
    return (fd, addressAt, typeAt, portAt) => {
      memory.check(typeAt, 4);
      memory.check(portAt, 4);
      const found = addresses(which, fd, addressAt);
      if (typeof found === "number") return found;
      memory.setU32(typeAt, writeAddress(memory, addressAt, found.ip));
      memory.setU32(portAt, found.port);
      return errno.SUCCESS;
    };
  }

  function addressV2(which: "local" | "remote"): (fd: number, addressAt: number, portAt: number) => number {
    return (fd, addressAt, portAt) => {
      memory.check(portAt, 4);
      const found = addresses(which, fd, addressAt);
      if (typeof found === "number") return found;
      writeAddress(memory, addressAt, found.ip);
      memory.setU32(portAt, found.port);
      return errno.SUCCESS;
    };
  }

  function receiveFrom(
    fd: number,
    iovs: number,
    count: number,
    addressAt: number,
    flags: number,
    portAt: number | undefined,
    lengthAt: number,
    flagsAt: number,
  ): number | Promise<number> {
    const descriptor = table.get(fd);
    if (descriptor === undefined) return errno.BADF;
    if (!(descriptor instanceof DatagramSocket) && !(descriptor instanceof Connection)) {
      return isSocket(descriptor) ? errno.NOTCONN : errno.NOTSOCK;
    }
    checkAddress(memory, addressAt);
    if (portAt !== undefined) memory.check(portAt, 4);
    memory.check(lengthAt, 4);
    memory.check(flagsAt, 4);
    let from: Address | undefined;
    let cut = false;
    const call = (): Result => {
      const received = descriptor.receive(memory.iovs(iovs, count), (flags & receivePeek) !== 0);
      if (typeof received === "number") {
        from = descriptor.remote;
        return received;
      }
      from = received.from;
      cut = received.truncated;
      return received.count;
    };
    return attempt(host, descriptor, call, (result) => {
      if (result < 0) return -result;
      if (from !== undefined) writeAddress(memory, addressAt, from.ip);
      // Host order, as wasi-go and the Rust crate have it; WasmEdge itself gives network order.
      if (portAt !== undefined) memory.setU32(portAt, from?.port ?? 0);
      memory.setU32(flagsAt, cut ? dataTruncated : 0);
      return give(host, lengthAt, result);
    });
  }

  return {
    sock_open(af: number, type: number, fdAt: number): number {
      memory.check(fdAt, 4);
      if (af !== family.unspecified && af !== family.ipv4 && af !== family.ipv6) return errno.AFNOSUPPORT;
      if (type !== socketType.datagram && type !== socketType.stream) return errno.PROTOTYPE;
      if (table.full) return errno.MFILE;
      const socket = type === socketType.stream ? new UnconnectedSocket() : new DatagramSocket();
      return give(host, fdAt, table.add(socket));
    },

    sock_bind(fd: number, addressAt: number, port: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      const ip = readAddress(memory, addressAt);
      if (port >>> 0 > 0xffff) return errno.INVAL;
      if (descriptor instanceof UnconnectedSocket) {
        if (descriptor.local !== undefined) return errno.INVAL;
        const chosen = port === 0 ? network.choosePort("tcp", 0) : port;
        if (chosen < 0) return -chosen;
        descriptor.local = { ip, port: chosen };
        return errno.SUCCESS;
      }
      if (!(descriptor instanceof DatagramSocket)) return isSocket(descriptor) ? errno.INVAL : errno.NOTSOCK;
      if (descriptor.local !== undefined) return errno.INVAL;
      const other = handed((one) => one instanceof DatagramSocket && !one.listening && one.local?.port === port);
      if (other !== undefined) {
        table.get(other)!.flags = descriptor.flags;
        return -table.swap(fd, other);
      }
      const chosen = network.choosePort("udp", port);
      return chosen < 0 ? -chosen : -network.bind(descriptor, { ip, port: chosen });
    },

    sock_listen(fd: number, _backlog: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (descriptor instanceof ListenerSocket) return errno.SUCCESS;
      if (!(descriptor instanceof UnconnectedSocket)) return isSocket(descriptor) ? errno.NOTSUP : errno.NOTSOCK;
      const { local } = descriptor;
      if (local === undefined) return errno.DESTADDRREQ;
      const other = handed((one) => one instanceof ListenerSocket && !one.listening && one.local.port === local.port);
      if (other !== undefined) {
        const listener = table.get(other) as ListenerSocket;
        table.swap(fd, other);
        listener.listen(descriptor.flags);
        return errno.SUCCESS;
      }
      const listener = network.listen(local);
      if (typeof listener === "number") return -listener;
      table.replace(fd, new ListenerSocket(listener, { flags: descriptor.flags }));
      return errno.SUCCESS;
    },

    sock_connect(fd: number, addressAt: number, _port: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      readAddress(memory, addressAt);
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      if (descriptor instanceof Connection) return errno.ISCONN;
      // Nothing outside is reachable that was not granted, and nothing is granted yet.
      return errno.ACCES;
    },

    sock_recv_from_v1: (
      fd: number,
      iovs: number,
      count: number,
      addressAt: number,
      flags: number,
      lengthAt: number,
      flagsAt: number,
    ) => receiveFrom(fd, iovs, count, addressAt, flags, undefined, lengthAt, flagsAt),
    sock_recv_from_v2: receiveFrom,

    sock_send_to(
      fd: number,
      iovs: number,
      count: number,
      addressAt: number,
      port: number,
      _flags: number,
      lengthAt: number,
    ): number | Promise<number> {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      if (!(descriptor instanceof DatagramSocket)) return errno.ISCONN;
      const to = { ip: readAddress(memory, addressAt), port: port & 0xffff };
      memory.check(lengthAt, 4);
      return give(host, lengthAt, descriptor.send(memory.iovs(iovs, count), to));
    },

    sock_getlocaladdr_v1: addressV1("local"),
    sock_getlocaladdr_v2: addressV2("local"),
    sock_getpeeraddr_v1: addressV1("remote"),
    sock_getpeeraddr_v2: addressV2("remote"),

    sock_setsockopt(fd: number, level: number, name: number, valueAt: number, length: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      memory.bytes(valueAt, length);
      if (level !== solSocket) return errno.SUCCESS;
      // A timeout that is taken and not kept would let the guest wait for ever.
      if (name === option.receiveTimeout || name === option.sendTimeout) return errno.NOPROTOOPT;
      return name >>> 0 < optionsMax ? errno.SUCCESS : errno.NOPROTOOPT;
    },

    sock_getsockopt(fd: number, level: number, name: number, valueAt: number, lengthOrPointer: number): number {
      const descriptor = table.get(fd);
      if (descriptor === undefined) return errno.BADF;
      if (!isSocket(descriptor)) return errno.NOTSOCK;
      // WasmEdge passes where the length is; wasi-go's library passes the length itself, always 4.
      const byValue = lengthOrPointer === 4;
      const room = byValue ? 4 : memory.getU32(lengthOrPointer);
      if (room < 4) return errno.INVAL;
      const value = level === solSocket ? socketOption(descriptor, name) : 0;
      if (value === undefined) return errno.NOPROTOOPT;
      memory.setU32(valueAt, value);
      if (!byValue) memory.setU32(lengthOrPointer, 4);
      return errno.SUCCESS;
    },

    sock_getaddrinfo: (
      nodeAt: number,
      nodeLength: number,
      serviceAt: number,
      serviceLength: number,
      hintsAt: number,
      resultsAt: number,
      resultsMax: number,
      countAt: number,
    ) =>
      lookUp(memory, {
        node: memory.bytes(nodeAt, nodeLength),
        service: memory.bytes(serviceAt, serviceLength),
        hintsAt,
        resultsAt,
        resultsMax,
        countAt,
      }),
  };
}

function isSocket({ type }: Descriptor): boolean {
  return type === filetype.streamSocket || type === filetype.datagramSocket;
}

function socketOption(descriptor: Descriptor, name: number): number | undefined {
  switch (name) {
    case option.type:
      return descriptor.type === filetype.datagramSocket ? socketType.datagram : socketType.stream;
    case option.error:
      return 0;
    case option.sendBuffer:
    case option.receiveBuffer:
      return bufferBytes;
    case option.acceptsConnections:
      return descriptor instanceof ListenerSocket ? 1 : 0;
    default:
      return name >>> 0 < optionsMax ? 0 : undefined;
  }
}
