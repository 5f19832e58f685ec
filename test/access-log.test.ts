import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask, keepAliveAgent } from "./support/http.ts";
import { exchange, open, readUntil } from "./support/raw.ts";

type Line = Record<string, string | number>;

/** The lines of the access log once there are so many. */
async function accessLines(daemon: TestDaemon, name: string, count: number): Promise<string[]> {
  for (;;) {
    const lines = await Array.fromAsync(daemon.client.logs("default", name, { access: true }));
    if (lines.length >= count) return lines.map(({ text }) => text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function counted(values: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
}

async function start(t: TestContext): Promise<TestDaemon> {
  return TestDaemon.start(t, { workers: 2 });
}

test("each request leaves a line in the access log, apart from what the program wrote", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await start(t);
  await daemon.deploy("shop", "go-http", { access: {} });
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, "x-request-id": "forged" };
  await ask(daemon.port, "shop.localhost", "/?a=b", { headers });
  await ask(daemon.port, "shop.localhost", "/echo", { method: "POST", body: "x".repeat(100_000) });
  await ask(daemon.port, "shop.localhost", "/missing");
  await exchange(daemon.port, "GET /big HTTP/1.0\r\nHost: shop.localhost\r\n\r\n");
  const upgrade =
    "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const websocket = await open(daemon.port);
  websocket.write(`GET /ws HTTP/1.1\r\nHost: shop.localhost\r\n${upgrade}\r\n\r\n`);
  await readUntil(websocket, "\r\n\r\n");
  // A masked text frame "hello", with a mask of zeroes (RFC 6455 §5.2).
  websocket.write(Buffer.concat([Buffer.from([0x81, 0x85, 0, 0, 0, 0]), Buffer.from("hello")]));
  await readUntil(websocket, "hello");
  websocket.destroy();
  await accessLines(daemon, "shop", 5);
  const gone = await open(daemon.port);
  gone.write("GET /slow?ms=60000 HTTP/1.1\r\nHost: shop.localhost\r\n\r\n");
  while ((await daemon.client.getService("default", "shop")).service.requests < 6);
  gone.resetAndDestroy();

  const lines = (await accessLines(daemon, "shop", 6)).map((line) => JSON.parse(line) as Line);
  const part = (keys: readonly string[]) => lines.map((line) => keys.map((key) => line[key]));
  assert.deepEqual(part(["method", "target", "status", "protocol", "client", "host"]), [
    ["GET", "/?a=b", 200, "HTTP/1.1", "127.0.0.1", "shop.localhost"],
    ["POST", "/echo", 200, "HTTP/1.1", "127.0.0.1", "shop.localhost"],
    ["GET", "/missing", 404, "HTTP/1.1", "127.0.0.1", "shop.localhost"],
    ["GET", "/big", 400, "HTTP/1.0", "127.0.0.1", "shop.localhost"],
    ["GET", "/ws", 101, "HTTP/1.1", "127.0.0.1", "shop.localhost"],
    ["GET", "/slow?ms=60000", 499, "HTTP/1.1", "127.0.0.1", "shop.localhost"],
  ]);
  const [first, echo, , , ws, left] = lines as [Line, Line, Line, Line, Line, Line];
  assert.equal(first.traceId, trace);
  assert.equal(echo.traceId, undefined);
  assert.equal(new Set(lines.map(({ requestId }) => requestId)).size, 6);
  for (const line of lines) {
    assert.match(String(line.requestId), /^[0-9a-f]{32}$/);
    assert.ok(Number(line.wallMs) > 0 && Math.abs(Date.parse(String(line.time)) - Date.now()) < 600_000);
  }
  assert.ok(Number(first.cpuMs) > 0);
  for (const bytes of [echo.received, echo.sent])
    assert.ok(Number(bytes) > 100_000 && Number(bytes) < 110_000, String(bytes));
  // A head, a frame of 11 bytes with its mask, and one of 7.
  assert.ok(Number(ws.received) > 100 && Number(ws.sent) > 100);
  assert.equal(left.sent, 0);

  const own = await Array.fromAsync(daemon.client.logs("default", "shop"));
  assert.ok(own.length > 0 && own.every(({ stream }) => stream !== "access"));
  const printed = await warren(daemon, ["logs", "--access", "--tail", "1", "shop"]);
  assert.match(printed.stdout, /^\{"time":.*"target":"\/slow\?ms=60000",.*\}\n$/);
  // They outlive the daemon's end, and go with the service.
  await daemon.kill("SIGKILL");
  await daemon.launch();
  assert.equal((await accessLines(daemon, "shop", 6)).length, 6);
  await daemon.client.deleteService("default", "shop");
  await daemon.deploy("shop", "go-http", { access: {} });
  assert.deepEqual(await Array.fromAsync(daemon.client.logs("default", "shop", { access: true })), []);
});

test("the access log tells of what was refused, and of nothing that it was not asked to", async (t) => {
  if (!(await requireToolchain(t, "assemblyscript"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("cgi", "assemblyscript-cgi", {
    kind: "cgi",
    access: { format: "common" },
    limits: { rate: "1/h" },
  });
  await daemon.deploy("silent", "assemblyscript-cgi", { kind: "cgi", access: { sample: 0 } });
  await daemon.deploy("without", "assemblyscript-cgi", { kind: "cgi" });
  for (const name of ["silent", "without", "cgi", "cgi"]) await ask(daemon.port, `${name}.localhost`, '/a"%22');
  const lines = await accessLines(daemon, "cgi", 2);
  const line = (status: number): RegExp =>
    new RegExp(
      `^127\\.0\\.0\\.1 - - \\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(:[0-9]{2}){3} \\+0000\\] "GET /a\\\\x22%22 HTTP/1\\.1" ${status} [0-9]+$`,
    );
  assert.match(lines[0]!, line(404));
  assert.match(lines[1]!, line(429));
  for (const name of ["silent", "without"])
    assert.deepEqual(await Array.fromAsync(daemon.client.logs("default", name, { access: true })), [], name);
});

test("bytes that a client chose stay in their field of the access log", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("json", "c-hello", { access: {} });
  await daemon.deploy("common", "c-hello", { access: { format: "common" } });
  const targets = ['/"},{"status":0', "/\x80\x9b31m\x85\xff", '/"%0a127.0.0.1', `/${"%0d%0a".repeat(400)}`, "/?\\\\\\"];
  for (const name of ["json", "common"])
    for (const target of targets)
      await exchange(daemon.port, `GET ${target} HTTP/1.1\r\nHost: ${name}.localhost\r\nConnection: close\r\n\r\n`);
  const json = (await accessLines(daemon, "json", targets.length)).map((line) => JSON.parse(line) as Line);
  assert.deepEqual(
    json.map(({ target }) => target),
    targets.map((target) => (target.length > 2048 ? `${target.slice(0, 2048)}...` : target)),
  );
  for (const line of await accessLines(daemon, "common", targets.length))
    assert.match(line, /^127\.0\.0\.1 - - \[[^\]"]+\] "GET \/[\x21\x23-\x7e]* HTTP\/1\.1" [25][0-9]{2} [0-9]+$/);
});

test("a flood of requests fills neither the disk nor the log of the program", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("shop", "c-http", { access: {} });
  const before = (await Array.fromAsync(daemon.client.logs("default", "shop"))).length;
  const agent = keepAliveAgent(8);
  t.after(() => agent.destroy());
  const target = `/${"x".repeat(2000)}`;
  let lost = false;
  // More than a mebibyte a second, however slow the machine, since what was lost is said at the next request.
  for (let round = 0; round < 200 && !lost; round++) {
    const asked = Array.from({ length: 200 }, () => ask(daemon.port, "shop.localhost", target, { agent }));
    await Promise.all(asked);
    const own = await Array.fromAsync(daemon.client.logs("default", "shop"));
    lost = own.some(
      ({ stream, text }) => stream === "warren" && text.includes("lines of the access log were left out"),
    );
    assert.ok(own.length < before + 300);
  }
  const bytes = (await accessLines(daemon, "shop", 1)).reduce((sum, text) => sum + text.length, 0);
  assert.ok(bytes < 40 * 2 ** 20);
  t.diagnostic(`${lost ? "some" : "no"} lines were left out`);
});

test("requests by HTTP/2 have limits and lines of their own", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("shop", "c-hello", { access: {}, limits: { client: { rate: "3/h" } } });
  const session = connectHttp2(`http://127.0.0.1:${daemon.port}`);
  t.after(() => session.destroy());
  const statuses = await Promise.all(
    Array.from({ length: 5 }, async (_, index) => {
      const stream = session.request({ ":authority": "shop.localhost", ":path": `/${index}` });
      const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
      stream.resume();
      await once(stream, "end");
      return headers[":status"];
    }),
  );
  assert.deepEqual(counted(statuses), { 200: 3, 429: 2 });
  const lines = (await accessLines(daemon, "shop", 5)).map((line) => JSON.parse(line) as Line);
  assert.deepEqual(counted(lines.map(({ status }) => status)), { 200: 3, 429: 2 });
  assert.equal(new Set(lines.map(({ target }) => target)).size, 5);
  for (const { protocol, client, host } of lines)
    assert.deepEqual([protocol, client, host], ["HTTP/2.0", "127.0.0.1", "shop.localhost"]);
});

test("a request that comes by another worker is told of and limited as its client's own", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  // One of them is in the worker that has not accepted the connection.
  const names = ["a", "b", "c", "d"];
  for (const name of names) await daemon.deploy(name, "c-hello", { access: {}, limits: { client: { rate: "2/h" } } });
  const session = connectHttp2(`http://127.0.0.1:${daemon.port}`, { localAddress: "127.0.0.7" } as object);
  t.after(() => session.destroy());
  for (const name of names) {
    const statuses: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const stream = session.request({ ":authority": `${name}.localhost`, ":path": "/" });
      const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
      statuses.push(headers[":status"]);
      stream.resume();
      await once(stream, "end");
    }
    assert.deepEqual(statuses, [200, 200, 429], name);
    assert.equal((await ask(daemon.port, `${name}.localhost`)).status, 200, "another client's is another");
    const lines = (await accessLines(daemon, name, 4)).map((line) => JSON.parse(line) as Line);
    assert.deepEqual(counted(lines.map(({ client }) => client)), { "127.0.0.1": 1, "127.0.0.7": 3 });
  }
});

test("routes without a guest have the limits and the access log of their service", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.client.putService("default", {
    name: "moved",
    route: [
      { host: "old.example", redirect: "https://new.example" },
      { host: "soon.example", respond: { status: 503, body: "back soon" } },
    ],
    access: { format: "common" },
    limits: { rate: "2/h" },
  });
  const statuses: number[] = [];
  for (const host of ["old.example", "soon.example", "old.example"])
    statuses.push((await ask(daemon.port, host, "/a?b")).status);
  assert.deepEqual(statuses, [308, 503, 429]);
  const session = connectHttp2(`http://127.0.0.1:${daemon.port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ":authority": "old.example", ":path": "/h2" });
  await once(stream, "response");
  stream.resume();
  const lines = await accessLines(daemon, "moved", 4);
  assert.deepEqual(
    lines.map((line) => line.replace(/^.*\] /, "").replace(/ [0-9]+$/, "")),
    ['"GET /a?b HTTP/1.1" 308', '"GET /a?b HTTP/1.1" 503', '"GET /a?b HTTP/1.1" 429', '"GET /h2 HTTP/2.0" 429'],
  );
});
