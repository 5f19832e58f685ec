import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Conduit, conduitPair, resetConduit } from "../base/conduit.ts";
import { WarrenError } from "../base/errors.ts";
import { Front } from "./front.ts";
import type { FrontEvent } from "./http1/context.ts";
import type { StreamTarget } from "./target.ts";
import { answering, Client, exchange, listeningFd, newActivity, ok, streamTarget } from "./test-rig.ts";

let front: Front;
let port: number;
const events: FrontEvent[] = [];

before(async () => {
  front = new Front({ log: (event) => events.push(event) });
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
});
after(() => front.destroy());

function route(target: StreamTarget): void {
  front.router.set("it", [{ listener: "http", target }]);
}

const close = "Host: a\r\nConnection: close\r\n\r\n";
const answer = answering(() => ok("fine"));

/** Breaks the first `count` connections off when it has read a request, then answers. */
function flaky(count: number): StreamTarget & { connections: number } {
  const target = streamTarget((guest) => {
    if (target.connections > count) answer(guest);
    else
      guest.input.onReadable = () => {
        if (guest.input.shift() !== undefined) resetConduit(guest);
      };
  });
  return target;
}

const retries: readonly (readonly [request: string, broken: number, status: number, connections: number])[] = [
  [`GET / HTTP/1.1\r\n${close}`, 1, 200, 2],
  [`GET / HTTP/1.1\r\n${close}`, 2, 200, 3],
  [`GET / HTTP/1.1\r\n${close}`, 3, 502, 3],
  [`HEAD / HTTP/1.1\r\n${close}`, 1, 200, 2],
  [`OPTIONS / HTTP/1.1\r\n${close}`, 1, 200, 2],
  [`POST / HTTP/1.1\r\n${close}`, 1, 502, 1],
  [`DELETE / HTTP/1.1\r\n${close}`, 1, 502, 1],
  [`GET / HTTP/1.1\r\nContent-Length: 1\r\n${close}x`, 1, 502, 1],
];
for (const [request, broken, status, connections] of retries) {
  test(`Front answers ${status} when the guest breaks off ${broken} times: ${request.slice(0, 30).replace(/\r\n.*/s, "")}`, async () => {
    const target = flaky(broken);
    route(target);
    assert.match(await exchange(port, request), new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(target.connections, connections);
    assert.deepEqual([target.activity.requests, target.activity.active], [1, 0]);
  });
}

test("Front sends a request again on a new connection when the kept one ends before it was read, whatever its method", async () => {
  let requests = 0;
  const target = streamTarget((guest) => {
    guest.input.onReadable = () => {
      if (!guest.input.readable || guest.input.closed) return;
      if (++requests === 2) resetConduit(guest);
      else {
        guest.input.shift();
        guest.output.push(Buffer.from(ok(`${requests}`)));
      }
    };
  });
  route(target);
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("\r\n\r\n1");
  client.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("\r\n\r\n3");
  assert.equal(target.connections, 2);
  client.socket.destroy();
});

test("Front does not use a kept connection that the guest has ended", async () => {
  const guests: Conduit[] = [];
  const target = streamTarget((guest) => {
    guests.push(guest);
    answer(guest);
  });
  route(target);
  const client = new Client(port);
  for (let round = 1; round <= 3; round++) {
    client.text = "";
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.untilText("fine");
    assert.equal(target.connections, round);
    guests[round - 1]!.output.end();
  }
  client.socket.destroy();
});

test("Front waits for a guest that is starting", async () => {
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  route({ kind: "stream", activity: newActivity(), connect: () => promise });
  const done = exchange(port, `POST / HTTP/1.1\r\nContent-Length: 5\r\n${close}hello`);
  const [ours, guest] = conduitPair({ ip: "127.0.0.1", port: 1 }, { ip: "10.0.0.1", port: 2 });
  answering((request) => ok(request.slice(-5)))(guest);
  setImmediate(() => resolve(ours));
  assert.match(await done, /\r\n\r\nhello$/);
});

test("Front resets a guest's connection that comes after the client has gone", async () => {
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  const activity = newActivity();
  const asked = Promise.withResolvers<void>();
  route({
    kind: "stream",
    activity,
    connect: () => {
      asked.resolve();
      return promise;
    },
  });
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await asked.promise;
  const idle = new Promise<void>((wake) => {
    activity.onIdle = wake;
  });
  client.socket.resetAndDestroy();
  await idle;
  const [ours, guest] = conduitPair({ ip: "127.0.0.1", port: 1 }, { ip: "10.0.0.1", port: 2 });
  resolve(ours);
  await promise;
  await new Promise((wake) => setImmediate(wake));
  assert.equal(guest.input.failure?.code, "connection.reset");
});

const failures: readonly (readonly [name: string, error: Error, status: number, code: string])[] = [
  [
    "no instance",
    new WarrenError("service.unavailable", "shop has no instance", { status: 503 }),
    503,
    "service.unavailable",
  ],
  ["a fault", new Error("boom"), 502, "service.broken"],
];
for (const [name, error, status, code] of failures) {
  for (const way of ["throws", "rejects"] as const) {
    test(`Front answers ${status} when connect() ${way} for ${name}, and keeps the connection`, async () => {
      route({
        kind: "stream",
        activity: newActivity(),
        connect: () => {
          if (way === "throws") throw error;
          return Promise.reject(error);
        },
      });
      const text = await exchange(
        port,
        `GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nAccept: application/json\r\n${close}`,
      );
      assert.equal(text.match(new RegExp(`^HTTP/1.1 ${status} `, "gm"))?.length, 2);
      assert.equal(/^Retry-After: \d+\r$/m.test(text), status === 503);
      assert.ok(text.includes(`(${code})`) && text.includes(`"code":"${code}"`));
      assert.ok(!text.includes("shop") && !text.includes("boom"));
    });
  }
}

test("Front answers 503 while a body is sent, and takes the next request behind it", async () => {
  route({
    kind: "stream",
    activity: newActivity(),
    connect: () => Promise.reject(new WarrenError("service.unavailable", "no", { status: 503 })),
  });
  const text = await exchange(
    port,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n${close}`,
  );
  assert.equal(text.match(/^HTTP\/1\.1 503 /gm)?.length, 2);
});

const cut: readonly (readonly [name: string, part: string, orderly: boolean])[] = [
  ["Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", false],
  ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false],
  ["neither, and a reset", "HTTP/1.1 200 OK\r\n\r\nhello", false],
  ["neither, and an orderly end", "HTTP/1.1 200 OK\r\n\r\nhello", true],
];
for (const [name, part, orderly] of cut) {
  test(`Front ends an answer that breaks off so that the client can see it: ${name}`, async () => {
    const { promise, resolve } = Promise.withResolvers<Conduit>();
    route(
      streamTarget((guest) => {
        guest.input.onReadable = () => {
          guest.input.onReadable = undefined;
          guest.output.push(Buffer.from(part));
          resolve(guest);
        };
      }),
    );
    const client = new Client(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const guest = await promise;
    await client.untilText("hello");
    if (orderly) guest.output.end();
    else resetConduit(guest);
    if (orderly) await client.untilText("\r\n0\r\n\r\n");
    else {
      await client.untilClosed();
      assert.ok(!client.text.includes("\r\n0\r\n\r\n"));
    }
    client.socket.destroy();
  });
}

test("Front tells the log when a guest broke off", () => {
  assert.ok(events.some((event) => event.code === "connection.reset" && event.listener === "http"));
});
