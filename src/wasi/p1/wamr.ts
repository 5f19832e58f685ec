import { errno, type Result } from "../errno.ts";
import type { SocketFamily } from "../sockets/socket-name.ts";
import type { Host } from "./host.ts";
import { guarded } from "./memory.ts";
import { lookUpName, portOf } from "./name-lookup.ts";
import {
  bindSocket,
  connectSocket,
  localName,
  openSocket,
  receive,
  remoteName,
  send,
  socketAt,
} from "./socket-calls.ts";
import { give } from "./stream.ts";
import { readWamrName, wamrAddressBytes, writeWamrName } from "./wamr-address.ts";

const socketType = { any: -1, datagram: 0, stream: 1 } as const;
const families: readonly (SocketFamily | undefined)[] = [4, 6, undefined];
// __wasi_addr_info_hints_t: type i32, family i32, hints_enabled u8; __wasi_addr_info_t: the address, type i32.
const hints = { bytes: 12, family: 4, enabled: 8 } as const;
const info = { bytes: 28, type: 24 } as const;
const nameBytesMax = 1024;
const resultsMax = 1024;

/** The socket functions of WAMR's wasi_socket_ext.h, whose C library turns them into POSIX'. Its options are in wamr-options.ts. */
export function wamrFunctions(host: Host) {
  const { memory, table } = host;

  /** NUL-terminated. */
  function text(pointer: number): string {
    const start = memory.check(pointer, 1);
    const end = memory.u8().indexOf(0, start);
    if (end < 0 || end - start > nameBytesMax) return "\0";
    return Buffer.from(memory.bytes(start, end - start)).toString("latin1");
  }

  return {
    sock_open_wamr(_pool: number, af: number, type: number, fdAt: number): number {
      const family = families[af];
      if (family === undefined) return errno.AFNOSUPPORT;
      if (type !== socketType.datagram && type !== socketType.stream) return errno.PROTOTYPE;
      return openSocket(host, family, type === socketType.stream ? "stream" : "datagram", fdAt);
    },

    sock_bind_wamr: (fd: number, addressAt: number) => bindSocket(host, fd, readWamrName(memory, addressAt)),

    sock_connect_wamr: (fd: number, addressAt: number) => connectSocket(host, fd, readWamrName(memory, addressAt)),

    sock_close(fd: number): number {
      socketAt(table, fd);
      return -table.close(fd);
    },

    sock_send_to_wamr: (fd: number, iovs: number, count: number, _flags: number, toAt: number, lengthAt: number) =>
      send(host, fd, iovs, count, readWamrName(memory, toAt), lengthAt),

    sock_recv_from_wamr(
      fd: number,
      iovs: number,
      count: number,
      flags: number,
      fromAt: number,
      lengthAt: number,
    ): number | Promise<number> {
      memory.check(fromAt, wamrAddressBytes);
      memory.check(lengthAt, 4);
      return receive(host, fd, iovs, count, flags, (result, from) => {
        if (result >= 0 && from !== undefined) writeWamrName(memory, fromAt, from);
        return give(host, lengthAt, result);
      });
    },

    sock_addr_local(fd: number, addressAt: number): number {
      writeWamrName(memory, addressAt, localName(host, fd));
      return errno.SUCCESS;
    },

    sock_addr_remote(fd: number, addressAt: number): number {
      writeWamrName(memory, addressAt, remoteName(host, fd));
      return errno.SUCCESS;
    },

    sock_addr_resolve(
      nameAt: number,
      serviceAt: number,
      hintsAt: number,
      resultsAt: number,
      resultsSize: number,
      countAt: number,
    ): number | Promise<number> {
      const room = Math.min(resultsSize >>> 0, resultsMax);
      const results = memory.check(resultsAt, room * info.bytes);
      memory.check(countAt, 4);
      const view = memory.view();
      const asked = memory.check(hintsAt, hints.bytes);
      const enabled = view.getUint8(asked + hints.enabled) !== 0;
      const family = enabled ? families[view.getUint32(asked + hints.family, true)] : undefined;
      const type = enabled ? view.getInt32(asked, true) : socketType.any;
      const port = portOf(text(serviceAt));
      if (port === undefined) return errno.INVAL;
      const tell = guarded((found: readonly string[] | Result) => {
        // The library takes an empty answer for EAI_NONAME, and an error for one of the system.
        if (found === -errno.NOENT) return give(host, countAt, 0);
        if (typeof found === "number") return -found;
        const types = type === socketType.any ? [socketType.stream, socketType.datagram] : [type];
        const all = found.flatMap((ip) => types.map((one) => ({ ip, type: one })));
        for (const [i, { ip, type: one }] of all.slice(0, room).entries()) {
          const at = results + i * info.bytes;
          writeWamrName(memory, at, { ip, port });
          memory.setU32(at + info.type, one);
        }
        return give(host, countAt, all.length);
      });
      return lookUpName(host, text(nameAt), family === 4 || family === 6 ? family : undefined, tell);
    },
  };
}
