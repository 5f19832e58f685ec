import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { someClient } from "../test-rig.ts";
import { forwardingPrefix, forwardRequest } from "./forward-head.ts";
import { httpLimits } from "./limits.ts";
import { accepted, refused, refusedBodies } from "./request-corpus.ts";
import { RequestHead } from "./request-head.ts";

function parse(text: string): RequestHead {
  const head = new RequestHead(httpLimits);
  const bytes = Buffer.from(text, "latin1");
  assert.ok(head.parse(bytes, 0) > 0, "the head is not complete");
  return head;
}

for (const [name, text, status] of refused) {
  test(`RequestHead refuses ${name}`, () => {
    const head = new RequestHead(httpLimits);
    assert.throws(
      () => head.parse(Buffer.from(text, "latin1"), 0),
      (error) => error instanceof WarrenError && error.status === status,
    );
  });
}

for (const [name, text] of [...accepted, ...refusedBodies]) {
  test(`RequestHead takes the head of ${name}`, () => void parse(text));
}

test("RequestHead reads the request line", () => {
  const head = parse("GET http://A:80/b/c?d=/../e HTTP/1.1\r\nHost: a:80\r\n\r\n");
  assert.deepEqual(
    {
      method: head.method,
      target: head.target,
      path: head.path,
      suspicious: head.suspicious,
      host: head.host,
      minor: head.minor,
    },
    { method: "GET", target: "/b/c?d=/../e", path: "/b/c", suspicious: false, host: "a:80", minor: 1 },
  );
});

test("RequestHead gives an absolute form without a path the path /", () => {
  const head = parse("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.deepEqual([head.target, head.path], ["/?q", "/"]);
});

const suspicious = ["/a/../b", "/.", "/..", "/%2e%2e/x", "/a%2Fb", "/.hidden"];
test("RequestHead marks paths that may hold dot segments", () => {
  for (const path of suspicious) assert.equal(parse(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).suspicious, true, path);
  for (const path of ["/", "/a.b/c..", "/a?/../%2e"])
    assert.equal(parse(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).suspicious, false, path);
});

const persistence: readonly (readonly [version: string, connection: string, persistent: boolean])[] = [
  ["1.1", "", true],
  ["1.1", "Connection: close\r\n", false],
  ["1.1", "Connection: x, Close\r\n", false],
  ["1.1", "Connection: keep-alive\r\nConnection: close\r\n", false],
  ["1.0", "", false],
  ["1.0", "Connection: Keep-Alive\r\n", true],
  ["1.0", "Connection: keep-alive, close\r\n", false],
];
test("RequestHead tells whether the client keeps the connection", () => {
  for (const [version, connection, persistent] of persistence) {
    assert.equal(
      parse(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`).persistent,
      persistent,
      `${version} ${connection}`,
    );
  }
});

const upgrades: readonly (readonly [fields: string, upgrade: boolean])[] = [
  ["Connection: upgrade\r\nUpgrade: websocket\r\n", true],
  ["Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true],
  ["Upgrade: websocket\r\n", false],
  ["Connection: upgrade\r\n", false],
  ["Connection: upgrade\r\nUpgrade: h2c\r\n", false],
  ["Connection: upgrade, http2-settings\r\nUpgrade: websocket, H2C\r\nHTTP2-Settings: x\r\n", false],
  ["Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n", false],
  ["Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: x\r\n", false],
];
test("RequestHead offers an upgrade only where it is harmless", () => {
  for (const [fields, upgrade] of upgrades)
    assert.equal(parse(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`).upgrade, upgrade, fields);
});

function forwarded(text: string): string {
  return forwardRequest(parse(text), forwardingPrefix(someClient), "id").toString("latin1");
}

const tail = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Request-Id: id\r\n\r\n";
const trace = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
const forwardings: readonly (readonly [name: string, from: string, to: string])[] = [
  [
    "leaves a plain head as it is",
    "GET /x?y HTTP/1.1\r\nhOsT:  a\r\nX: y\r\n\r\n",
    `GET /x?y HTTP/1.1\r\nhOsT:  a\r\nX: y\r\n${tail}`,
  ],
  [
    "leaves the framing as it is",
    "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\n",
    `POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n${tail}`,
  ],
  ["speaks HTTP/1.1 itself", "GET /x HTTP/1.0\r\nHost: a\r\n\r\n", `GET /x HTTP/1.1\r\nHost: a\r\n${tail}`],
  [
    "makes an absolute form an origin form",
    "GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
    `GET /x?y HTTP/1.1\r\nHost: a\r\n${tail}`,
  ],
  ["keeps OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", `OPTIONS * HTTP/1.1\r\nHost: a\r\n${tail}`],
  [
    "removes what is meant for one hop",
    "GET / HTTP/1.1\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\nHost: a\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Connection: x\r\nX-B: 2\r\nx-a: 3\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\nX-B: 2\r\n${tail}`,
  ],
  [
    "keeps Host though Connection names it",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\n${tail}`,
  ],
  [
    "drops what the client forged",
    "GET / HTTP/1.1\r\nX-Forwarded-For: 1\r\nHost: a\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: b\r\nX-Forwarded-Port: 1\r\nForwarded: for=1\r\nX-Real-IP: 1\r\nX-Request-Id: mine\r\nX_Request_Id: mine\r\nProxy: p\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\n${tail}`,
  ],
  [
    "drops what CGI would take for it",
    "GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\nx-forwarded_for: 1\r\nContent_Length: 5\r\nX_Real_IP: 1\r\nMy_Field: 1\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\nMy_Field: 1\r\n${tail}`,
  ],
  [
    "passes an upgrade on",
    "GET / HTTP/1.1\r\nConnection: Upgrade, keep-alive\r\nUpgrade: WebSocket\r\nHost: a\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n${tail}`,
  ],
  [
    "passes a trace on",
    `GET / HTTP/1.1\r\nHost: a\r\ntracestate: b=1\r\nTraceparent: 00-${trace}-01\r\nTraceState: c=2\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\ntracestate: b=1\r\nTraceparent: 00-${trace}-01\r\nTraceState: c=2\r\n${tail}`,
  ],
  [
    "drops a trace that is not valid, with its state",
    `GET / HTTP/1.1\r\nHost: a\r\ntracestate: b=1\r\ntraceparent: 00-${trace}\r\nX: y\r\nTraceState: c=2\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n${tail}`,
  ],
  [
    "drops two traces",
    `GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-${trace}-01\r\ntraceparent: 00-${trace}-01\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\n${tail}`,
  ],
  [
    "drops the state of no trace",
    "GET / HTTP/1.1\r\nHost: a\r\ntracestate: b=1\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: a\r\n${tail}`,
  ],
  [
    "answers 100-continue itself",
    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n${tail}`,
  ],
];
for (const [name, from, to] of forwardings) test(`forwardRequest() ${name}`, () => assert.equal(forwarded(from), to));

test("RequestHead.forwardedFields() lists what forwardRequest() passes on", () => {
  const head = parse(
    "GET / HTTP/1.1\r\nConnection: x-a\r\nHost: a\r\nX-A: 1\r\nX-B:  2 \r\nX-Real-IP: 3\r\nX-C:\r\n\r\n",
  );
  assert.deepEqual(head.forwardedFields(), [
    ["host", "a"],
    ["x-b", "2"],
    ["x-c", ""],
  ]);
});
