// One of several processes that accept from a port, for bench/accept.ts: `shared` on the listening socket that is descriptor 3, `reuseport
// PORT` on one of its own. Sends back what comes; for each line on its standard input it prints how many connections it has taken.
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Address } from "../../src/base/address.ts";
import { type Conduit, conduitPair } from "../../src/base/conduit.ts";
import { duplicate } from "../../src/base/native-socket.ts";
import { Front } from "../../src/net/front.ts";
import { socketHandle } from "../../src/net/socket-handle.ts";

const [how, port] = process.argv.slice(2);
const activity = { requests: 0, active: 0, onIdle: undefined };

async function ownSocket(): Promise<number> {
  const server = createServer().listen({ port: Number(port), host: "127.0.0.1", reusePort: true });
  await new Promise((resolve) => server.once("listening", resolve));
  const fd = duplicate(socketHandle(server as unknown as Socket)!.fd);
  server.close();
  return fd;
}

const front = new Front();
front.router.set("bench", [
  {
    listener: "tcp",
    target: {
      kind: "stream",
      activity,
      connect(from: Address): Conduit {
        const [ours, guest] = conduitPair(from, { ip: "10.0.0.1", port: 8080 });
        guest.input.onReadable = () => {
          for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift())
            guest.output.push(chunk);
          if (guest.input.finished) guest.output.end();
        };
        return ours;
      },
    },
  },
]);
await front.addTcpListener("tcp", how === "shared" ? 3 : await ownSocket());
console.log("listening");
createInterface({ input: process.stdin }).on("line", () => console.log(activity.requests));
