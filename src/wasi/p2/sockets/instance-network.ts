import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { NetworkHandle } from "./network-handle.ts";

export const instanceNetwork: HostInterface<P2Host> = {
  name: "wasi:sockets/instance-network",
  version: "0.2",
  wit: `
    interface instance-network {
      use wasi:sockets/network.{network};
      instance-network: func() -> network;
    }`,
  blocking: [],
  functions: (host) => ({ "instance-network": () => new NetworkHandle(host) }),
};
