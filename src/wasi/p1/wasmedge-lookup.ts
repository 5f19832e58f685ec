import { errno, type Result } from "../errno.ts";
import type { Host } from "./host.ts";
import { type GuestMemory, guarded } from "./memory.ts";
import { familyOf, lookUpName, portOf } from "./name-lookup.ts";
import { family, ipBytes } from "./wasmedge-address.ts";

// addrinfo, 28 bytes, and sockaddr, 12 bytes (WasmEdge: include/api/wasi, __wasi_addrinfo_t, __wasi_sockaddr_t).
const info = { bytes: 28, family: 2, socketType: 3, protocol: 4, addressLength: 8, address: 12, next: 24 } as const;
const sockaddr = { bytes: 12, length: 4, data: 8 } as const;
const socketType = { any: 0, datagram: 1, stream: 2 } as const;
const protocol = { any: 0, tcp: 1, udp: 2 } as const;
/** The list is the guest's, so that its length is what the guest says. */
const resultsMaxMax = 64;

export interface Lookup {
  /** NUL-terminated or not. */
  readonly node: Uint8Array;
  readonly service: Uint8Array;
  readonly hintsAt: number;
  readonly resultsAt: number;
  readonly resultsMax: number;
  readonly countAt: number;
}

/**
 * getaddrinfo. The guest has laid out a list of `resultsMax` addrinfo structures, each with its sockaddr, for the answers to
 * be written in.
 */
export function lookUp(host: Host, lookup: Lookup): number | Promise<number> {
  const { memory } = host;
  memory.check(lookup.countAt, 4);
  // POSIX: no hints are all zero.
  const hints = lookup.hintsAt === 0 ? new Uint8Array(info.bytes) : memory.bytes(lookup.hintsAt, info.bytes);
  const wantedFamily = hints[info.family]!;
  const wantedType = hints[info.socketType]!;
  if (wantedFamily > family.ipv6) return errno.AFNOSUPPORT;
  const port = portOf(text(lookup.service));
  if (port === undefined) return errno.INVAL;
  const types = wantedType === socketType.any ? [socketType.stream, socketType.datagram] : [wantedType];
  const tell = guarded((found: readonly string[] | Result) => {
    if (typeof found === "number") return -found;
    const wanted = found.flatMap((ip) => types.map((type) => ({ ip, type })));
    let at = memory.getU32(lookup.resultsAt);
    let count = 0;
    for (const { ip, type } of wanted.slice(0, Math.min(lookup.resultsMax >>> 0, resultsMaxMax))) {
      if (at === 0) break;
      const entry = memory.check(at, info.bytes);
      writeEntry(memory, entry, ip, port, type);
      count++;
      at = memory.getU32(entry + info.next);
    }
    memory.setU32(lookup.countAt, count);
    return errno.SUCCESS;
  });
  const only = wantedFamily === family.unspecified ? undefined : wantedFamily === family.ipv4 ? 4 : 6;
  return lookUpName(host, text(lookup.node), only, tell);
}

function writeEntry(memory: GuestMemory, entry: number, ip: string, port: number, type: number): void {
  const address = memory.check(memory.getU32(entry + info.address), sockaddr.bytes);
  const bytes = ipBytes(ip);
  // Port in network order, then the address. No flowinfo before an IPv6 address: libraries read it without, as wasi-go
  // writes it. They say 14 and have room for 26.
  const data = memory.bytes(memory.getU32(address + sockaddr.data), 2 + bytes.length);
  data[0] = port >> 8;
  data[1] = port & 0xff;
  data.set(bytes, 2);
  const is = familyOf(ip) === 4 ? family.ipv4 : family.ipv6;
  memory.setU8(address, is);
  memory.setU32(address + sockaddr.length, data.length);
  memory.setU8(entry + info.family, is);
  memory.setU8(entry + info.socketType, type);
  memory.setU32(entry + info.protocol, type === socketType.stream ? protocol.tcp : protocol.udp);
  memory.setU32(entry + info.addressLength, sockaddr.bytes);
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("latin1");
}
