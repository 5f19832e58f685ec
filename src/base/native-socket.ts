import { closeSync } from "node:fs";
import type { Address } from "./address.ts";
import { formatAddress } from "./address.ts";
import { WarrenError } from "./errors.ts";
import { formatIp } from "./ip.ts";
import { bindLibc, lastErrno, pointerTo } from "./libc.ts";

// Sockets that Node cannot make: listening ones that nobody in this process accepts from, SEQPACKET ones, and messages that
// carry file descriptors. Numbers are Linux's and the same on x86_64 and arm64.
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const SCM_RIGHTS = 1;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_RECVPKTINFO = 49;
const IPV6_V6ONLY = 26;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const EAGAIN = 11;
const EACCES = 13;
const EADDRINUSE = 98;
const EADDRNOTAVAIL = 99;
const EPERM = 1;

const backlogMax = 4096;
/** Most descriptors in one message; the kernel's own bound is 253 (SCM_MAX_FD). */
export const fdsPerMessageMax = 64;
/** Most bytes in one message. A connection is handed on with at most a head and one socket read. */
export const messageBytesMax = 192 * 1024;

const c = bindLibc({
  socket: { arguments: ["int32", "int32", "int32"], return: "int32" },
  setsockopt: { arguments: ["int32", "int32", "int32", "pointer", "uint32"], return: "int32" },
  bind: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
  listen: { arguments: ["int32", "int32"], return: "int32" },
  connect: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
  accept4: { arguments: ["int32", "pointer", "pointer", "int32"], return: "int32" },
  getsockname: { arguments: ["int32", "pointer", "pointer"], return: "int32" },
  socketpair: { arguments: ["int32", "int32", "int32", "pointer"], return: "int32" },
  sendmsg: { arguments: ["int32", "pointer", "int32"], return: "int64" },
  recvmsg: { arguments: ["int32", "pointer", "int32"], return: "int64" },
  inet_pton: { arguments: ["int32", "pointer", "pointer"], return: "int32" },
  fcntl: { arguments: ["int32", "int32", "int32"], return: "int32" },
});

const optionOn = new Int32Array([1]);
const optionOff = new Int32Array([0]);

export type UnixKind = "stream" | "seqpacket";

const socketType = { stream: SOCK_STREAM, seqpacket: SOCK_SEQPACKET } as const;

/** A connected pair of unix sockets, close-on-exec and non-blocking. */
export function socketPair(kind: UnixKind): [number, number] {
  const out = new Int32Array(2);
  if (c.socketpair(AF_UNIX, socketType[kind] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pointerTo(out)) < 0)
    throw failure("make a socket pair");
  return [out[0] as number, out[1] as number];
}

/**
 * A TCP socket that listens and that nobody in this process accepts from. `beside`: sockets of ours on the same port that it may
 * stand beside, of which one is for all addresses and another for one; the kernel gives each what was sent to it, the closer one
 * first. Throws `listener.*`.
 */
export function listenTcp(address: Address, beside: readonly number[] = []): number {
  return sharing(SO_REUSEPORT, beside, (share) => {
    const fd = bound(address, SOCK_STREAM, `tcp ${formatAddress(address)}`, share);
    if (c.listen(fd, backlogMax) < 0) throw closing(fd, failure(`listen on ${formatAddress(address)}`));
    return fd;
  });
}

/** A bound UDP socket that tells where each datagram was sent to (base/datagram-port.ts). The rest as of {@link listenTcp}. */
export function bindUdp(address: Address, beside: readonly number[] = []): number {
  return sharing(SO_REUSEADDR, beside, (share) => {
    const fd = bound(address, SOCK_DGRAM, `udp ${formatAddress(address)}`, share);
    const six = address.ip.includes(":");
    if (six) c.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, pointerTo(optionOn), 4);
    else c.setsockopt(fd, IPPROTO_IP, IP_PKTINFO, pointerTo(optionOn), 4);
    return fd;
  });
}

/**
 * Sockets share a port when all of them say so at the moment when the last one is opened. That moment over, none says so any more:
 * another program on the same port, or another daemon, must be an error, not a silent share of the traffic.
 */
function sharing(option: number, beside: readonly number[], open: (share: (fd: number) => void) => number): number {
  if (beside.length === 0) return open(() => {});
  const all: number[] = [];
  const share = (fd: number): void => {
    all.push(fd);
    c.setsockopt(fd, SOL_SOCKET, option, pointerTo(optionOn), 4);
  };
  for (const fd of beside) share(fd);
  try {
    return open(share);
  } finally {
    for (const fd of all) c.setsockopt(fd, SOL_SOCKET, option, pointerTo(optionOff), 4);
  }
}

function bound(address: Address, type: number, what: string, share: (fd: number) => void): number {
  const family = address.ip.includes(":") ? AF_INET6 : AF_INET;
  const fd = c.socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw failure(`make a socket for ${what}`);
  const on = pointerTo(optionOn);
  // For connections of an earlier listener that linger. With datagrams it would share the port.
  if (type === SOCK_STREAM) c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4);
  // [::] and 0.0.0.0 are listeners of their own, whatever net.ipv6.bindv6only says.
  if (family === AF_INET6) c.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on, 4);
  share(fd);
  const name = socketAddress(family, address);
  if (c.bind(fd, pointerTo(name), name.length) >= 0) return fd;
  const errno = lastErrno();
  const details = { status: 409, cause: new Error(`errno ${errno}`) };
  if (errno === EADDRINUSE)
    throw closing(
      fd,
      new WarrenError("listener.in-use", `cannot listen on ${what}: another program uses that port`, {
        ...details,
        hint: "choose another port, or stop the other program",
      }),
    );
  if (errno === EACCES || errno === EPERM)
    throw closing(
      fd,
      new WarrenError(
        "listener.denied",
        `cannot listen on ${what}: ports below 1024 need root or CAP_NET_BIND_SERVICE`,
        { ...details, hint: "choose a port from 1024 on" },
      ),
    );
  if (errno === EADDRNOTAVAIL)
    throw closing(
      fd,
      new WarrenError("listener.no-address", `cannot listen on ${what}: this machine has no such address`, details),
    );
  throw closing(fd, failure(`bind ${what}`, errno));
}

/** The address that a socket is bound to. */
export function boundAddress(fd: number): Address {
  const name = Buffer.alloc(28);
  const length = new Uint32Array([name.length]);
  if (c.getsockname(fd, pointerTo(name), pointerTo(length)) < 0) throw failure("ask for a socket's address");
  const port = name.readUInt16BE(2);
  if (name.readUInt16LE(0) === AF_INET) return { ip: [...name.subarray(4, 8)].join("."), port };
  return { ip: formatIp(name.subarray(8, 24)), port };
}

function socketAddress(family: number, address: Address): Buffer {
  const name = Buffer.alloc(family === AF_INET ? 16 : 28);
  name.writeUInt16LE(family, 0);
  name.writeUInt16BE(address.port, 2);
  const text = Buffer.from(`${address.ip}\0`);
  const raw = Buffer.alloc(16);
  if (c.inet_pton(family, pointerTo(text), pointerTo(raw)) !== 1) {
    throw new WarrenError("listener.address", `"${address.ip}" is not an IP address`, {
      hint: "use an address of this machine, 0.0.0.0 or [::]",
    });
  }
  raw.copy(name, family === AF_INET ? 4 : 8, 0, family === AF_INET ? 4 : 16);
  return name;
}

/** A unix socket that listens at `path`, and that nobody in this process accepts from. */
export function listenUnix(path: string, kind: UnixKind): number {
  const fd = c.socket(AF_UNIX, socketType[kind] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw failure("make a unix socket");
  const name = unixAddress(path);
  if (c.bind(fd, pointerTo(name), name.length) < 0) throw closing(fd, failure(`bind ${path}`));
  if (c.listen(fd, 16) < 0) throw closing(fd, failure(`listen on ${path}`));
  return fd;
}

/** A connected SEQPACKET socket, undefined when nobody listens at `path`. */
export function connectSeqpacket(path: string): number | undefined {
  const fd = c.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw failure("make a unix socket");
  const name = unixAddress(path);
  if (c.connect(fd, pointerTo(name), name.length) >= 0) return fd;
  closeSync(fd);
  return undefined;
}

function unixAddress(path: string): Buffer {
  const text = Buffer.from(path);
  // sun_path is 108 bytes with its NUL (unix(7)).
  if (text.length > 107)
    throw new WarrenError("state.path-too-long", `the socket path ${path} is longer than 107 bytes`, {
      hint: "choose a shorter --state directory",
    });
  const name = Buffer.alloc(110);
  name.writeUInt16LE(AF_UNIX, 0);
  text.copy(name, 2);
  return name;
}

/** The next waiting connection of a listening socket, undefined when there is none. */
export function acceptNow(fd: number): number | undefined {
  const accepted = c.accept4(fd, 0n, 0n, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return accepted < 0 ? undefined : accepted;
}

/** A second descriptor of the same open socket, close-on-exec. */
export function duplicate(fd: number): number {
  const F_DUPFD_CLOEXEC = 1030;
  const copy = c.fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw failure("copy a descriptor");
  return copy;
}

// sendmsg and recvmsg take a tree of pointers. The buffers live as long as the process, so that no pointer outlives its memory.
const payload = Buffer.alloc(messageBytesMax);
const control = Buffer.alloc(16 + 4 * fdsPerMessageMax);
const iovec = Buffer.alloc(16);
const header = Buffer.alloc(56);
const payloadPointer = pointerTo(payload);
const controlPointer = pointerTo(control);
const iovecPointer = pointerTo(iovec);
const headerPointer = pointerTo(header);
iovec.writeBigUInt64LE(payloadPointer, 0);

/** Sends one message with descriptors, which stay the sender's too. `false` when the receiver's queue is full or it is gone. */
export function sendDescriptors(socket: number, fds: readonly number[], ...parts: readonly Uint8Array[]): boolean {
  let length = 0;
  for (const part of parts) {
    payload.set(part, length);
    length += part.length;
  }
  iovec.writeBigUInt64LE(BigInt(length), 8);
  header.fill(0);
  header.writeBigUInt64LE(iovecPointer, 16);
  header.writeBigUInt64LE(1n, 24);
  if (fds.length > 0) {
    const size = BigInt(16 + 4 * fds.length);
    control.writeBigUInt64LE(size, 0);
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    fds.forEach((fd, i) => {
      control.writeInt32LE(fd, 16 + 4 * i);
    });
    header.writeBigUInt64LE(controlPointer, 32);
    header.writeBigUInt64LE(size, 40);
  }
  return c.sendmsg(socket, headerPointer, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0n;
}

export interface ReceivedMessage {
  readonly bytes: Buffer;
  readonly fds: number[];
}

/** The next message with its descriptors (close-on-exec). `undefined` when none waits, `"closed"` when none will come. */
export function receiveDescriptors(socket: number): ReceivedMessage | undefined | "closed" {
  iovec.writeBigUInt64LE(BigInt(payload.length), 8);
  header.fill(0);
  header.writeBigUInt64LE(iovecPointer, 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(controlPointer, 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  const count = Number(c.recvmsg(socket, headerPointer, MSG_CMSG_CLOEXEC | MSG_DONTWAIT));
  if (count < 0) return lastErrno() === EAGAIN ? undefined : "closed";
  const fds: number[] = [];
  const controlLength = Number(header.readBigUInt64LE(40));
  if (controlLength >= 20 && control.readInt32LE(12) === SCM_RIGHTS) {
    const fdCount = (Number(control.readBigUInt64LE(0)) - 16) / 4;
    for (let i = 0; i < fdCount; i++) fds.push(control.readInt32LE(16 + 4 * i));
  }
  if (count === 0 && fds.length === 0) return "closed";
  return { bytes: Buffer.from(payload.subarray(0, count)), fds };
}

function failure(action: string, errno: number = lastErrno()): WarrenError {
  return new WarrenError("system.socket", `could not ${action}: errno ${errno}`, { status: 500 });
}

function closing(fd: number, error: WarrenError): WarrenError {
  closeSync(fd);
  return error;
}
