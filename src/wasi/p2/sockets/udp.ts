import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream } from "./datagram-streams.ts";
import type { NetworkHandle } from "./network-handle.ts";
import type { WitSocketAddress } from "./socket-address.ts";
import type { UdpSocket } from "./udp-socket.ts";

const functions: Record<string, HostCall> = {
  "[method]udp-socket.start-bind": (self: UdpSocket, _network: NetworkHandle, address: WitSocketAddress) =>
    self.startBind(address),
  "[method]udp-socket.finish-bind": (self: UdpSocket) => self.finishBind(),
  "[method]udp-socket.stream": (self: UdpSocket, address: WitSocketAddress | undefined) => self.stream(address),
  "[method]udp-socket.local-address": (self: UdpSocket) => self.localAddress(),
  "[method]udp-socket.remote-address": (self: UdpSocket) => self.remoteAddress(),
  "[method]udp-socket.address-family": (self: UdpSocket) => self.family,
  "[method]udp-socket.unicast-hop-limit": (self: UdpSocket) => self.hopLimit,
  "[method]udp-socket.set-unicast-hop-limit": (self: UdpSocket, value: number) => self.setHopLimit(value),
  "[method]udp-socket.receive-buffer-size": (self: UdpSocket) => self.bufferSize("receiveBuffer"),
  "[method]udp-socket.set-receive-buffer-size": (self: UdpSocket, value: bigint) =>
    self.setBufferSize("receiveBuffer", value),
  "[method]udp-socket.send-buffer-size": (self: UdpSocket) => self.bufferSize("sendBuffer"),
  "[method]udp-socket.set-send-buffer-size": (self: UdpSocket, value: bigint) =>
    self.setBufferSize("sendBuffer", value),
  "[method]udp-socket.subscribe": (self: UdpSocket) => self.subscribe(),
  "[resource-drop]udp-socket": (self: UdpSocket) => self.drop(),
  "[method]incoming-datagram-stream.receive": (self: IncomingDatagramStream, max: bigint) => self.receive(max),
  "[method]incoming-datagram-stream.subscribe": (self: IncomingDatagramStream) => self.subscribe(),
  "[resource-drop]incoming-datagram-stream": (self: IncomingDatagramStream) => self.drop(),
  "[method]outgoing-datagram-stream.check-send": (self: OutgoingDatagramStream) => self.checkSend(),
  "[method]outgoing-datagram-stream.send": (self: OutgoingDatagramStream, datagrams: readonly OutgoingDatagram[]) =>
    self.send(datagrams),
  "[method]outgoing-datagram-stream.subscribe": (self: OutgoingDatagramStream) => self.subscribe(),
  "[resource-drop]outgoing-datagram-stream": (self: OutgoingDatagramStream) => self.drop(),
};

export const udp: HostInterface<P2Host> = {
  name: "wasi:sockets/udp",
  version: "0.2",
  wit: `
    interface udp {
      use wasi:io/poll.{pollable};
      use wasi:sockets/network.{network, error-code, ip-socket-address, ip-address-family};
      record incoming-datagram {
        data: list<u8>,
        remote-address: ip-socket-address,
      }
      record outgoing-datagram {
        data: list<u8>,
        remote-address: option<ip-socket-address>,
      }
      resource udp-socket {
        start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
        finish-bind: func() -> result<_, error-code>;
        %stream: func(remote-address: option<ip-socket-address>) -> result<tuple<incoming-datagram-stream, outgoing-datagram-stream>, error-code>;
        local-address: func() -> result<ip-socket-address, error-code>;
        remote-address: func() -> result<ip-socket-address, error-code>;
        address-family: func() -> ip-address-family;
        unicast-hop-limit: func() -> result<u8, error-code>;
        set-unicast-hop-limit: func(value: u8) -> result<_, error-code>;
        receive-buffer-size: func() -> result<u64, error-code>;
        set-receive-buffer-size: func(value: u64) -> result<_, error-code>;
        send-buffer-size: func() -> result<u64, error-code>;
        set-send-buffer-size: func(value: u64) -> result<_, error-code>;
        subscribe: func() -> pollable;
      }
      resource incoming-datagram-stream {
        receive: func(max-results: u64) -> result<list<incoming-datagram>, error-code>;
        subscribe: func() -> pollable;
      }
      resource outgoing-datagram-stream {
        check-send: func() -> result<u64, error-code>;
        send: func(datagrams: list<outgoing-datagram>) -> result<u64, error-code>;
        subscribe: func() -> pollable;
      }
    }`,
  blocking: [],
  functions: () => functions,
};
