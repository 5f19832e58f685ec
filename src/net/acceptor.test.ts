import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import type { Front } from "./front.ts";
import { answering, Client, dupFd, exchange, listeningFd, ok, streamTarget, testFront, until } from "./test-rig.ts";

const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async function start(front: Front): Promise<number> {
  const { fd, port } = await listeningFd();
  await front.addHttpListener("http", fd);
  front.router.set("it", [{ listener: "http", target: streamTarget(answering(() => ok("served"))) }]);
  return port;
}

test("Acceptor leaves connections over its maximum in the backlog, and takes them when others end", async () => {
  const front = testFront({ connectionsMax: 2 });
  const port = await start(front);
  const clients = [new Client(port), new Client(port)];
  for (const client of clients) {
    client.send(request);
    await client.untilText("served");
  }
  const waiting = new Client(port);
  waiting.send(request);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(waiting.text, "");
  assert.equal(front.connections, 2);
  clients[0]!.socket.destroy();
  await waiting.untilText("served");
  for (const client of [...clients, waiting]) client.socket.destroy();
  front.destroy();
});

test("Acceptor stops before the descriptors run out, and goes on when there are some again", async () => {
  const lowest = openSync("/dev/null", "r");
  closeSync(lowest);
  const codes: string[] = [];
  const front = testFront({ descriptorsMax: lowest + 12, log: ({ code }) => codes.push(code) });
  const port = await start(front);
  const clients: Client[] = [];
  for (let count = 0; count < 20; count++) {
    const client = new Client(port);
    client.send(request);
    clients.push(client);
  }
  await until(() => codes.includes("listener.descriptors"));
  assert.ok(front.connections < 20);
  for (let served = 0; served < clients.length; served++) {
    // Each one that ends frees two descriptors of this process: the client's and the front's.
    const client = clients[served]!;
    await client.untilText("served");
    client.socket.destroy();
  }
  front.destroy();
});

test("Front.addHttpListener() refuses a descriptor that does not listen", async () => {
  const front = testFront();
  await assert.rejects(
    front.addHttpListener("http", openSync("/dev/null", "r")),
    (error) => error instanceof WarrenError && error.code === "listener.failed",
  );
});

test("Listener.close() leaves the socket to the others that hold it", async () => {
  const { fd, port } = await listeningFd();
  const other = dupFd(fd);
  const first = testFront();
  const second = testFront();
  const listener = await first.addHttpListener("http", fd);
  const kept = new Client(port);
  kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await kept.untilText("(route.unknown)");
  listener.close();
  const waiting = exchange(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await second.addHttpListener("http", other);
  second.router.set("it", [{ listener: "http", target: streamTarget(answering(() => ok("served"))) }]);
  assert.match(await waiting, /served$/);
  kept.text = "";
  kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await kept.untilText("(route.unknown)");
  kept.socket.destroy();
  first.destroy();
  second.destroy();
});
