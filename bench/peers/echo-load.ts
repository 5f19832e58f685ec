// A WebSocket client that sends one message after the other on each of its connections, and waits for each to come back.
import { once } from "node:events";
import { connect } from "node:net";

const [port, host, connections, seconds] = process.argv.slice(2);
const message = Buffer.alloc(32, "x");
// A text frame with a mask of zeroes, and the same without one, as a server sends it (RFC 6455 §5.2).
const frame = Buffer.concat([Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]), message]);
const echoBytes = 2 + message.length;
const head =
  `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const times: number[] = [];
let over = false;

async function converse(): Promise<void> {
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.write(head);
  let text = "";
  while (!text.includes("\r\n\r\n")) text += String((await once(socket, "data"))[0]);
  if (!text.startsWith("HTTP/1.1 101")) throw new Error(text);
  await new Promise<void>((resolve, reject) => {
    let sentAt = performance.now();
    let missing = echoBytes;
    socket.on("error", reject).on("close", () => (over ? resolve() : reject(new Error("the connection was closed"))));
    socket.on("data", (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing > 0) return;
      const now = performance.now();
      times.push(now - sentAt);
      if (over) {
        socket.destroy();
        return;
      }
      missing = echoBytes;
      sentAt = now;
      socket.write(frame);
    });
    socket.write(frame);
  });
}

setTimeout(() => {
  over = true;
}, Number(seconds) * 1000);
await Promise.all(Array.from({ length: Number(connections) }, converse));
times.sort((a, b) => a - b);
const at = (part: number): number => times[Math.floor(times.length * part)]! * 1000;
console.log(
  JSON.stringify({ requests: times.length, perSecond: times.length / Number(seconds), p50: at(0.5), p99: at(0.99) }),
);
