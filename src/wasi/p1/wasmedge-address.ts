import { formatIp, type IpBytes, isIpv4, parseIp } from "../../base/ip.ts";
import { errno } from "../errno.ts";
import type { SocketName } from "../sockets/socket-name.ts";
import { Fault, type GuestMemory } from "./memory.ts";

/** WasmEdge's address family. */
export const family = { unspecified: 0, ipv4: 1, ipv6: 2, unix: 3 } as const;

/** A buffer of this length holds its family in two bytes before the address (WasmEdge's second version). */
const taggedBytes = 128;
const v4Prefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Where a dialect's `*addr`, {buffer u32, length u32}, keeps its bytes. */
interface AddressBuffer {
  readonly at: number;
  readonly length: number;
}

function addressBuffer(memory: GuestMemory, pointer: number): AddressBuffer {
  const start = memory.check(pointer, 8);
  const length = memory.getU32(start + 4);
  const at = memory.check(memory.getU32(start), length);
  if (length !== 4 && length !== 16 && length !== taggedBytes) throw new Fault(errno.INVAL);
  return { at, length };
}

/** The address that the guest passes, with the port that it passes beside it; undefined for one of no family. INVAL for what is none. */
export function readName(memory: GuestMemory, pointer: number, port: number): SocketName | undefined {
  const { at, length } = addressBuffer(memory, pointer);
  const tagged = length === taggedBytes;
  const bytes = memory.bytes(at, length);
  const is = tagged ? bytes[0]! | (bytes[1]! << 8) : length === 4 ? family.ipv4 : family.ipv6;
  const data = tagged ? bytes.subarray(2) : bytes;
  if (is === family.unspecified) return undefined;
  if (is === family.unix) {
    const end = data.indexOf(0);
    if (end < 0) throw new Fault(errno.INVAL);
    return { path: Buffer.from(data.subarray(0, end)).toString() };
  }
  if (is !== family.ipv4 && is !== family.ipv6) throw new Fault(errno.AFNOSUPPORT);
  if (port >>> 0 > 0xffff) throw new Fault(errno.INVAL);
  return { ip: readIp(data, is === family.ipv4 ? 4 : 6), port };
}

/** The text of the address that begins some bytes. */
export function readIp(bytes: Uint8Array, version: 4 | 6): string {
  return formatIp(version === 4 ? Uint8Array.from([...v4Prefix, ...bytes.subarray(0, 4)]) : bytes.subarray(0, 16));
}

/** Gives the guest an address in the form that its buffer asks for. The family, 4 or 6, as V1 wants it told; 0 for a unix name. */
export function writeName(memory: GuestMemory, pointer: number, name: SocketName): 0 | 4 | 6 {
  const { at, length } = addressBuffer(memory, pointer);
  const tagged = length === taggedBytes;
  const target = memory.bytes(at, length);
  if ("path" in name) {
    if (!tagged) throw new Fault(errno.INVAL);
    const path = Buffer.from(name.path).subarray(0, taggedBytes - 3);
    target.fill(0);
    target[0] = family.unix;
    target.set(path, 2);
    return 0;
  }
  const bytes = ipBytes(name.ip);
  const is = bytes.length === 4 ? 4 : 6;
  if (!tagged && length < bytes.length) throw new Fault(errno.INVAL);
  target.fill(0);
  if (tagged) target[0] = is === 4 ? family.ipv4 : family.ipv6;
  target.set(bytes, tagged ? 2 : 0);
  return is;
}

/** The room of the guest's buffer, bytes; to be asked before an effect. */
export function checkAddress(memory: GuestMemory, pointer: number): number {
  return addressBuffer(memory, pointer).length;
}

/** Whether {@link writeName} would find room. */
export function nameFits(room: number, name: SocketName): boolean {
  return room === taggedBytes || (!("path" in name) && room >= ipBytes(name.ip).length);
}

/** The 4 or 16 bytes of an IP address that is known to be one. An IPv4 address in IPv6's clothes is taken for what it is. */
export function ipBytes(ip: string): Uint8Array {
  const bytes: IpBytes = parseIp(ip.split("%")[0]!) ?? new Uint8Array(16);
  return isIpv4(bytes) ? bytes.subarray(12) : bytes;
}
