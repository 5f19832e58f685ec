import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { makePair } from "../../../test/support/certificates.ts";
import { Front, type FrontOptions } from "../front.ts";
import type { FrontEvent } from "../http1/context.ts";
import { answering, Client, listeningFd, ok, streamTarget, until } from "../test-rig.ts";
import { Ticker } from "../ticker.ts";
import { clientHello } from "./test-hello.ts";

const pair = makePair(["a.test"]);

/** A front with one https listener, whose clock the test moves. */
async function secureFront(
  t: TestContext,
  options: FrontOptions = {},
): Promise<{ front: Front; port: number; pass: (ms: number) => void; events: FrontEvent[] }> {
  let now = 0;
  const ticker = new Ticker({ clock: () => now, intervalMs: 3_600_000 });
  const events: FrontEvent[] = [];
  const front = new Front({ ...options, ticker, log: (event) => events.push(event) });
  t.after(() => front.destroy());
  const { fd, port } = await listeningFd();
  await front.addHttpsListener("https", fd);
  front.tls.certificates.addPair("a", pair);
  front.tls.certificates.setStandard("a");
  const target = streamTarget(answering(() => ok("hello")));
  front.router.set("n/a", [{ listener: "https", host: "a.test", target }]);
  const pass = (ms: number): void => {
    now += ms;
    ticker.tick();
  };
  return { front, port, pass, events };
}

async function ask(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", servername: "a.test", rejectUnauthorized: false });
  socket.write("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  return (await socket.toArray()).join("");
}

test("HttpsListener breaks off a handshake that takes longer than ten seconds, at any step", async (t) => {
  const { front, port, pass } = await secureFront(t);
  const hello = await clientHello({ servername: "a.test" });
  const silent = new Client(port);
  const slow = new Client(port);
  slow.socket.write(hello.subarray(0, 50));
  const half = new Client(port);
  half.socket.write(hello);
  await half.until(({ text }) => text.length > 0);
  await until(() => front.connections === 3);
  pass(9000);
  slow.socket.write(hello.subarray(50, 60));
  assert.equal(front.connections, 3);
  pass(2000);
  for (const client of [silent, slow, half]) await client.untilClosed();
  await until(() => front.connections === 0);
  assert.match(await ask(port), /hello$/);
});

test("HttpsListener breaks off the oldest of more handshakes than it may have, and serves who goes on", async (t) => {
  const { front, port } = await secureFront(t, { handshakesMax: 20 });
  const first = new Client(port);
  await until(() => front.connections === 1);
  for (let count = 0; count < 20; count++) new Client(port);
  await first.untilClosed();
  await until(() => front.connections === 20);
  assert.match(await ask(port), /hello$/);
});

test("HttpsListener tells of failed handshakes once a minute, and counts them", async (t) => {
  const { front, port, pass, events } = await secureFront(t);
  const fail = async (): Promise<void> => {
    const client = new Client(port);
    client.socket.write("\x16\x02\x00");
    await client.untilClosed();
  };
  for (let i = 0; i < 5; i++) await fail();
  pass(61_000);
  await fail();
  await until(() => front.connections === 0);
  assert.deepEqual(
    events.map(({ code, message }) => `${code}: ${message}`),
    ["tls.handshake: handshakes failed: 1 × tls.hello", "tls.handshake: handshakes failed: 5 × tls.hello"],
  );
});

test("HttpsListener drains: handshakes that are under way are finished, and their requests answered", async (t) => {
  const { front, port } = await secureFront(t);
  const socket = connect({ port, host: "127.0.0.1", servername: "a.test", rejectUnauthorized: false });
  await until(() => front.connections === 1);
  const drained = front.drain(5000);
  await once(socket, "secureConnect");
  socket.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const text = (await socket.toArray()).join("");
  assert.match(text, /\r\nConnection: close\r\n.*hello$/s);
  await drained;
  assert.equal(front.connections, 0);
});
