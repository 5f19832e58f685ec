// The front without a guest, for bench/streams.ts: what it brings is sent back by a function in the same process. On one port as it
// is, on a second after an upgrade from HTTP, on the third as datagrams.
import type { Address } from "../../src/base/address.ts";
import { type Conduit, conduitPair } from "../../src/base/conduit.ts";
import { bindUdp, boundAddress } from "../../src/base/native-socket.ts";
import { Front } from "../../src/net/front.ts";
import type { StreamTarget } from "../../src/net/target.ts";
import { listeningFd } from "../../src/net/test-rig.ts";

const upgraded =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const activity = { requests: 0, active: 0, onIdle: undefined };

/** A guest that sends back what comes, as far as its client takes it. */
function echo(begin: (guest: Conduit) => boolean): StreamTarget {
  return {
    kind: "stream",
    activity,
    connect(from: Address): Conduit {
      const [ours, guest] = conduitPair(from, { ip: "10.0.0.1", port: 8080 });
      let begun = false;
      const move = (): void => {
        if (!begun) {
          begun = begin(guest);
          if (!begun) return;
        }
        while (guest.output.writable) {
          const chunk = guest.input.shift();
          if (chunk === undefined) break;
          guest.output.push(chunk);
        }
        if (guest.input.finished) guest.output.end();
      };
      guest.input.onReadable = move;
      guest.output.onWritable = move;
      return ours;
    },
  };
}

/** Answers the request's head, once it is there; nothing follows it before the answer. */
function upgrade(guest: Conduit): boolean {
  const { input, output } = guest;
  const head = Buffer.alloc(4096);
  const length = input.read(head, true);
  if (!head.toString("latin1", 0, length).endsWith("\r\n\r\n")) return false;
  input.read(head);
  output.push(Buffer.from(upgraded));
  return true;
}

const front = new Front();
const tcp = await listeningFd();
const http = await listeningFd();
const udp = bindUdp({ ip: "127.0.0.1", port: 0 });
const ports = [tcp.port, http.port, boundAddress(udp).port];
front.router.set("bench", [
  { listener: "tcp", target: echo(() => true) },
  { listener: "http", target: echo(upgrade) },
]);
await front.addTcpListener("tcp", tcp.fd);
await front.addHttpListener("http", http.fd);
front.addUdpListener("udp", udp, { activity, deliver: (data, peer) => peer.send(data) }, { unboundedReplies: true });
console.log(ports.join(" "));
