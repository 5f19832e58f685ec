import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { AddressFamily } from "./socket-address.ts";
import { UdpSocket } from "./udp-socket.ts";

export const udpCreateSocket: HostInterface<P2Host> = {
  name: "wasi:sockets/udp-create-socket",
  version: "0.2",
  wit: `
    interface udp-create-socket {
      use wasi:sockets/network.{network, error-code, ip-address-family};
      use wasi:sockets/udp.{udp-socket};
      create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
    }`,
  blocking: [],
  functions: (host) => ({ "create-udp-socket": (family: AddressFamily) => UdpSocket.create(host, family) }),
};
