import { errno } from "../errno.ts";
import { Fault, type GuestMemory } from "./memory.ts";

/** WasmEdge's address family. */
export const family = { unspecified: 0, ipv4: 1, ipv6: 2 } as const;

/** A buffer of this length holds its family in two bytes before the address (WasmEdge's second version). */
const taggedBytes = 128;

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

/** The IP address that the guest passes, as text. INVAL for what is no address. */
export function readAddress(memory: GuestMemory, pointer: number): string {
  const { at, length } = addressBuffer(memory, pointer);
  const tagged = length === taggedBytes;
  const bytes = tagged ? at + 2 : at;
  const is = tagged ? memory.bytes(at, 2)[0] : length === 4 ? family.ipv4 : family.ipv6;
  if (is === family.ipv4) return memory.bytes(bytes, 4).join(".");
  if (is !== family.ipv6) throw new Fault(errno.AFNOSUPPORT);
  const groups: string[] = [];
  const raw = memory.bytes(bytes, 16);
  for (let i = 0; i < 16; i += 2) groups.push(((raw[i]! << 8) | raw[i + 1]!).toString(16));
  return shorten(groups);
}

/** Gives the guest an address in the form that its buffer asks for. The family, 4 or 6, as V1 wants it told. */
export function writeAddress(memory: GuestMemory, pointer: number, ip: string): 4 | 6 {
  const { at, length } = addressBuffer(memory, pointer);
  const bytes = ipBytes(ip);
  const is = bytes.length === 4 ? 4 : 6;
  const target = memory.bytes(at, length);
  if (length === taggedBytes) {
    target.fill(0);
    target[0] = is === 4 ? family.ipv4 : family.ipv6;
    target.set(bytes, 2);
  } else if (length < bytes.length) {
    throw new Fault(errno.INVAL);
  } else {
    target.fill(0);
    target.set(bytes);
  }
  return is;
}

/** To be asked before an effect: whether {@link writeAddress} would find a buffer. */
export function checkAddress(memory: GuestMemory, pointer: number): void {
  addressBuffer(memory, pointer);
}

/** The bytes of an IP address that is known to be one. An IPv4 address in IPv6's clothes is taken for what it is. */
export function ipBytes(ip: string): Uint8Array {
  const plain = ip.startsWith("::ffff:") && ip.includes(".") ? ip.slice("::ffff:".length) : ip;
  if (!plain.includes(":")) return Uint8Array.from(plain.split("."), Number);
  const bytes = new Uint8Array(16);
  const [head = "", tail] = (plain.split("%")[0] ?? "").split("::");
  const front = groupBytes(head);
  const back = tail === undefined ? [] : groupBytes(tail);
  bytes.set(front.slice(0, 16));
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** RFC 5952 §4: the longest run of zero groups, of two or more, becomes `::`. */
function shorten(groups: readonly string[]): string {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.at < 0) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}
