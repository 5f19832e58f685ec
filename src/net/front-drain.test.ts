import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conduit } from "../base/conduit.ts";
import type { Front } from "./front.ts";
import { Client, exchange, listeningFd, ok, streamTarget, testFront, until } from "./test-rig.ts";

async function start(): Promise<{ front: Front; port: number; guests: Conduit[] }> {
  const front = testFront();
  const { fd, port } = await listeningFd();
  await front.addHttpListener("http", fd);
  const guests: Conduit[] = [];
  front.router.set("it", [{ listener: "http", target: streamTarget((guest) => void guests.push(guest)) }]);
  return { front, port, guests };
}

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("Front.drain() finishes the answers in hand with Connection: close", async () => {
  const { front, port, guests } = await start();
  const done = exchange(port, request);
  await until(() => guests.length === 1);
  const drained = front.drain(10_000);
  guests[0]!.output.push(Buffer.from(ok("last")));
  assert.match(await done, /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n\r\nlast$/s);
  await drained;
  assert.equal(front.connections, 0);
});

test("Front.drain() ends a connection after an answer whose head was out already", async () => {
  const { front, port, guests } = await start();
  const client = new Client(port);
  client.send(request);
  await until(() => guests.length === 1);
  guests[0]!.output.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla"));
  await client.untilText("la");
  const drained = front.drain(10_000);
  guests[0]!.output.push(Buffer.from("st"));
  await client.until((it) => it.ended);
  assert.match(client.text, /last$/);
  client.socket.end();
  await drained;
});

test("Front.drain() still answers a request on an idle connection, once", async () => {
  const { front, port, guests } = await start();
  const client = new Client(port);
  client.send(request);
  await until(() => guests.length === 1);
  guests[0]!.output.push(Buffer.from(ok("one")));
  await client.untilText("one");
  const drained = front.drain(10_000);
  client.send(request);
  guests[0]!.input.shift();
  await until(() => guests[0]!.input.bytes > 0);
  guests[0]!.output.push(Buffer.from(ok("two")));
  await client.until((it) => it.ended);
  assert.match(client.text, /Connection: close\r\n\r\ntwo$/);
  client.socket.end();
  await drained;
});

test("Front.drain() ends idle connections after a short while", async () => {
  const { front, port } = await start();
  const client = new Client(port);
  await until(() => front.connections === 1);
  const drained = front.drain(50);
  await client.untilClosed();
  await drained;
});

test("Front.drain() breaks off what is left after its grace", async () => {
  const { front, port, guests } = await start();
  const client = new Client(port);
  client.send(request);
  await until(() => guests.length === 1);
  await front.drain(20);
  assert.equal(front.connections, 0);
  assert.equal(guests[0]!.output.cancelled, true);
  await client.untilClosed();
});
