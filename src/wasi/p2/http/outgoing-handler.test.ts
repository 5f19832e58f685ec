import assert from "node:assert/strict";
import { after, test } from "node:test";
import { HttpClient, type HttpClientOptions } from "../../http/http-client.ts";
import { Dialler } from "../../sockets/dialler.ts";
import { directOutbound } from "../../sockets/direct-outbound.ts";
import { VirtualNetwork } from "../../sockets/virtual-network.ts";
import { HttpContext } from "./host.ts";
import { JsGuest, testHttpHost } from "./testdata/js-guest.ts";
import { loopbackGrant, Upstream } from "./testdata/upstream.ts";

const closing: { close(): void }[] = [];
after(() => {
  for (const one of closing) one.close();
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly scheme?: { tag: string; val?: string };
  readonly authority?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: readonly string[];
  readonly trailers?: readonly (readonly [string, string])[];
  /** The body is all there before the request is sent. */
  readonly early?: boolean;
  /** Milliseconds. */
  readonly timeouts?: Partial<Record<"connect" | "first-byte" | "between-bytes", number>>;
}

function guestFor(port: number, options: Partial<HttpClientOptions> = {}): { it: JsGuest; http: HttpContext } {
  const dialler = new Dialler(new VirtualNetwork(), directOutbound(port === 0 ? [] : [loopbackGrant(port)]));
  const client = new HttpClient({ dialler, ...options });
  closing.push(client);
  const http = new HttpContext(client, { callsMax: 4 });
  return { it: new JsGuest(testHttpHost(http)), http };
}

const bytes = (list: readonly (readonly [string, string])[]) =>
  list.map(([name, value]) => [name, Buffer.from(value, "latin1")]);

/** Sends a request as a guest does: the result of its future. */
async function send(it: JsGuest, port: number, asked: Asked = {}) {
  const { method = "get", path = "/", scheme = { tag: "HTTP" }, authority = `127.0.0.1:${port}` } = asked;
  const fields = it.ok("[static]fields.from-list", bytes(asked.fields ?? []));
  const request = it.call("[constructor]outgoing-request", fields);
  it.ok("[method]outgoing-request.set-method", request, { tag: method });
  it.ok("[method]outgoing-request.set-path-with-query", request, path);
  it.ok("[method]outgoing-request.set-scheme", request, scheme);
  it.ok("[method]outgoing-request.set-authority", request, authority);
  const body = asked.body && it.ok("[method]outgoing-request.body", request);
  let options: object | undefined;
  if (asked.timeouts !== undefined) {
    options = it.call("[constructor]request-options");
    for (const [name, ms] of Object.entries(asked.timeouts))
      it.ok(`[method]request-options.set-${name}-timeout`, options, BigInt(ms) * 1_000_000n);
  }
  const write = async () => {
    const stream = it.ok("[method]outgoing-body.write", body);
    for (const part of asked.body ?? []) await it.write(stream, part);
    it.drop(stream);
    const trailers = asked.trailers && it.ok("[static]fields.from-list", bytes(asked.trailers));
    it.ok("[static]outgoing-body.finish", body, trailers);
  };
  if (body && asked.early) await write();
  const future = it.call("handle", request, options);
  if (future.tag === "err") return future;
  if (body && !asked.early) await write();
  return await got(it, future.val);
}

async function got(it: JsGuest, future: object) {
  await it.block("future-incoming-response", future);
  const response = it.ok("[method]future-incoming-response.get", future);
  assert.deepEqual(it.call("[method]future-incoming-response.get", future), { tag: "err", val: undefined });
  it.drop(future);
  return response;
}

/** The whole of an answer: status, fields, body, trailers. */
async function read(it: JsGuest, result: { tag: string; val: object }) {
  assert.equal(result.tag, "ok", JSON.stringify(result.val));
  const response = result.val;
  const fields = it.call("[method]incoming-response.headers", response);
  const status = it.call("[method]incoming-response.status", response);
  const list = it.call("[method]fields.entries", fields).map(([name, value]: [string, Buffer]) => [name, `${value}`]);
  it.drop(fields);
  const body = it.ok("[method]incoming-response.consume", response);
  assert.equal(it.call("[method]incoming-response.consume", response).tag, "err");
  const text = await it.read(body);
  const future = it.call("[static]incoming-body.finish", body);
  await it.block("future-trailers", future);
  const trailers = it.call("[method]future-trailers.get", future).val;
  const behind =
    trailers.tag === "ok" && trailers.val !== undefined
      ? it.call("[method]fields.entries", trailers.val).map(([name, value]: [string, Buffer]) => [name, `${value}`])
      : trailers.val;
  if (trailers.tag === "ok" && trailers.val !== undefined) it.drop(trailers.val);
  it.drop(future);
  it.drop(response);
  return { status, fields: Object.fromEntries(list), body: text, trailers: behind };
}

async function codeOf(it: JsGuest, result: { tag: string; val: { tag: string } }): Promise<string> {
  if (result.tag === "err") return result.val.tag;
  const body = it.ok("[method]incoming-response.consume", result.val);
  try {
    await it.read(body);
    return "no error";
  } catch (error) {
    return (error as { code: { tag: string } }).code.tag;
  }
}

function nothingHeld(it: JsGuest, http: HttpContext): void {
  assert.deepEqual([it.held.size, it.host.resources.held, http.calls], [0, 0, 0]);
}

test("outgoing-handler sends a request and gives the answer, over a connection that is kept", async () => {
  const upstream = await Upstream.http((request, response) => {
    response.setHeader("X-Seen", JSON.stringify([request.method, request.url, request.rawHeaders]));
    response.end("hello");
  });
  closing.push(upstream);
  const { it, http } = guestFor(upstream.port);
  const authority = `127.0.0.1:${upstream.port}`;
  for (let i = 0; i < 3; i++) {
    const answer = await read(it, await send(it, upstream.port, { path: "?a=%20b", fields: [["X-A", "b\xe4"]] }));
    assert.deepEqual([answer.status, answer.body, answer.trailers], [200, "hello", undefined]);
    assert.deepEqual(JSON.parse(answer.fields["X-Seen"]), [
      "GET",
      "/?a=%20b",
      ["host", authority, "X-A", "b\xe4", "Connection", "keep-alive"],
    ]);
    assert.equal(answer.fields.Connection, undefined);
    nothingHeld(it, http);
  }
  assert.equal(upstream.connections, 1);
});

test("outgoing-handler sends a body with its length, or in chunks with trailers, and gives trailers back", async () => {
  const upstream = await Upstream.http(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { "content-length": length, "transfer-encoding": coding } = request.headers;
    response.writeHead(201, { Trailer: "X-T" });
    response.write(JSON.stringify({ text, length, coding, trailers: request.trailers }));
    response.addTrailers({ "X-T": "behind" });
    response.end();
  });
  closing.push(upstream);
  const { it, http } = guestFor(upstream.port);
  const ask = async (asked: Asked) => {
    const answer = await read(it, await send(it, upstream.port, { method: "post", ...asked }));
    assert.deepEqual([answer.status, answer.trailers], [201, [["X-T", "behind"]]]);
    nothingHeld(it, http);
    return JSON.parse(answer.body);
  };
  assert.deepEqual(await ask({ body: ["ab", "cd"], early: true }), { text: "abcd", length: "4", trailers: {} });
  assert.deepEqual(await ask({ body: ["ab"], fields: [["Content-Length", "2"]] }), {
    text: "ab",
    length: "2",
    trailers: {},
  });
  assert.deepEqual(await ask({ body: ["ab", "cd"], trailers: [["x-b", "c"]] }), {
    text: "abcd",
    coding: "chunked",
    trailers: { "x-b": "c" },
  });
  assert.deepEqual(await ask({ method: "get", body: ["x"] }), { text: "x", coding: "chunked", trailers: {} });
  assert.deepEqual(await ask({}), { text: "", length: "0", trailers: {} });
});

test("outgoing-handler refuses what cannot be sent", async () => {
  const { it, http } = guestFor(1);
  const refused: [Asked, string][] = [
    [{ authority: "" }, "URI"],
    [{ authority: "a b" }, "authority"],
    [{ scheme: { tag: "other", val: "ftp" } }, "HTTP-protocol-error"],
    [{ method: "connect" }, "HTTP-request-method-invalid"],
    [{ fields: [["content-length", "3"]] }, "HTTP-request-body-size"],
    [
      {
        fields: [
          ["content-length", "3"],
          ["content-length", "3"],
        ],
      },
      "HTTP-protocol-error",
    ],
  ];
  for (const [asked, code] of refused) {
    const result = await send(it, 1, asked).catch(() => undefined);
    if (result === undefined) continue;
    assert.equal(result.val.tag, code);
  }
  it.dropAll();
  nothingHeld(it, http);
});

test("outgoing-handler reaches nothing without a grant", async () => {
  const upstream = await Upstream.http((_, response) => response.end("no"));
  closing.push(upstream);
  const ungranted = guestFor(0);
  assert.equal(await codeOf(ungranted.it, await send(ungranted.it, upstream.port)), "destination-IP-prohibited");
  assert.equal(
    await codeOf(ungranted.it, await send(ungranted.it, 80, { authority: "example.invalid" })),
    "HTTP-request-denied",
  );
  const other = guestFor(1);
  assert.equal(await codeOf(other.it, await send(other.it, upstream.port)), "destination-IP-prohibited");
  const none = new JsGuest(testHttpHost(new HttpContext(undefined)));
  assert.equal((await send(none, upstream.port)).val.tag, "HTTP-request-denied");
  assert.equal(upstream.connections, 0);
});

test("outgoing-handler says what went wrong with a connection", async () => {
  const gone = await Upstream.http(() => {});
  gone.close();
  const { it } = guestFor(gone.port);
  assert.equal(await codeOf(it, await send(it, gone.port)), "connection-refused");
});

const hostile: [name: string, answer: string, code: string][] = [
  ["no HTTP", "SSH-2.0-x\r\n\r\n", "HTTP-protocol-error"],
  ["a head without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`, "HTTP-response-header-section-size"],
  ["nothing", "", "connection-terminated"],
  ["half a head", "HTTP/1.1 200 OK\r\nX: ", "connection-terminated"],
  ["a body that breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "HTTP-response-incomplete"],
  [
    "chunks that break off",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "HTTP-response-incomplete",
  ],
  ["a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", "HTTP-protocol-error"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "HTTP-protocol-error"],
  [
    "a length and chunks",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP-response-transfer-coding",
  ],
  ["another protocol", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc", "HTTP-upgrade-failed"],
];
for (const [name, answer, code] of hostile)
  test(`outgoing-handler says ${code} of an upstream that sends ${name}`, async () => {
    const upstream = await Upstream.raw((socket) => socket.once("data", () => socket.end(answer, "latin1")));
    closing.push(upstream);
    const { it, http } = guestFor(upstream.port);
    assert.equal(await codeOf(it, await send(it, upstream.port)), code);
    it.dropAll();
    nothingHeld(it, http);
  });

test("outgoing-handler keeps to the timeouts that the guest asks for", async () => {
  const silent = await Upstream.raw(() => {});
  const stops = await Upstream.raw((socket) =>
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")),
  );
  closing.push(silent, stops);
  const first = guestFor(silent.port);
  const timeouts = { "first-byte": 20, "between-bytes": 20 };
  assert.equal(await codeOf(first.it, await send(first.it, silent.port, { timeouts })), "connection-read-timeout");
  const second = guestFor(stops.port);
  assert.equal(await codeOf(second.it, await send(second.it, stops.port, { timeouts })), "connection-read-timeout");
  const never = new HttpClient({
    dialler: {
      resolve: () => -44,
      connect: (_, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(-11))),
    },
  });
  const third = new JsGuest(testHttpHost(new HttpContext(never)));
  assert.equal(await codeOf(third, await send(third, 80, { timeouts: { connect: 20 } })), "connection-timeout");
});

test("outgoing-handler tries again when a kept connection was closed meanwhile, but not with a body", async () => {
  let closed = Promise.withResolvers<void>();
  const upstream = await Upstream.raw((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      // The next request on it finds nobody.
      socket.once("data", () => socket.resetAndDestroy());
      socket.once("close", () => closed.resolve());
    });
  });
  closing.push(upstream);
  const { it } = guestFor(upstream.port);
  assert.equal((await read(it, await send(it, upstream.port))).body, "ok");
  assert.equal((await read(it, await send(it, upstream.port))).body, "ok");
  assert.equal(upstream.connections, 2);
  await closed.promise;
  closed = Promise.withResolvers();
  assert.equal(await codeOf(it, await send(it, upstream.port, { method: "post" })), "connection-terminated");
});

test("outgoing-handler does not use a connection again that the other side is about to close", async () => {
  const upstream = await Upstream.http((_, response) => {
    response.setHeader("Keep-Alive", "timeout=1");
    response.end("ok");
  });
  closing.push(upstream);
  const { it } = guestFor(upstream.port);
  for (let i = 0; i < 2; i++) assert.equal((await read(it, await send(it, upstream.port))).body, "ok");
  assert.equal(upstream.connections, 2);
});

test("outgoing-handler does not take bytes that nobody asked for as the next answer", async () => {
  const upstream = await Upstream.raw((socket) =>
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
  );
  closing.push(upstream);
  const { it } = guestFor(upstream.port);
  assert.equal((await read(it, await send(it, upstream.port))).body, "ok");
  for (const socket of upstream.sockets) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  while (upstream.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await read(it, await send(it, upstream.port))).body, "ok");
  assert.equal(upstream.connections, 2);
});

test("outgoing-handler cancels a request whose future, response or body is dropped", async () => {
  const upstream = await Upstream.raw((socket) =>
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")),
  );
  const silent = await Upstream.raw(() => {});
  closing.push(upstream, silent);
  const allClosed = async (one: Upstream) => {
    while (one.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const { it, http } = guestFor(upstream.port);
  it.drop((await send(it, upstream.port)).val);
  await allClosed(upstream);
  const body = it.ok("[method]incoming-response.consume", (await send(it, upstream.port)).val);
  it.drop(body);
  it.dropAll();
  await allClosed(upstream);
  nothingHeld(it, http);

  const other = guestFor(silent.port);
  const request = other.it.call("[constructor]outgoing-request", other.it.call("[constructor]fields"));
  other.it.ok("[method]outgoing-request.set-scheme", request, { tag: "HTTP" });
  other.it.ok("[method]outgoing-request.set-authority", request, `127.0.0.1:${silent.port}`);
  const future = other.it.ok("handle", request, undefined);
  while (silent.sockets.size === 0) await new Promise((resolve) => setImmediate(resolve));
  other.it.drop(future);
  await allClosed(silent);
  nothingHeld(other.it, other.http);
});

test("outgoing-handler bounds how many requests are under way", async () => {
  const silent = await Upstream.raw(() => {});
  closing.push(silent);
  const { it, http } = guestFor(silent.port);
  const begin = () => {
    const request = it.call("[constructor]outgoing-request", it.call("[constructor]fields"));
    it.ok("[method]outgoing-request.set-scheme", request, { tag: "HTTP" });
    it.ok("[method]outgoing-request.set-authority", request, `127.0.0.1:${silent.port}`);
    return it.call("handle", request, undefined);
  };
  for (let i = 0; i < 4; i++) assert.equal(begin().tag, "ok");
  assert.deepEqual(begin(), { tag: "err", val: { tag: "connection-limit-reached", val: undefined } });
  http.end();
  assert.equal(http.calls, 0);
});

test("outgoing-handler breaks a request off whose body the guest drops", async () => {
  const heard = Promise.withResolvers<unknown>();
  const upstream = await Upstream.http((request) => {
    request.on("error", heard.resolve);
    request.resume();
  });
  closing.push(upstream);
  const { it } = guestFor(upstream.port);
  const request = it.call("[constructor]outgoing-request", it.call("[constructor]fields"));
  it.ok("[method]outgoing-request.set-method", request, { tag: "post" });
  it.ok("[method]outgoing-request.set-scheme", request, { tag: "HTTP" });
  it.ok("[method]outgoing-request.set-authority", request, `127.0.0.1:${upstream.port}`);
  const body = it.ok("[method]outgoing-request.body", request);
  const future = it.ok("handle", request, undefined);
  const stream = it.ok("[method]outgoing-body.write", body);
  await it.write(stream, "part");
  while (upstream.sockets.size === 0) await new Promise((resolve) => setImmediate(resolve));
  it.drop(stream);
  it.drop(body);
  assert.equal((await got(it, future)).val.tag, "HTTP-protocol-error");
  await heard.promise;
});
