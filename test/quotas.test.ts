import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";
import { exchange, open, readUntil } from "./support/raw.ts";

async function until<T>(look: () => T | Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (wanted(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function refused(
  daemon: TestDaemon,
  name: string,
): Promise<{ rate: number; connections: number; queue: number }> {
  return (await daemon.client.getService("default", name)).service.refused;
}

/** A client of its own: Linux answers to all of 127.0.0.0/8. */
function client(t: TestContext, localAddress: string): Agent {
  const agent = new Agent({ keepAlive: true, localAddress });
  t.after(() => agent.destroy());
  return agent;
}

test("a service takes requests at its rate, and those over it get 429 before its program sees them", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const deploy = (rate: string) => daemon.deploy("shop", "c-hello", { limits: { rate } });
  await deploy("3/h");
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await ask(daemon.port, "shop.localhost")).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429]);

  const agent = client(t, "127.0.0.1");
  const plain = await ask(daemon.port, "shop.localhost", "/", { agent });
  assert.equal(plain.text, "the service takes no more requests for now (limits.rate)\n");
  const retryAfter = Number(plain.headers["retry-after"]);
  assert.ok(retryAfter > 0 && retryAfter <= 1200, String(retryAfter));
  const json = await ask(daemon.port, "shop.localhost", "/", { agent, headers: { accept: "application/json" } });
  assert.equal(json.headers["content-type"], "application/problem+json");
  assert.equal(JSON.parse(json.text).code, "limits.rate");
  assert.notEqual(json.headers.connection, "close");

  assert.deepEqual(await refused(daemon, "shop"), { rate: 5, connections: 0, queue: 0 });
  assert.equal((await daemon.client.getService("default", "shop")).service.requests, 3);

  // In the same worker a deploy on the same terms gives nobody a new start.
  await deploy("3/h");
  assert.equal((await ask(daemon.port, "shop.localhost")).status, 429);
  await deploy("1/h");
  assert.equal((await ask(daemon.port, "shop.localhost")).status, 200);
  assert.equal((await ask(daemon.port, "shop.localhost")).status, 429);
  assert.equal((await refused(daemon, "shop")).rate, 7, "the counts of revisions that are no more stay");
});

test("each client has a rate and connections of its own", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("shop", "go-http", { limits: { client: { rate: "5/h", connections: 2 } } });
  const [one, other] = [client(t, "127.0.0.2"), client(t, "127.0.0.3")];
  const held = [1, 2].map(() => ask(daemon.port, "shop.localhost", "/slow?ms=60000", { agent: one }));
  for (const request of held) request.catch(() => {});
  await until(
    async () => (await daemon.client.getService("default", "shop")).service.requests,
    (requests) => requests === 2,
  );
  const third = await ask(daemon.port, "shop.localhost", "/", { agent: one });
  assert.deepEqual([third.status, third.headers["retry-after"]], [429, "1"]);
  assert.match(third.text, /limits\.client\.connections/);
  assert.equal((await ask(daemon.port, "shop.localhost", "/", { agent: other })).status, 200);

  // Who goes away gives back what it held, and not what it drew.
  one.destroy();
  const again = client(t, "127.0.0.2");
  const statuses: number[] = [];
  while (statuses.at(-1) !== 429 || statuses.filter((status) => status === 200).length < 3) {
    const { status, text } = await ask(daemon.port, "shop.localhost", "/", { agent: again });
    if (!text.includes("limits.client.connections")) statuses.push(status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  assert.equal((await ask(daemon.port, "shop.localhost", "/", { agent: other })).status, 200);
});

test("a service that has as many requests and WebSockets as it may answers 503", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("shop", "go-http", { limits: { connections: 2 } });
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const hold = async (head: string): Promise<Socket> => {
    const socket = await open(daemon.port);
    socket.on("error", () => {});
    sockets.push(socket);
    socket.write(head);
    return socket;
  };
  const upgrade =
    "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const websocket = await hold(`GET /ws HTTP/1.1\r\nHost: shop.localhost\r\n${upgrade}\r\n\r\n`);
  await readUntil(websocket, "\r\n\r\n");
  const slow = await hold("GET /slow?ms=60000 HTTP/1.1\r\nHost: shop.localhost\r\n\r\n");
  await until(
    async () => (await daemon.client.getService("default", "shop")).service.requests,
    (requests) => requests === 2,
  );
  for (let i = 0; i < 3; i++) {
    const { status, headers, text } = await ask(daemon.port, "shop.localhost");
    assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
    assert.match(text, /limits\.connections/);
  }
  assert.equal((await refused(daemon, "shop")).connections, 3);
  for (const socket of [slow, websocket]) {
    socket.destroy();
    await until(
      async () => (await ask(daemon.port, "shop.localhost")).status,
      (status) => status === 200,
    );
  }
});

test("a service takes no body of more bytes than limits.body says, in whichever worker it is asked", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--isolation", "namespace"] });
  await daemon.deploy("upload", "c-upload", { limits: { body: "1KiB" } });
  const post = (bytes: number, chunked: boolean): Promise<string> =>
    exchange(
      daemon.port,
      `POST / HTTP/1.1\r\nHost: upload.localhost\r\nConnection: close\r\n${
        chunked
          ? `Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n0\r\n\r\n`
          : `Content-Length: ${bytes}\r\n\r\n${"x".repeat(bytes)}`
      }`,
    );
  for (const chunked of [false, true]) {
    assert.match(await post(1024, chunked), /^HTTP\/1\.1 200 .*\r\n\r\n1024\n$/s);
    assert.match(await post(1025, chunked), /^HTTP\/1\.1 413 .*\(limits\.body\)\n$/s);
  }
});

test("no more requests wait for a program that is busy than limits.queue says", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("busy", "c-spin", { limits: { queue: 2 } });
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const send = async (path: string): Promise<Socket> => {
    const socket = await open(daemon.port);
    socket.on("error", () => {});
    sockets.push(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: busy.localhost\r\n\r\n`);
    return socket;
  };
  await send("/spin?ms=0");
  await until(
    async () => (await daemon.client.getService("default", "busy")).service.cpuMs,
    (cpuMs) => cpuMs > 50,
  );
  const answers: string[] = [];
  for (const socket of await Promise.all(Array.from({ length: 10 }, () => send("/"))))
    void readUntil(socket, "\r\n\r\n").then(
      (text) => answers.push(text),
      () => {},
    );
  await until(
    () => answers.length,
    (count) => count === 8,
  );
  for (const text of answers) {
    assert.match(text, /^HTTP\/1\.1 503 /);
    assert.match(text, /\r\nRetry-After: 1\r\n/);
  }
  assert.deepEqual(await refused(daemon, "busy"), { rate: 0, connections: 0, queue: 8 });
});

test("a CGI service and a service of its own worker have limits too", async (t) => {
  if (!(await requireToolchain(t, "assemblyscript"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("alone", "assemblyscript-cgi", { kind: "cgi", isolation: "process", limits: { rate: "2/h" } });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await ask(daemon.port, "alone.localhost")).status);
  assert.deepEqual(statuses, [200, 200, 429, 429]);
  // Whichever worker takes a connection, all count together.
  await daemon.deploy("shared", "assemblyscript-cgi", {
    kind: "cgi",
    limits: { rate: "7/h", client: { rate: "5/h" } },
    mount: [{ volume: "shared-data", target: "/data" }],
  });
  const other = client(t, "127.0.0.2");
  const taken = { one: 0, other: 0 };
  for (let i = 0; i < 40; i++) {
    if ((await ask(daemon.port, "shared.localhost")).status === 200) taken.one++;
    if (i > 20 && (await ask(daemon.port, "shared.localhost", "/", { agent: other })).status === 200) taken.other++;
  }
  assert.deepEqual(taken, { one: 5, other: 2 });
});

test("connections over the limits of a TCP route are reset, and datagrams of a UDP route dropped", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const tcp = await freePort();
  await daemon.deploy("echo", "c-tcp-echo", {
    route: [{ listen: `tcp://127.0.0.1:${tcp}` }],
    limits: { connections: 1, rate: "4/h" },
  });
  const first = await open(tcp);
  t.after(() => first.destroy());
  first.write("hello");
  await readUntil(first, "hello");
  await assert.rejects(exchange(tcp, "x"), { code: "ECONNRESET" });
  assert.equal((await refused(daemon, "echo")).connections, 1);
  first.destroy();
  await until(
    async () => {
      const socket = connect(tcp, "127.0.0.1");
      socket.on("error", () => {});
      socket.write("again");
      const text = await readUntil(socket, "again").catch(() => "");
      socket.destroy();
      return text;
    },
    (text) => text === "again",
  );

  const udp = await freePort();
  await daemon.deploy("udp", "udp-echo", {
    route: [{ listen: `udp://127.0.0.1:${udp}` }],
    limits: { client: { rate: "2/h" } },
  });
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  let replies = 0;
  socket.on("message", () => replies++);
  for (let i = 0; i < 5; i++) {
    socket.send(`ping ${i}`, udp, "127.0.0.1");
    if (i < 2) await once(socket, "message");
  }
  await until(
    async () => (await refused(daemon, "udp")).rate,
    (rate) => rate === 3,
  );
  assert.equal(replies, 2);
});

test("a flood over a rate costs its own service's clients only", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("flooded", "c-hello", { limits: { client: { rate: "10/h" } } });
  await daemon.deploy("neighbour", "c-hello");
  const pipelined = Buffer.from("GET / HTTP/1.1\r\nHost: flooded.localhost\r\n\r\n".repeat(200));
  const floods = Array.from({ length: 40 }, async (_, index) => {
    const socket = connect({ port: daemon.port, host: "127.0.0.1", localAddress: `127.0.1.${1 + (index % 4)}` });
    let answers = 0;
    let refusals = 0;
    socket.write(pipelined);
    for await (const chunk of socket) {
      const text = String(chunk);
      // A status line may be cut between two chunks: then it is not counted, and the last ones say that all is over.
      answers += text.match(/HTTP\/1\.1 [0-9]{3}/g)?.length ?? 0;
      refusals += text.match(/HTTP\/1\.1 429/g)?.length ?? 0;
      if (answers > 190) break;
    }
    return refusals;
  });
  for (let i = 0; i < 50; i++) assert.equal((await ask(daemon.port, "neighbour.localhost")).status, 200);
  for (const refusals of await Promise.all(floods)) assert.ok(refusals > 100);
  const { service } = await daemon.client.getService("default", "flooded");
  assert.equal(service.requests, 40, "ten for each of four clients");
});
