import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { conduitPair } from "../base/conduit.ts";
import { socketPair } from "../base/native-socket.ts";
import { Tunnel } from "../base/tunnel.ts";
import type { Client as Peer } from "./client.ts";
import { Front } from "./front.ts";
import { HttpListener } from "./http-listener.ts";
import { ClientConnection } from "./http1/client-connection.ts";
import { httpLimits } from "./http1/limits.ts";
import type { StreamTarget } from "./target.ts";
import { answering, Client, elsewhere, listeningFd, newActivity, ok, streamTarget, testFront } from "./test-rig.ts";

// Two fronts in one process stand for two workers; the clients of `here` cannot be given away, as those over TLS.
const here = new Front();
const there = new Front();
const client: Peer = {
  remote: { ip: "192.0.2.7", port: 1234 },
  local: { ip: "198.51.100.1", port: 443 },
  scheme: "https",
};
const asked: string[] = [];
let streams = 0;
const server = createServer({ allowHalfOpen: true });
let port: number;

before(async () => {
  (await there.addHttpListener("https", (await listeningFd()).fd)).close();
  there.router.set("it", [
    {
      listener: "https",
      target: streamTarget(
        answering((request) => {
          asked.push(request);
          return request.includes("Upgrade: echo")
            ? "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello"
            : ok(`got ${request.slice(-4)}`);
        }),
      ),
    },
  ]);
  const listener = new HttpListener("https", httpLimits, here);
  server.on("connection", (socket: Socket) => new ClientConnection(socket, client, listener, "secure", 0));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
after(() => {
  here.destroy();
  there.destroy();
  server.close();
});
afterEach(() => {
  asked.length = 0;
  streams = 0;
});

const other: StreamTarget = {
  kind: "stream",
  peer: true,
  activity: newActivity(),
  connect(from) {
    streams++;
    const [near, far] = socketPair("stream");
    there.adopt(far, new Uint8Array(0), { listener: "https", passed: 0, peer: true });
    const socket = new Socket({ fd: near, allowHalfOpen: true });
    const [ours, theirs] = conduitPair(from, from);
    new Tunnel(socket, theirs, () => {}).start(undefined);
    return ours;
  },
};
here.router.set("it", [{ listener: "https", target: elsewhere(() => assert.fail("passed on"), other) }]);

function post(body: string): string {
  return `POST /a HTTP/1.1\r\nHost: it\r\nX-Forwarded-For: 10.9.9.9\r\nWarren-Forwarded: 10.9.9.9 1 10.9.9.9 2 http\r\nContent-Length: 4\r\n\r\n${body}`;
}

test("Front asks another front for a connection that it cannot give away, over one stream for many requests", async () => {
  const connection = new Client(port);
  for (const body of ["one.", "two.", "six."]) {
    connection.send(post(body));
    await connection.untilText(`got ${body}`);
  }
  const second = new Client(port);
  second.send(post("and."));
  await second.untilText("got and.");
  assert.equal(streams, 1);
  connection.socket.destroy();
  second.socket.destroy();
  assert.equal(asked.length, 4);
});

test("the other front takes the client from the front that asks, and from nobody else", async () => {
  const connection = new Client(port);
  connection.send(post("one."));
  await connection.untilText("got one.");
  connection.socket.destroy();
  assert.match(asked[0]!, /\r\nX-Forwarded-For: 192\.0\.2\.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: it\r\n/);
  assert.doesNotMatch(asked[0]!, /10\.9\.9\.9|Warren-/);
});

test("a connection between fronts carries an upgrade", async () => {
  const connection = new Client(port);
  connection.send("GET / HTTP/1.1\r\nHost: it\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
  await connection.untilText("hello");
  connection.socket.destroy();
});

test("a front that does not say whose request it is gets none answered", async () => {
  for (const field of ["", "Warren-Forwarded: 192.0.2.7\r\n", "Warren-Forwarded: a 1 b 2 http\r\n"]) {
    const [near, far] = socketPair("stream");
    there.adopt(far, new Uint8Array(0), { listener: "https", passed: 0, peer: true });
    const socket = new Socket({ fd: near });
    socket.write(`GET / HTTP/1.1\r\nHost: it\r\n${field}\r\n`);
    const text = Buffer.concat(await socket.toArray()).toString();
    assert.match(text, /^HTTP\/1\.1 502 .*\(peer\.malformed\)/s);
  }
  assert.deepEqual(asked, []);
});

test("a connection between fronts is not closed by the one that is asked", async () => {
  const draining = testFront();
  (await draining.addHttpListener("https", (await listeningFd()).fd)).close();
  const [near, far] = socketPair("stream");
  draining.adopt(far, new Uint8Array(0), { listener: "https", passed: 0, peer: true });
  const drained = draining.drain(30_000);
  closeSync(near);
  await drained;
});
