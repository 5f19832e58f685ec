import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { Flow } from "../base/flow.ts";
import { Front } from "./front.ts";
import type { RequestTarget, TargetRequest, TargetResponse } from "./target.ts";
import { Client, exchange, listeningFd, newActivity } from "./test-rig.ts";

let front: Front;
let port: number;

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
});
after(() => front.destroy());

function route(handle: (request: TargetRequest) => Promise<TargetResponse>, path?: string): RequestTarget {
  const target: RequestTarget = { kind: "request", activity: newActivity(), handle };
  front.router.delete("it");
  front.router.set("it", [{ listener: "http", ...(path === undefined ? {} : { path }), target }]);
  return target;
}

/** A body that is all there. */
function whole(text: string): Flow {
  const flow = new Flow();
  flow.push(Buffer.from(text));
  flow.end();
  return flow;
}

async function readAll(flow: Flow): Promise<string> {
  let text = "";
  for (;;) {
    for (let chunk = flow.shift(); chunk !== undefined; chunk = flow.shift()) text += Buffer.from(chunk).toString();
    if (flow.finished) return flow.failure === undefined ? text : `${text}!${flow.failure.code}`;
    await new Promise<void>((resolve) => {
      flow.onReadable = resolve;
    });
  }
}

const close = "Host: a\r\nConnection: close\r\n\r\n";

test("RequestExchange hands a request over, and writes the answer with its length", async () => {
  let seen: TargetRequest | undefined;
  const target = route(async (request) => {
    seen = request;
    return { status: 201, headers: [["x-a", "b"]], body: whole(await readAll(request.body)) };
  }, "/app");
  const text = await exchange(
    port,
    `PUT /app/x%20y?z HTTP/1.1\r\nX-B:  c \r\nX_Forwarded_For: 9\r\nContent-Length: 5\r\n${close}hello`,
  );
  assert.match(
    text,
    /^HTTP\/1\.1 201 Created\r\nx-a: b\r\nDate: [^\r]+ GMT\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello$/,
  );
  assert.deepEqual(
    { method: seen!.method, path: seen!.path, mountedAt: seen!.mountedAt, host: seen!.host, scheme: seen!.scheme },
    { method: "PUT", path: "/app/x%20y?z", mountedAt: "/app", host: "a", scheme: "http" },
  );
  const id = seen!.headers.at(-1)?.[1] ?? "";
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(seen!.headers, [
    ["x-b", "c"],
    ["content-length", "5"],
    ["host", "a"],
    ["x-forwarded-for", "127.0.0.1"],
    ["x-forwarded-proto", "http"],
    ["x-forwarded-host", "a"],
    ["x-request-id", id],
  ]);
  assert.equal(seen!.server.port, port);
  assert.deepEqual([target.activity.requests, target.activity.active], [1, 0]);
});

test("RequestExchange hands a chunked body over without its chunks, and without the field", async () => {
  route(async (request) => ({
    status: 200,
    headers: [],
    body: whole(`${await readAll(request.body)} ${request.headers.some(([name]) => name === "transfer-encoding")}`),
  }));
  const text = await exchange(
    port,
    `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${close}3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: r\r\n\r\n`,
  );
  assert.match(text, /\r\n\r\nabcde false$/);
});

test("RequestExchange streams an answer of unknown length in chunks, and keeps the connection", async () => {
  const flow = new Flow();
  route(async () => ({ status: 200, headers: [], body: flow }));
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("Transfer-Encoding: chunked\r\n\r\n");
  flow.push(Buffer.from("abc"));
  await client.untilText("3\r\nabc\r\n");
  flow.push(Buffer.alloc(5000, "x"));
  await client.untilText("xx\r\n");
  flow.end();
  await client.untilText("\r\n0\r\n\r\n");
  route(async () => ({ status: 200, headers: [], body: whole("next") }));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("next");
  client.socket.destroy();
});

test("RequestExchange ends an answer of unknown length with the connection for HTTP/1.0", async () => {
  const flow = new Flow();
  route(async () => {
    setImmediate(() => {
      flow.push(Buffer.from("abc"));
      flow.end();
    });
    return { status: 200, headers: [], body: flow };
  });
  const text = await exchange(port, "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  assert.match(text, /Connection: close\r\n\r\nabc$/);
});

const bodiless: readonly (readonly [method: string, status: number, head: RegExp])[] = [
  ["HEAD", 200, /\r\nContent-Length: 4\r\nConnection: close\r\n\r\n$/],
  ["GET", 204, /GMT\r\nConnection: close\r\n\r\n$/],
  ["GET", 304, /\r\nContent-Length: 4\r\nConnection: close\r\n\r\n$/],
];
for (const [method, status, head] of bodiless) {
  test(`RequestExchange writes no body for ${method} and ${status}`, async () => {
    const body = whole("body");
    route(async () => ({ status, headers: [["content-length", "4"]], body }));
    assert.match(await exchange(port, `${method} / HTTP/1.1\r\n${close}`), head);
    assert.equal(body.cancelled, true);
  });
}

test("RequestExchange cuts a body that is longer than its Content-Length", async () => {
  const body = whole("bodyHTTP/1.1 200 OK\r\n");
  route(async () => ({ status: 200, headers: [["content-length", "4"]], body }));
  assert.match(await exchange(port, `GET / HTTP/1.1\r\n${close}`), /\r\n\r\nbody$/);
});

test("RequestExchange breaks off when a body is shorter than its Content-Length", async () => {
  route(async () => ({ status: 200, headers: [["content-length", "5"]], body: whole("body") }));
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilClosed();
  assert.match(client.text, /\r\n\r\nbody$/);
});

test("RequestExchange breaks off without a last chunk when the guest fails", async () => {
  const flow = new Flow();
  route(async () => ({ status: 200, headers: [], body: flow }));
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("chunked");
  flow.push(Buffer.from("abc"));
  flow.fail(new WarrenError("guest.trap", "unreachable"));
  await client.untilClosed();
  assert.match(client.text, /3\r\nabc\r\n$/);
});

const failures: readonly (readonly [name: string, handle: () => Promise<TargetResponse>, status: number])[] = [
  ["a trap", () => Promise.reject(new WarrenError("guest.trap", "unreachable")), 502],
  ["a fault", () => Promise.reject(new Error("boom")), 502],
  ["no instance", () => Promise.reject(new WarrenError("service.unavailable", "no", { status: 503 })), 503],
  ["its deadline", () => Promise.reject(new WarrenError("service.timeout", "no", { status: 504 })), 504],
  ["CRLF in a field", async () => ({ status: 200, headers: [["x", "a\r\nb: c"]], body: whole("") }), 502],
  ["the status 100", async () => ({ status: 100, headers: [], body: whole("") }), 502],
];
for (const [name, handle, status] of failures) {
  test(`RequestExchange answers ${status} for ${name}`, async () => {
    const target = route(handle);
    const text = await exchange(port, `GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n${close}`);
    assert.equal(text.match(new RegExp(`^HTTP/1.1 ${status} `, "gm"))?.length, 2);
    assert.ok(!text.includes("b: c"));
    assert.equal(target.activity.active, 0);
  });
}

test("RequestExchange aborts the request when the client goes away", async () => {
  const { promise, resolve } = Promise.withResolvers<TargetRequest>();
  const flow = new Flow();
  route(async (request) => {
    resolve(request);
    return { status: 200, headers: [], body: flow };
  });
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  const request = await promise;
  await client.untilText("chunked");
  const aborted = new Promise((wake) => request.signal.addEventListener("abort", wake));
  client.socket.resetAndDestroy();
  await aborted;
  assert.equal(flow.cancelled, true);
  assert.equal(await readAll(request.body), "hello!connection.reset");
});

test("RequestExchange holds a bounded part of a body that the guest does not read", async () => {
  const { promise, resolve } = Promise.withResolvers<TargetRequest>();
  route((request) => {
    resolve(request);
    return new Promise(() => {});
  });
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000000\r\n\r\n");
  client.send("x".repeat(30_000_000));
  const request = await promise;
  await new Promise((wake) => setTimeout(wake, 100));
  assert.ok(request.body.bytes <= 128 * 1024, `${request.body.bytes} bytes wait`);
  assert.equal((await readAll(request.body)).length, 30_000_000);
  client.socket.destroy();
});

test("RequestExchange sends 100 Continue before a body that is asked about", async () => {
  route(async (request) => ({ status: 200, headers: [], body: whole(await readAll(request.body)) }));
  const client = new Client(port);
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  await client.untilText("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  await client.untilText("\r\n\r\nhello");
  client.socket.destroy();
});

test("RequestExchange: a request that was answered before its body turned out to be wrong gets no second answer", async () => {
  route(async () => ({ status: 200, headers: [], body: whole("early") }));
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await client.untilText("early");
  client.send("wrong\r\n");
  await client.untilClosed();
  assert.match(client.text, /\r\n\r\nearly$/);
});
