import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Conduit, resetConduit } from "../base/conduit.ts";
import { WarrenError } from "../base/errors.ts";
import { Front } from "./front.ts";
import { writeProxyHeader } from "./proxy-protocol/write-header.ts";
import type { StreamTarget } from "./target.ts";
import { Client, dupFd, elsewhere, listeningFd, newActivity, streamTarget, testFront, until } from "./test-rig.ts";
import { Ticker } from "./ticker.ts";

let front: Front;
let port: number;

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addTcpListener("tcp", listening.fd);
});
after(() => front.destroy());

function route(target: StreamTarget): void {
  front.router.set("it", [{ listener: "tcp", target }]);
}

function accept(): Promise<Conduit> {
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  route(streamTarget(resolve));
  return promise;
}

async function received(guest: Conduit, bytes: number): Promise<string> {
  let text = "";
  for (;;) {
    for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift())
      text += Buffer.from(chunk).toString("latin1");
    if (text.length >= bytes || guest.input.finished) return text;
    await new Promise<void>((resolve) => {
      const before = guest.input.onReadable;
      guest.input.onReadable = () => {
        guest.input.onReadable = before;
        resolve();
      };
    });
  }
}

test("TcpListener passes bytes both ways, whatever they are", async () => {
  const accepted = accept();
  const client = new Client(port);
  client.send("\r\n\0GET");
  const guest = await accepted;
  assert.equal(await received(guest, 6), "\r\n\0GET");
  guest.output.push(Buffer.from("\xff\0", "latin1"));
  await client.untilText("\xff\0");
  assert.equal(guest.remote.ip, "127.0.0.1");
  client.socket.destroy();
});

test("TcpListener lets a guest speak first, and half-closes both ways", async () => {
  const accepted = accept();
  const client = new Client(port);
  const guest = await accepted;
  const { activity } = front.router.match("tcp", "", "/", false, "")!.target as StreamTarget;
  guest.output.push(Buffer.from("220 hi\r\n"));
  guest.output.end();
  await client.until((it) => it.ended);
  assert.deepEqual([activity.requests, activity.active], [1, 1]);
  client.send("still here");
  assert.equal(await received(guest, 10), "still here");
  const idle = new Promise<void>((resolve) => {
    activity.onIdle = resolve;
  });
  client.socket.end();
  assert.equal(await received(guest, 1), "");
  assert.equal(guest.input.failure, undefined);
  await idle;
});

test("TcpListener resets the client when the guest breaks off, and the guest when the client does", async () => {
  let accepted = accept();
  const first = new Client(port);
  resetConduit(await accepted);
  await first.untilClosed();
  assert.equal(first.error?.code, "ECONNRESET");

  accepted = accept();
  const second = new Client(port);
  const guest = await accepted;
  second.socket.resetAndDestroy();
  await received(guest, 1);
  assert.equal(guest.input.failure?.code, "connection.reset");
});

test("TcpListener holds a bounded part of what either side does not read", async () => {
  const accepted = accept();
  const client = new Client(port);
  const guest = await accepted;
  client.send("x".repeat(30_000_000));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(guest.input.bytes <= 128 * 1024, `${guest.input.bytes} bytes wait`);
  assert.equal((await received(guest, 30_000_000)).length, 30_000_000);
  client.socket.destroy();
});

test("TcpListener resets a client that nobody can serve", async () => {
  route({
    kind: "stream",
    activity: newActivity(),
    connect: () => Promise.reject(new WarrenError("service.unavailable", "no", { status: 503 })),
  });
  const refused = await new Client(port).untilClosed();
  assert.equal(refused.error?.code, "ECONNRESET");
  front.router.delete("it");
  const unknown = await new Client(port).untilClosed();
  assert.equal(unknown.error?.code, "ECONNRESET");
});

test("TcpListener passes a connection on to another front before it reads a byte", async () => {
  const other = testFront();
  const listening = await listeningFd();
  (await other.addTcpListener("tcp", listening.fd)).close();
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  other.router.set("it", [{ listener: "tcp", target: streamTarget(resolve) }]);
  const seen: number[] = [];
  front.router.set("it", [
    {
      listener: "tcp",
      target: elsewhere((fd, bytes, passage) => {
        seen.push(bytes.length);
        other.adopt(dupFd(fd), bytes, passage);
        return Promise.resolve();
      }),
    },
  ]);
  const client = new Client(port);
  client.send("x".repeat(100_000));
  const guest = await promise;
  assert.equal((await received(guest, 100_000)).length, 100_000);
  guest.output.push(Buffer.from("thanks"));
  await client.untilText("thanks");
  assert.deepEqual(seen, [0]);
  client.socket.destroy();
  other.destroy();
});

test("TcpListener.drain() waits for open connections, and breaks them off after the grace", async () => {
  const mine = testFront();
  const listening = await listeningFd();
  const listener = await mine.addTcpListener("tcp", listening.fd);
  const guests: Conduit[] = [];
  mine.router.set("it", [{ listener: "tcp", target: streamTarget((guest) => void guests.push(guest)) }]);
  const client = new Client(listening.port);
  client.send("x");
  await until(() => guests.length > 0);
  await listener.drain(20);
  assert.equal(listener.connections, 0);
  assert.equal(guests[0]!.output.cancelled, true);
  await client.untilClosed();
});

for (const proxy of ["v1", "v2"] as const) {
  test(`TcpListener begins a guest's connection with a header where the route says so: ${proxy}`, async () => {
    const { promise, resolve } = Promise.withResolvers<Conduit>();
    front.router.set("it", [{ listener: "tcp", stream: { proxy }, target: streamTarget(resolve) }]);
    const client = new Client(port);
    client.send("hello");
    const guest = await promise;
    const header = writeProxyHeader(proxy, {
      remote: { ip: "127.0.0.1", port: client.socket.localPort! },
      local: { ip: "127.0.0.1", port },
    }).toString("latin1");
    assert.equal(await received(guest, header.length + 5), `${header}hello`);
    client.socket.destroy();
  });
}

test("TcpListener breaks off a connection on which nothing moves, where the route says so", async () => {
  let now = 1;
  const ticker = new Ticker({ clock: () => now });
  const mine = testFront({ ticker });
  const listening = await listeningFd();
  await mine.addTcpListener("tcp", listening.fd);
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  mine.router.set("it", [{ listener: "tcp", stream: { idleMs: 60_000 }, target: streamTarget(resolve) }]);
  const client = new Client(listening.port);
  client.send("x");
  const guest = await promise;
  await received(guest, 1);
  const pass = (ms: number): void => {
    now += ms;
    ticker.tick();
  };
  pass(1);
  pass(59_000);
  guest.output.push(Buffer.from("y"));
  await client.untilText("y");
  pass(2000);
  pass(59_000);
  assert.equal(client.closed, false);
  pass(2000);
  await client.untilClosed();
  assert.equal(guest.output.cancelled, true);
  mine.destroy();
});
