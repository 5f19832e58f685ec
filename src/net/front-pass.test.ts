import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { Front } from "./front.ts";
import type { ElsewhereTarget, HttpTarget, Passage } from "./target.ts";
import {
  answering,
  Client,
  dupFd,
  elsewhere,
  exchange,
  listeningFd,
  ok,
  streamTarget,
  testFront,
  until,
} from "./test-rig.ts";

// Two fronts in one process stand for two workers; a duplicated descriptor stands for one sent over a socket.
let here: Front;
let there: Front;
let port: number;
let passages: Passage[] = [];

before(async () => {
  here = new Front();
  there = new Front();
  const listening = await listeningFd();
  port = listening.port;
  const fd = dupFd(listening.fd);
  await here.addHttpListener("http", listening.fd);
  (await there.addHttpListener("http", fd)).close();
});
after(() => {
  here.destroy();
  there.destroy();
});

function to(front: () => Front): ElsewhereTarget {
  return elsewhere((fd, bytes, passage) => {
    passages.push(passage);
    front().adopt(dupFd(fd), bytes, passage);
    return Promise.resolve();
  });
}

function route(host: string, first: HttpTarget, second: HttpTarget): void {
  here.router.set(host, [{ listener: "http", host, target: first }]);
  there.router.set(host, [{ listener: "http", host, target: second }]);
}

function reset(): void {
  passages = [];
  const at = (name: string) => streamTarget(answering((request) => ok(`${name} ${request.slice(-4)}`)));
  const onward = to(() => there);
  const back = to(() => here);
  route("here", at("here"), back);
  route("there", onward, at("there"));
  route("nowhere", onward, back);
}

function get(host: string, last = false): string {
  return `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\n${last ? "Connection: close\r\n" : ""}\r\nbody`;
}

test("Front passes a connection on before its first request", async () => {
  reset();
  assert.match(await exchange(port, get("there", true)), /^HTTP\/1\.1 200 OK.*\r\n\r\nthere body$/s);
  assert.deepEqual(passages, [{ listener: "http", passed: 1, peer: false, service: "there" }]);
});

test("Front passes a connection back and forth between requests", async () => {
  reset();
  const client = new Client(port);
  const hosts = ["here", "there", "there", "here", "there"];
  for (const host of hosts) {
    client.text = "";
    client.send(get(host));
    await client.untilText(`\r\n\r\n${host} body`);
  }
  assert.deepEqual(
    passages.map(({ passed }) => passed),
    [1, 1, 1],
  );
  client.socket.destroy();
});

test("Front passes pipelined requests on with the connection, in order", async () => {
  reset();
  const hosts = ["here", "there", "here", "here", "there", "there"];
  const text = await exchange(port, hosts.map((host, index) => get(host, index === 5)).join(""));
  assert.deepEqual(
    text.match(/(here|there) body/g),
    hosts.map((host) => `${host} body`),
  );
});

test("Front passes a connection on while bytes wait unread in the kernel", async () => {
  reset();
  const size = 8_000_000;
  let bytes = 0;
  there.router.set("there", [
    {
      listener: "http",
      host: "there",
      target: streamTarget((guest) => {
        guest.input.onReadable = () => {
          for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift()) bytes += chunk.length;
          if (bytes > size) guest.output.push(Buffer.from(ok(`got ${bytes}`)));
        };
      }),
    },
  ]);
  const client = new Client(port);
  client.send(`POST / HTTP/1.1\r\nHost: there\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`);
  await client.untilText("got 8000");
  assert.equal(client.error, undefined);
  client.socket.destroy();
});

test("Front passes a connection on only when its earlier answers are out", async () => {
  reset();
  const big = "x".repeat(3_000_000);
  here.router.set("here", [{ listener: "http", host: "here", target: streamTarget(answering(() => ok(big))) }]);
  const client = new Client(port);
  client.socket.pause();
  client.send(get("here") + get("there"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.resume();
  await client.untilText("there body");
  assert.ok(client.text.includes(`\r\n\r\n${big}HTTP/1.1 200 OK`));
  client.socket.destroy();
});

test("Front passes a half-closed client's connection on", async () => {
  reset();
  assert.match(await exchange(port, get("there"), { half: true }), /there body$/);
});

test("Front answers 503 when a request has been passed three times", async () => {
  reset();
  const text = await exchange(port, get("nowhere") + get("here", true));
  assert.match(text, /^HTTP\/1\.1 503 .*here body$/s);
  assert.deepEqual(
    passages.map(({ passed }) => passed),
    [1, 2, 3, 1],
  );
});

test("Front answers 503 when nobody takes the connection", async () => {
  const target = elsewhere(() => Promise.reject(new WarrenError("service.unavailable", "no", { status: 503 })));
  here.router.set("refused", [{ listener: "http", host: "refused", target }]);
  const text = await exchange(port, get("refused"));
  assert.match(text, /^HTTP\/1\.1 503 .*\r\nRetry-After: 1\r\n.*\(service\.unavailable\)\n$/s);
});

test("Front.adopt() closes a connection of a listener that it does not have", async () => {
  const target = elsewhere((fd) => {
    there.adopt(dupFd(fd), new Uint8Array(0), { listener: "other", passed: 1 });
    return Promise.resolve();
  });
  here.router.set("lost", [{ listener: "http", host: "lost", target }]);
  const client = new Client(port);
  client.send(get("lost"));
  await client.untilClosed();
  assert.equal(client.text, "");
});

test("Front.addRemoteListener() takes connections that others accepted, and is drained as any listener", async () => {
  const remote = testFront();
  remote.addRemoteListener("http", "http");
  const target = streamTarget(answering(() => ok("remote")));
  remote.router.set("remote", [{ listener: "http", host: "remote", target }]);
  here.router.set("remote", [{ listener: "http", host: "remote", target: to(() => remote) }]);
  const text = await exchange(port, get("remote") + get("remote", true));
  assert.equal(text.match(/remote$|remoteHTTP/g)?.length, 2);
  // A second order changes nothing.
  remote.addRemoteListener("http", "http");
  await remote.drain(1000);
  assert.equal(remote.connections, 0);
});

test("Both fronts end with no connection left", async () => {
  await until(() => here.connections + there.connections === 0);
});
