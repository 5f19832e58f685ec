// The front before a server of this machine, as nginx stands before it: its target dials TCP, which no target of a worker does.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
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
const hosts = benchHosts(Number(process.env.HOSTS));
front.router.set(
  "bench",
  hosts.map((host) => ({ listener: "front", host, target })),
);
const { TLS_CHAIN, TLS_KEY } = process.env;
if (TLS_CHAIN === undefined || TLS_KEY === undefined) await front.addHttpListener("front", fd);
else {
  const { certificates } = front.tls;
  certificates.addPair("bench", { chain: readFileSync(TLS_CHAIN, "utf8"), key: readFileSync(TLS_KEY, "utf8") });
  // wrk names the address that it connects to.
  for (const name of [...hosts, "127.0.0.1"]) certificates.setName(name, { id: "bench", known: false });
  certificates.setStandard("bench");
  front.tls.setTicketKey(randomBytes(48));
  await front.addHttpsListener("front", fd);
}
console.log(port);
