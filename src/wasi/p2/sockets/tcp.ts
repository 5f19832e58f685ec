import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { NetworkHandle } from "./network-handle.ts";
import type { WitSocketAddress } from "./socket-address.ts";
import type { TcpSocket } from "./tcp-socket.ts";

const functions: Record<string, HostCall> = {
  "[method]tcp-socket.start-bind": (self: TcpSocket, _network: NetworkHandle, address: WitSocketAddress) =>
    self.startBind(address),
  "[method]tcp-socket.finish-bind": (self: TcpSocket) => self.finishBind(),
  "[method]tcp-socket.start-connect": (self: TcpSocket, _network: NetworkHandle, address: WitSocketAddress) =>
    self.startConnect(address),
  "[method]tcp-socket.finish-connect": (self: TcpSocket) => self.finishConnect(),
  "[method]tcp-socket.start-listen": (self: TcpSocket) => self.startListen(),
  "[method]tcp-socket.finish-listen": (self: TcpSocket) => self.finishListen(),
  "[method]tcp-socket.accept": (self: TcpSocket) => self.accept(),
  "[method]tcp-socket.local-address": (self: TcpSocket) => self.localAddress(),
  "[method]tcp-socket.remote-address": (self: TcpSocket) => self.remoteAddress(),
  "[method]tcp-socket.is-listening": (self: TcpSocket) => self.isListening,
  "[method]tcp-socket.address-family": (self: TcpSocket) => self.family,
  "[method]tcp-socket.set-listen-backlog-size": (self: TcpSocket, value: bigint) => self.setListenBacklogSize(value),
  "[method]tcp-socket.keep-alive-enabled": (self: TcpSocket) => self.keepAliveEnabled,
  "[method]tcp-socket.set-keep-alive-enabled": (self: TcpSocket, value: boolean) => self.setKeepAliveEnabled(value),
  "[method]tcp-socket.keep-alive-idle-time": (self: TcpSocket) => self.duration("keepIdle"),
  "[method]tcp-socket.set-keep-alive-idle-time": (self: TcpSocket, value: bigint) =>
    self.setDuration("keepIdle", value),
  "[method]tcp-socket.keep-alive-interval": (self: TcpSocket) => self.duration("keepInterval"),
  "[method]tcp-socket.set-keep-alive-interval": (self: TcpSocket, value: bigint) =>
    self.setDuration("keepInterval", value),
  "[method]tcp-socket.keep-alive-count": (self: TcpSocket) => self.keepAliveCount,
  "[method]tcp-socket.set-keep-alive-count": (self: TcpSocket, value: number) => self.setKeepAliveCount(value),
  "[method]tcp-socket.hop-limit": (self: TcpSocket) => self.hopLimit,
  "[method]tcp-socket.set-hop-limit": (self: TcpSocket, value: number) => self.setHopLimit(value),
  "[method]tcp-socket.receive-buffer-size": (self: TcpSocket) => self.bufferSize("receiveBuffer"),
  "[method]tcp-socket.set-receive-buffer-size": (self: TcpSocket, value: bigint) =>
    self.setBufferSize("receiveBuffer", value),
  "[method]tcp-socket.send-buffer-size": (self: TcpSocket) => self.bufferSize("sendBuffer"),
  "[method]tcp-socket.set-send-buffer-size": (self: TcpSocket, value: bigint) =>
    self.setBufferSize("sendBuffer", value),
  "[method]tcp-socket.subscribe": (self: TcpSocket) => self.subscribe(),
  "[method]tcp-socket.shutdown": (self: TcpSocket, type: "receive" | "send" | "both") => self.shutdown(type),
  "[resource-drop]tcp-socket": (self: TcpSocket) => self.drop(),
};

export const tcp: HostInterface<P2Host> = {
  name: "wasi:sockets/tcp",
  version: "0.2",
  wit: `
    interface tcp {
      use wasi:io/streams.{input-stream, output-stream};
      use wasi:io/poll.{pollable};
      use wasi:clocks/monotonic-clock.{duration};
      use wasi:sockets/network.{network, error-code, ip-socket-address, ip-address-family};
      enum shutdown-type {
        receive,
        send,
        both,
      }
      resource tcp-socket {
        start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
        finish-bind: func() -> result<_, error-code>;
        start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
        finish-connect: func() -> result<tuple<input-stream, output-stream>, error-code>;
        start-listen: func() -> result<_, error-code>;
        finish-listen: func() -> result<_, error-code>;
        accept: func() -> result<tuple<tcp-socket, input-stream, output-stream>, error-code>;
        local-address: func() -> result<ip-socket-address, error-code>;
        remote-address: func() -> result<ip-socket-address, error-code>;
        is-listening: func() -> bool;
        address-family: func() -> ip-address-family;
        set-listen-backlog-size: func(value: u64) -> result<_, error-code>;
        keep-alive-enabled: func() -> result<bool, error-code>;
        set-keep-alive-enabled: func(value: bool) -> result<_, error-code>;
        keep-alive-idle-time: func() -> result<duration, error-code>;
        set-keep-alive-idle-time: func(value: duration) -> result<_, error-code>;
        keep-alive-interval: func() -> result<duration, error-code>;
        set-keep-alive-interval: func(value: duration) -> result<_, error-code>;
        keep-alive-count: func() -> result<u32, error-code>;
        set-keep-alive-count: func(value: u32) -> result<_, error-code>;
        hop-limit: func() -> result<u8, error-code>;
        set-hop-limit: func(value: u8) -> result<_, error-code>;
        receive-buffer-size: func() -> result<u64, error-code>;
        set-receive-buffer-size: func(value: u64) -> result<_, error-code>;
        send-buffer-size: func() -> result<u64, error-code>;
        set-send-buffer-size: func(value: u64) -> result<_, error-code>;
        subscribe: func() -> pollable;
        shutdown: func(shutdown-type: shutdown-type) -> result<_, error-code>;
      }
    }`,
  blocking: [],
  functions: () => functions,
};
