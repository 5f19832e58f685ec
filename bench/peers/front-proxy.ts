// The front before a server of this machine, as nginx stands before it: its target dials TCP, which no target of a worker does.
import { connect } from "node:net";
import type { Address } from "../../src/base/address.ts";
import { type Conduit, conduitPair } from "../../src/base/conduit.ts";
import { Tunnel } from "../../src/base/tunnel.ts";
import { Front } from "../../src/net/front.ts";
import type { StreamTarget } from "../../src/net/target.ts";
import { listeningFd } from "../../src/net/test-rig.ts";
import { benchHosts } from "../support/hosts.ts";

const upstream = { ip: "127.0.0.1", port: Number(process.env.UPSTREAM) };

const target: StreamTarget = {
  kind: "stream",
  activity: { requests: 0, active: 0, onIdle: undefined },
  async connect(from: Address): Promise<Conduit> {
    const [ours, theirs] = conduitPair(from, upstream);
    const socket = connect({ host: upstream.ip, port: upstream.port, noDelay: true, allowHalfOpen: true });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    new Tunnel(socket, theirs, () => {}).start(undefined);
    return ours;
  },
};

const { fd, port } = await listeningFd();
const front = new Front();
front.router.set(
  "bench",
  benchHosts(Number(process.env.HOSTS)).map((host) => ({ listener: "http", host, target })),
);
await front.addHttpListener("http", fd);
console.log(port);
