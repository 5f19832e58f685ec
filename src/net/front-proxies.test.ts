import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import type { Conduit } from "../base/conduit.ts";
import { type IpNetwork, parseNetwork } from "../base/ip.ts";
import { Front } from "./front.ts";
import { writeProxyHeader } from "./proxy-protocol/write-header.ts";
import type { Passage } from "./target.ts";
import { answering, Client, dupFd, elsewhere, listeningFd, ok, streamTarget, testFront, until } from "./test-rig.ts";

const proxies = [parseNetwork("127.0.0.1") as IpNetwork];
const ends = { remote: { ip: "192.0.2.7", port: 4000 }, local: { ip: "198.51.100.1", port: 443 } };
const header = writeProxyHeader("v1", ends).toString("latin1");
const codes: string[] = [];

let front: Front;
let httpPort: number;
let tcpPort: number;

before(async () => {
  front = new Front({ proxies, log: ({ code }) => codes.push(code) });
  const http = await listeningFd("0.0.0.0");
  await front.addHttpListener("http", http.fd);
  httpPort = http.port;
  const tcp = await listeningFd("0.0.0.0");
  await front.addTcpListener("tcp", tcp.fd);
  tcpPort = tcp.port;
  // Says by whom it was asked, and where.
  const by = (place: string) =>
    streamTarget(answering((text) => ok(`${place} ${/^x-forwarded-for: *(.*?)\r$/im.exec(text)?.[1]}`)));
  front.router.set("http", [
    { listener: "http", target: by("anywhere") },
    { listener: "http", ip: ends.local.ip, target: by("dialled") },
  ]);
});
after(() => front.destroy());

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("Front takes a trusted proxy's word for the client and for the address dialled, for every request", async () => {
  const client = new Client(httpPort);
  client.send(header + request);
  await client.untilText("dialled 192.0.2.7");
  client.text = "";
  client.send(request);
  await client.untilText("dialled 192.0.2.7");
  client.socket.destroy();
});

test("Front takes a header that comes byte by byte", async () => {
  for (const version of ["v1", "v2"] as const) {
    const client = new Client(httpPort);
    await new Promise((resolve) => client.socket.once("connect", resolve));
    for (const byte of writeProxyHeader(version, ends)) {
      await new Promise((resolve) => client.socket.write(Buffer.of(byte), resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.send(request);
    await client.untilText("dialled 192.0.2.7");
    client.socket.destroy();
  }
});

test("Front serves a proxy's own connection by its own addresses", async () => {
  const client = new Client(httpPort);
  client.send(`PROXY UNKNOWN\r\n${request}`);
  await client.untilText("anywhere 127.0.0.1");
  client.socket.destroy();
});

test("Front breaks off what a trusted proxy sends without a header, or with a wrong one", async () => {
  for (const text of [request, `${header.replace("192", "1920")}${request}`, "\r\n\r\n\0\r\nQUIT\n\x11"]) {
    codes.length = 0;
    const client = await new Client(httpPort);
    client.send(text);
    await client.untilClosed();
    assert.equal(client.text, "");
    assert.equal(client.error?.code, "ECONNRESET");
    assert.deepEqual(codes, ["proxy.malformed"]);
  }
});

test("Front counts a connection whose header never ended no longer", async () => {
  const small = testFront({ proxies, connectionsMax: 1 });
  const { fd, port } = await listeningFd();
  await small.addHttpListener("http", fd);
  small.router.set("it", [{ listener: "http", target: streamTarget(answering(() => ok("served"))) }]);
  for (let i = 0; i < 5; i++) {
    const gone = new Client(port);
    gone.send("PROXY TCP4 ");
    gone.socket.end();
    await gone.untilClosed();
  }
  const client = new Client(port);
  client.send(header + request);
  await client.untilText("served");
  client.socket.destroy();
  small.destroy();
});

test("Front.drain() waits for a connection whose header is on its way, and for none longer than it is told", async () => {
  const mine = testFront({ proxies });
  const { fd, port } = await listeningFd();
  const listener = await mine.addHttpListener("http", fd);
  mine.router.set("it", [{ listener: "http", target: streamTarget(answering(() => ok("served"))) }]);
  const [said, silent] = [new Client(port), new Client(port)];
  said.send(header.slice(0, 10));
  silent.send("PROXY");
  // Both are accepted by then: connections are in order.
  const third = new Client(port);
  third.send(header + request);
  await third.untilText("served");
  third.socket.destroy();
  const drained = listener.drain(500);
  said.send(header.slice(10) + request);
  await said.untilText("served");
  await drained;
  await silent.untilClosed();
  await said.untilClosed();
});

test("Front does not look for a header of anybody else's", async () => {
  const socket = connect({ port: httpPort, host: "127.0.0.1", localAddress: "127.0.0.2" });
  socket.end(header + request);
  assert.match((await socket.toArray()).join(""), /^HTTP\/1\.1 400 /);
});

test("Front passes on whose connection it is, and the bytes after the header", async () => {
  const other = testFront();
  other.addRemoteListener("tcp", "tcp");
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  other.router.set("it", [{ listener: "tcp", ip: ends.local.ip, target: streamTarget(resolve) }]);
  const passages: Passage[] = [];
  front.router.set("tcp", [
    {
      listener: "tcp",
      ip: ends.local.ip,
      target: elsewhere((fd, bytes, passage) => {
        passages.push(passage);
        other.adopt(dupFd(fd), bytes, passage);
        return Promise.resolve();
      }),
    },
  ]);
  const client = new Client(tcpPort);
  client.send(`${header}hello`);
  const guest = await promise;
  await until(() => guest.input.bytes >= 5);
  assert.equal(Buffer.from(guest.input.shift()!).toString(), "hello");
  assert.deepEqual(guest.remote, ends.remote);
  assert.deepEqual(passages, [{ listener: "tcp", passed: 1, ends }]);
  client.socket.destroy();
  other.destroy();
});
