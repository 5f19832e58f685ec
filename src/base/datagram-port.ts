import { closeSync } from "node:fs";
import type { Address } from "./address.ts";
import { formatIp } from "./ip.ts";
import { bindLibc, pointerTo } from "./libc.ts";
import { ReadWatch } from "./read-watch.ts";

// node:dgram does not tell which address a datagram was sent to, nor lets one choose the address that the answer leaves from
// (RFC 1122 §4.1.3.5). Numbers are Linux's and the same on x86_64 and arm64.
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_PKTINFO = 50;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Largest payload (RFC 768). */
const datagramBytesMax = 65_535;
/** Received with one system call, and how many such calls before others get their turn. */
const batch = 16;
const batchesMax = 4;

// Of a message, as recvmmsg(2) has it: struct mmsghdr { struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }, len }.
const mmsghdrBytes = 64;
const iovecBytes = 16;
const nameBytes = 28;
const controlBytes = 64;
const messageLengthAt = 56;

const c = bindLibc({
  recvmmsg: { arguments: ["int32", "pointer", "uint32", "int32", "pointer"], return: "int32" },
  sendmsg: { arguments: ["int32", "pointer", "int32"], return: "int64" },
});

/** The buffers of every port: nothing is kept in them from one call to the next. They live as long as the process. */
class Messages {
  readonly data: Buffer;
  readonly names: Buffer;
  readonly controls: Buffer;
  readonly headers: Buffer;
  readonly pointer: bigint;
  readonly #iovecs: Buffer;

  constructor(count: number) {
    this.data = Buffer.alloc(count * datagramBytesMax);
    this.names = Buffer.alloc(count * nameBytes);
    this.controls = Buffer.alloc(count * controlBytes);
    this.#iovecs = Buffer.alloc(count * iovecBytes);
    this.headers = Buffer.alloc(count * mmsghdrBytes);
    this.pointer = pointerTo(this.headers);
    const [data, names, controls, iovecs] = [this.data, this.names, this.controls, this.#iovecs].map(pointerTo);
    for (let i = 0; i < count; i++) {
      this.#iovecs.writeBigUInt64LE(data! + BigInt(i * datagramBytesMax), i * iovecBytes);
      const at = i * mmsghdrBytes;
      this.headers.writeBigUInt64LE(names! + BigInt(i * nameBytes), at);
      this.headers.writeBigUInt64LE(iovecs! + BigInt(i * iovecBytes), at + 16);
      this.headers.writeUInt32LE(1, at + 24);
      this.headers.writeBigUInt64LE(controls! + BigInt(i * controlBytes), at + 32);
      this.prepare(i, datagramBytesMax, nameBytes, controlBytes);
    }
  }

  prepare(index: number, dataLength: number, nameLength: number, controlLength: number): void {
    const at = index * mmsghdrBytes;
    this.#iovecs.writeUInt32LE(dataLength, index * iovecBytes + 8);
    this.headers.writeUInt32LE(nameLength, at + 8);
    this.headers.writeUInt32LE(controlLength, at + 40);
  }
}

let incoming: Messages | undefined;
let outgoing: Messages | undefined;

/** Both ends of a datagram, as the kernel names them. */
export interface DatagramEnds {
  /** `struct sockaddr_in` or `sockaddr_in6` of the sender, which for IPv6 has the interface of a link-local address. */
  readonly remote: Buffer;
  /** The address that it was sent to, 4 or 16 bytes; empty where the kernel did not say, or answers cannot leave from it. */
  readonly local: Buffer;
}

/** A bound UDP socket, which is this object's. */
export class DatagramPort {
  readonly #fd: number;
  readonly #watch: ReadWatch;
  #closed: boolean = false;

  /** `take` gets each datagram as it comes; what it gets is overwritten afterwards. */
  constructor(fd: number, take: (data: Buffer, ends: DatagramEnds) => void) {
    this.#fd = fd;
    this.#watch = new ReadWatch(fd, () => this.#receive(take));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    closeSync(this.#fd);
  }

  /** Sends one, from the address that the other end dialled. False when the kernel does not take it. */
  send(data: Uint8Array, { remote, local }: DatagramEnds): boolean {
    if (this.#closed || data.length > datagramBytesMax) return false;
    outgoing ??= new Messages(1);
    outgoing.data.set(data);
    remote.copy(outgoing.names);
    outgoing.prepare(0, data.length, remote.length, writePacketInfo(outgoing.controls, local));
    return c.sendmsg(this.#fd, outgoing.pointer, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0n;
  }

  #receive(take: (data: Buffer, ends: DatagramEnds) => void): void {
    incoming ??= new Messages(batch);
    const { data, names, controls, headers, pointer } = incoming;
    for (let round = 0; round < batchesMax && !this.#closed; round++) {
      const count = c.recvmmsg(this.#fd, pointer, batch, MSG_DONTWAIT, 0n);
      for (let i = 0; i < count; i++) {
        const at = i * mmsghdrBytes;
        const length = headers.readUInt32LE(at + messageLengthAt);
        const nameLength = headers.readUInt32LE(at + 8);
        const control = controls.subarray(i * controlBytes, i * controlBytes + headers.readUInt32LE(at + 40));
        const ends = {
          remote: names.subarray(i * nameBytes, i * nameBytes + nameLength),
          local: readPacketInfo(control),
        };
        if (!this.#closed) take(data.subarray(i * datagramBytesMax, i * datagramBytesMax + length), ends);
        incoming.prepare(i, datagramBytesMax, nameBytes, controlBytes);
      }
      if (count < batch) return;
    }
  }
}

/** The address of a `struct sockaddr_in` or `sockaddr_in6`. */
export function addressOf(name: Buffer): Address {
  const port = name.readUInt16BE(2);
  if (name.readUInt16LE(0) === AF_INET) return { ip: `${name[4]}.${name[5]}.${name[6]}.${name[7]}`, port };
  return { ip: formatIp(name.subarray(8, 24)), port };
}

const none = Buffer.alloc(0);

/** ip(7) `struct in_pktinfo { int ifindex; struct in_addr spec_dst, addr; }`, ipv6(7) `struct in6_pktinfo { struct in6_addr addr; unsigned ifindex; }`. */
export function readPacketInfo(control: Buffer): Buffer {
  if (control.length < 28) return none;
  const level = control.readInt32LE(8);
  const type = control.readInt32LE(12);
  // spec_dst is our own address, also where the datagram was broadcast.
  if (level === IPPROTO_IP && type === IP_PKTINFO) return control.subarray(20, 24);
  // RFC 4291 §2.7: a multicast address is nobody's source.
  if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && control.length >= 36 && control[16] !== 0xff)
    return control.subarray(16, 32);
  return none;
}

/** Has a datagram leave from an address; how many bytes of `control` say so. */
export function writePacketInfo(control: Buffer, local: Buffer): number {
  if (local.length === 0) return 0;
  const four = local.length === 4;
  control.fill(0);
  control.writeUInt32LE(16 + (four ? 12 : 20), 0);
  control.writeInt32LE(four ? IPPROTO_IP : IPPROTO_IPV6, 8);
  control.writeInt32LE(four ? IP_PKTINFO : IPV6_PKTINFO, 12);
  local.copy(control, four ? 20 : 16);
  return four ? 32 : 40;
}

/** What tells one sender from another in a table: by address and port. */
export function senderKey(name: Buffer): string {
  return name.readUInt16LE(0) === AF_INET6 ? name.toString("latin1", 2, 28) : name.toString("latin1", 2, 8);
}

/** What stands for one sender's network: an IPv4 address, or the first 64 bits of one of IPv6. */
export function sourceKey(name: Buffer): string {
  return name.readUInt16LE(0) === AF_INET6 ? name.toString("latin1", 8, 16) : name.toString("latin1", 4, 8);
}
