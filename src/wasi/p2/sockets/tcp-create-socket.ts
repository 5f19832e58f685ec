import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { AddressFamily } from "./socket-address.ts";
import { TcpSocket } from "./tcp-socket.ts";

export const tcpCreateSocket: HostInterface<P2Host> = {
  name: "wasi:sockets/tcp-create-socket",
  version: "0.2",
  wit: `
    interface tcp-create-socket {
      use wasi:sockets/network.{network, error-code, ip-address-family};
      use wasi:sockets/tcp.{tcp-socket};
      create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
    }`,
  blocking: [],
  functions: (host) => ({ "create-tcp-socket": (family: AddressFamily) => TcpSocket.create(host, family) }),
};
