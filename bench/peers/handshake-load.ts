// Connections over TLS one after the other, each with one request: with sessions that begin anew, or are resumed.
import { once } from "node:events";
import { connect } from "node:tls";

const [port, host, connections, seconds, kind] = process.argv.slice(2);
const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
const times: number[] = [];
let over = false;

async function ask(session: Buffer | undefined): Promise<Buffer | undefined> {
  const begun = performance.now();
  const socket = connect({
    port: Number(port),
    host: "127.0.0.1",
    servername: host!,
    rejectUnauthorized: false,
    // Node's OpenSSL would add ML-KEM, which those of distributions do not know yet.
    ecdhCurve: "X25519",
    ALPNProtocols: ["http/1.1"],
    ...(session === undefined ? {} : { session }),
  });
  let ticket: Buffer | undefined;
  socket.on("session", (given) => {
    ticket = given;
  });
  await once(socket, "secureConnect");
  if ((session !== undefined) !== socket.isSessionReused()) throw new Error("the session was not as asked for");
  socket.write(request);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
  times.push(performance.now() - begun);
  return ticket;
}

async function converse(): Promise<void> {
  // A ticket is used once (RFC 8446 §C.4), and each answer brings another.
  let ticket = await ask(undefined);
  while (!over) ticket = await ask(kind === "resumed" ? ticket : undefined);
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
