import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Conduit } from "../base/conduit.ts";
import { Front } from "./front.ts";
import type { StreamTarget } from "./target.ts";
import { answering, Client, listeningFd, newActivity, ok, streamTarget, until } from "./test-rig.ts";
import { Ticker } from "./ticker.ts";

let now = 0;
const ticker = new Ticker({ clock: () => now });
let front: Front;
let port: number;
let client: Client;

before(async () => {
  front = new Front({ ticker });
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
});
after(() => front.destroy());

function pass(ms: number): void {
  now += ms;
  ticker.tick();
}

function route(target: StreamTarget): void {
  front.router.set("it", [{ listener: "http", target }]);
}

/** Waits until the front has seen what was sent: it answers a request on another connection afterwards. */
async function settled(): Promise<void> {
  const other = new Client(port);
  other.send("GET / HTTP/1.1\r\n\r\n");
  await other.until((it) => it.ended);
  other.socket.destroy();
}

/** A guest that keeps every connection and says nothing. */
function silent(): { target: StreamTarget; guests: Conduit[] } {
  const guests: Conduit[] = [];
  return { target: streamTarget((guest) => void guests.push(guest)), guests };
}

test("Front cuts a head that comes too slowly, with 408", async () => {
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\n");
  await settled();
  pass(9_000);
  client.send("Host: a\r\n");
  await settled();
  pass(2_000);
  await client.until((it) => it.ended);
  assert.match(client.text, /^HTTP\/1\.1 408 /);
});

test("Front ends an idle connection without a word", async () => {
  client = new Client(port);
  await settled();
  pass(76_000);
  await client.until((it) => it.ended);
  assert.equal(client.text, "");
});

test("Front ends a kept connection that stays idle", async () => {
  route(streamTarget(answering(() => ok("x"))));
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("\r\n\r\nx");
  pass(74_000);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until((it) => it.text.match(/\r\n\r\nx/g)?.length === 2);
  pass(76_000);
  await client.until((it) => it.ended);
});

test("Front cuts a body that stops coming, with 408, and breaks the guest's connection off", async () => {
  const { target, guests } = silent();
  route(target);
  client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  await settled();
  pass(29_000);
  client.send("w");
  await settled();
  pass(29_000);
  assert.equal(guests[0]!.output.cancelled, false);
  pass(2_000);
  await client.until((it) => it.ended);
  assert.match(client.text, /^HTTP\/1\.1 408 /);
  assert.equal(guests[0]!.output.cancelled, true);
});

test("Front does not blame the client for a body that the guest does not take", async () => {
  const { target, guests } = silent();
  route(target);
  client = new Client(port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`);
  await until(() => (guests[0]?.input.bytes ?? 0) >= 65_536);
  await settled();
  pass(60_000);
  assert.equal(guests[0]!.output.cancelled, false);
});

test("Front answers 504 when the guest does not answer in time", async () => {
  const { target, guests } = silent();
  route(target);
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await settled();
  pass(299_000);
  assert.equal(guests[0]!.output.cancelled, false);
  pass(2_000);
  await client.untilText("(service.timeout)");
  assert.match(client.text, /^HTTP\/1\.1 504 /);
  assert.equal(guests[0]!.output.cancelled, true);
});

test("Front does not cut a service's own limit short, however long ago the last tick was", async () => {
  const { target } = silent();
  route({ ...target, answerMsMax: 500 });
  now += 900;
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await settled();
  pass(400);
  await settled();
  assert.equal(client.text, "");
  pass(200);
  await client.untilText("504");
});

test("Front lets an answer that has begun take its time", async () => {
  const { target, guests } = silent();
  route(target);
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await settled();
  guests[0]!.output.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"));
  await client.untilText("ab");
  pass(3_600_000);
  guests[0]!.output.push(Buffer.from("cd"));
  await client.untilText("abcd");
});

test("Front cuts a client that takes nothing of its answer", async () => {
  const { target, guests } = silent();
  route(target);
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await settled();
  client.socket.pause();
  const { output } = guests[0]!;
  output.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"));
  for (let rounds = 0; rounds < 3; rounds++) {
    while (output.writable) output.push(Buffer.alloc(64 * 1024));
    await settled();
    if (output.writable) rounds = 0;
  }
  pass(1_000);
  pass(29_000);
  assert.equal(output.cancelled, false);
  pass(2_000);
  await until(() => output.cancelled);
});

test("Front reaps a client that half-closed and gets nothing", async () => {
  const { target, guests } = silent();
  route(target);
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.socket.end();
  await until(() => guests[0]?.input.closed === true);
  pass(29_000);
  assert.equal(guests[0]!.output.cancelled, false);
  pass(2_000);
  await until(() => guests[0]!.output.cancelled);
});

test("Front ends a guest's connection that nobody has used for a while", async () => {
  const guests: Conduit[] = [];
  route(
    streamTarget((guest) => {
      guests.push(guest);
      answering(() => ok("x"))(guest);
    }),
  );
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("\r\n\r\nx");
  pass(29_000);
  assert.equal(guests[0]!.input.closed, false);
  pass(2_000);
  assert.equal(guests[0]!.input.closed, true);
});

test("Front cuts a connection whose client goes on sending after the last answer", async () => {
  client = new Client(port);
  client.send("GET / HTTP/1.1\n");
  await client.until((it) => it.ended);
  assert.equal(front.connections, 1);
  pass(1_000);
  assert.equal(front.connections, 1);
  pass(4_000);
  await until(() => front.connections === 0);
});

test("Front ends the wait for a guest that is starting, too", async () => {
  const activity = newActivity();
  route({ kind: "stream", activity, connect: () => new Promise(() => {}) });
  client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await settled();
  pass(301_000);
  await client.untilText("(service.timeout)");
  assert.equal(activity.active, 0);
});
