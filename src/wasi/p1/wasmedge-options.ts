import { filetype } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import type { SocketOption, SocketOptions } from "../sockets/socket-options.ts";
import type { Socket } from "./socket-calls.ts";

const level = { socket: 0, tcp: 6, ipv6: 41 } as const;
/** Of SOL_SOCKET (WasmEdge: __wasi_sock_opt_so_t). */
const name = {
  type: 1,
  error: 2,
  linger: 9,
  receiveTimeout: 11,
  sendTimeout: 12,
  accepts: 13,
  bindToDevice: 14,
} as const;
const socketType = { datagram: 1, stream: 2 } as const;

const socketOptions: Readonly<Record<number, SocketOption>> = {
  0: "reuseAddress",
  3: "dontRoute",
  4: "broadcast",
  5: "sendBuffer",
  6: "receiveBuffer",
  7: "keepAlive",
  8: "oobInline",
  10: "receiveLowWater",
};
/** Linux' numbers (tcp.h), and 15 for no delay, which is wasi-go's. */
const tcpOptions: Readonly<Record<number, SocketOption>> = {
  1: "noDelay",
  4: "keepIdle",
  5: "keepInterval",
  12: "quickAck",
  15: "noDelay",
};
const ipv6Options: Readonly<Record<number, SocketOption>> = { 26: "ipv6Only" };

/** `struct timeval` and `struct linger` of wasi-libc. */
const timevalBytes = 16;
const lingerBytes = 8;
const nanosecondsPerMicrosecond = 1000n;
const microsecondsPerSecond = 1_000_000n;
/** More is for ever: a guest's clock has 64 bits. */
const timeoutMax = 2n ** 62n;

/** setsockopt with WasmEdge's numbers; an errno. */
export function setOption({ options }: Socket, ofLevel: number, number: number, value: Uint8Array): number {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (ofLevel === level.socket) {
    switch (number) {
      case name.type:
      case name.error:
      case name.accepts:
        return errno.NOPROTOOPT;
      case name.bindToDevice:
        return errno.PERM;
      case name.linger:
        if (value.length < lingerBytes) return errno.INVAL;
        options.linger = view.getInt32(0, true) === 0 ? undefined : view.getInt32(4, true);
        return errno.SUCCESS;
      case name.receiveTimeout:
      case name.sendTimeout:
        return setTimeout(options, number, view);
      default:
        break;
    }
  }
  const option = optionOf(ofLevel, number);
  // Of other levels there are many, and what they tune is not here: a program that sets one need not fail.
  if (option === undefined) return ofLevel === level.socket ? errno.NOPROTOOPT : errno.SUCCESS;
  if (value.length < 4) return errno.INVAL;
  options.set(option, view.getInt32(0, true));
  return errno.SUCCESS;
}

/** getsockopt with WasmEdge's numbers; the value's bytes, or undefined for an option that is not known. */
export function getOption(socket: Socket, ofLevel: number, number: number): Uint8Array | undefined {
  const { options } = socket;
  if (ofLevel === level.socket) {
    switch (number) {
      case name.type:
        return int(socket.type === filetype.datagramSocket ? socketType.datagram : socketType.stream);
      case name.error:
        return int(socket instanceof Connection || socket instanceof DatagramSocket ? socket.takeError() : 0);
      case name.accepts:
        return int(socket instanceof ListenerSocket ? 1 : 0);
      case name.bindToDevice:
        return int(0);
      case name.linger:
        return Buffer.concat([int(options.linger === undefined ? 0 : 1), int(options.linger ?? 0)]);
      case name.receiveTimeout:
        return timeval(options.receiveTimeout);
      case name.sendTimeout:
        return timeval(options.sendTimeout);
      default:
        break;
    }
  }
  const option = optionOf(ofLevel, number);
  if (option === undefined) return ofLevel === level.socket ? undefined : int(0);
  return int(options.get(option));
}

function optionOf(ofLevel: number, number: number): SocketOption | undefined {
  const known =
    ofLevel === level.socket
      ? socketOptions
      : ofLevel === level.tcp
        ? tcpOptions
        : ofLevel === level.ipv6
          ? ipv6Options
          : {};
  return Object.hasOwn(known, number) ? known[number] : undefined;
}

function setTimeout(options: SocketOptions, number: number, value: DataView): number {
  if (value.byteLength < timevalBytes) return errno.INVAL;
  const micros = value.getBigInt64(0, true) * microsecondsPerSecond + value.getBigInt64(8, true);
  if (micros < 0n || value.getBigInt64(8, true) >= microsecondsPerSecond) return errno.DOM;
  const nanos = micros * nanosecondsPerMicrosecond;
  const timeout = nanos === 0n || nanos > timeoutMax ? undefined : nanos;
  if (number === name.receiveTimeout) options.receiveTimeout = timeout;
  else options.sendTimeout = timeout;
  return errno.SUCCESS;
}

function timeval(timeout: bigint | undefined): Uint8Array {
  const micros = (timeout ?? 0n) / nanosecondsPerMicrosecond;
  const bytes = Buffer.alloc(timevalBytes);
  bytes.writeBigInt64LE(micros / microsecondsPerSecond, 0);
  bytes.writeBigInt64LE(micros % microsecondsPerSecond, 8);
  return bytes;
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0, 0);
  return bytes;
}
