import { errno } from "../errno.ts";
import type { SocketFamily } from "../sockets/socket-name.ts";
import type { Host } from "./host.ts";
import {
  bindSocket,
  connectSocket,
  listenSocket,
  localName,
  openSocket,
  receive,
  remoteName,
  send,
  socketAt,
} from "./socket-calls.ts";
import { give } from "./stream.ts";
import { checkAddress, family, nameFits, readName, writeName } from "./wasmedge-address.ts";
import { lookUp } from "./wasmedge-lookup.ts";
import { getOption, setOption } from "./wasmedge-options.ts";

const socketType = { datagram: 1, stream: 2 } as const;

/**
 * The socket functions that WasmEdge added to preview 1, in both of its versions: the crate `wasmedge_wasi_socket` and
 * what was built on wasi-go call them. (WasmEdge: lib/host/wasi/wasimodule.cpp.)
 */
export function wasmedgeFunctions(host: Host) {
  const { memory, table } = host;

  type NameOf = (host: Host, fd: number) => ReturnType<typeof localName>;

  function nameV1(nameOf: NameOf): (fd: number, addressAt: number, typeAt: number, portAt: number) => number {
    return (fd, addressAt, typeAt, portAt) => {
      memory.check(typeAt, 4);
      memory.check(portAt, 4);
      const name = nameOf(host, fd);
      memory.setU32(typeAt, writeName(memory, addressAt, name));
      memory.setU32(portAt, "port" in name ? name.port : 0);
      return errno.SUCCESS;
    };
  }

  function nameV2(nameOf: NameOf): (fd: number, addressAt: number, portAt: number) => number {
    return (fd, addressAt, portAt) => {
      memory.check(portAt, 4);
      const name = nameOf(host, fd);
      writeName(memory, addressAt, name);
      memory.setU32(portAt, "port" in name ? name.port : 0);
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
    const room = checkAddress(memory, addressAt);
    if (portAt !== undefined) memory.check(portAt, 4);
    memory.check(lengthAt, 4);
    memory.check(flagsAt, 4);
    return receive(host, fd, iovs, count, flags, (result, from, outFlags) => {
      if (result < 0) return -result;
      // What came is not lost for an address that has no room for it: it is told when the buffer is one of IPv4 only.
      if (from !== undefined && nameFits(room, from)) writeName(memory, addressAt, from);
      // Host order, as wasi-go and the Rust crate have it; WasmEdge itself gives network order.
      if (portAt !== undefined) memory.setU32(portAt, from !== undefined && "port" in from ? from.port : 0);
      memory.setU32(flagsAt, outFlags);
      return give(host, lengthAt, result);
    });
  }

  return {
    sock_open(af: number, type: number, fdAt: number): number {
      const wanted = familyOf(af);
      if (wanted === undefined) return errno.AFNOSUPPORT;
      if (type !== socketType.datagram && type !== socketType.stream) return errno.PROTOTYPE;
      return openSocket(host, wanted, type === socketType.stream ? "stream" : "datagram", fdAt);
    },

    sock_bind: (fd: number, addressAt: number, port: number) => {
      socketAt(table, fd);
      return bindSocket(host, fd, readName(memory, addressAt, port));
    },

    sock_listen: (fd: number, _backlog: number) => listenSocket(host, fd),

    sock_connect: (fd: number, addressAt: number, port: number) => {
      socketAt(table, fd);
      return connectSocket(host, fd, readName(memory, addressAt, port));
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

    sock_send_to: (
      fd: number,
      iovs: number,
      count: number,
      addressAt: number,
      port: number,
      _flags: number,
      lengthAt: number,
    ) => {
      socketAt(table, fd);
      return send(host, fd, iovs, count, readName(memory, addressAt, port), lengthAt);
    },

    sock_getlocaladdr_v1: nameV1(localName),
    sock_getlocaladdr_v2: nameV2(localName),
    sock_getpeeraddr_v1: nameV1(remoteName),
    sock_getpeeraddr_v2: nameV2(remoteName),

    sock_setsockopt: (fd: number, level: number, name: number, valueAt: number, length: number) =>
      setOption(socketAt(table, fd), level, name, memory.bytes(valueAt, length)),

    sock_getsockopt(fd: number, level: number, name: number, valueAt: number, lengthOrPointer: number): number {
      const socket = socketAt(table, fd);
      // WasmEdge passes where the length is; wasi-go's library passes the length itself, always 4.
      const byValue = lengthOrPointer === 4;
      const room = byValue ? 4 : memory.getU32(lengthOrPointer);
      if (room < 4) return errno.INVAL;
      memory.check(valueAt, room);
      const value = getOption(socket, level, name);
      if (value === undefined) return errno.NOPROTOOPT;
      if (value.length > room) return errno.INVAL;
      memory.bytes(valueAt, value.length).set(value);
      if (!byValue) memory.setU32(lengthOrPointer, value.length);
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
      lookUp(host, {
        node: memory.bytes(nodeAt, nodeLength),
        service: memory.bytes(serviceAt, serviceLength),
        hintsAt,
        resultsAt,
        resultsMax,
        countAt,
      }),
  };
}

function familyOf(af: number): SocketFamily | undefined {
  switch (af) {
    case family.unspecified:
    case family.ipv4:
      return 4;
    case family.ipv6:
      return 6;
    case family.unix:
      return "unix";
    default:
      return undefined;
  }
}
