// The front without a guest: what answers is a function in the same process, at once and with the bytes that the Go server
// would send. What a request costs here is the front's own work and the system's for one connection.
import type { Address } from "../../src/base/address.ts";
import { type Conduit, conduitPair } from "../../src/base/conduit.ts";
import { Front } from "../../src/net/front.ts";
import type { StreamTarget } from "../../src/net/target.ts";
import { listeningFd } from "../../src/net/test-rig.ts";
import { benchHosts } from "../support/hosts.ts";

const body = "Hello from Go 1.26.0: visit 12345678\n";
const date = "Tue, 01 Jan 2030 00:00:00 GMT";
const fields = `Date: ${date}\r\nContent-Length: ${body.length}\r\nContent-Type: text/plain; charset=utf-8\r\n`;
const answer = Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n${body}`);

const target: StreamTarget = {
  kind: "stream",
  activity: { requests: 0, active: 0, onIdle: undefined },
  connect(from: Address): Conduit {
    const [ours, guest] = conduitPair(from, { ip: "10.0.0.1", port: 8080 });
    // The load has no bodies and does not pipeline, so that each chunk is one head.
    guest.input.onReadable = () => {
      while (guest.input.shift() !== undefined) guest.output.push(Buffer.from(answer));
      if (guest.input.finished) guest.output.end();
    };
    return ours;
  },
};

const { fd, port } = await listeningFd();
const front = new Front();
front.router.set(
  "bench",
  benchHosts(1000).map((host) => ({ listener: "http", host, target })),
);
await front.addHttpListener("http", fd);
console.log(port);
