import assert from "node:assert/strict";
import { type ClientHttp2Session, connect } from "node:http2";
import { after, before, test } from "node:test";
import { Flow } from "../base/flow.ts";
import { Front } from "./front.ts";
import type { HttpTarget, TargetRequest } from "./target.ts";
import { answering, exchange, listeningFd, newActivity, ok, streamTarget } from "./test-rig.ts";

let front: Front;
let port: number;
let session: ClientHttp2Session;
let seen: TargetRequest | undefined;

const echo = streamTarget(answering((request) => ok(request)));
const called: HttpTarget = {
  kind: "request",
  activity: newActivity(),
  handle: async (request) => {
    seen = request;
    const body = new Flow();
    body.end();
    return { status: 204, headers: [], body };
  },
};

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  front.router.set("n/echo", [{ listener: "http", host: "a", path: "/api", strip: true, target: echo }]);
  front.router.set("n/called", [{ listener: "http", host: "c", path: "/api/", strip: true, target: called }]);
  front.router.set("n/shop", [{ listener: "http", host: "s", target: echo }]);
  front.router.set("n/canary", [{ listener: "http", host: "s", share: 1, sticky: "secret", target: echo }]);
  front.router.set("n/read", [{ listener: "http", host: "m", methods: ["GET"], target: echo }]);
  session = connect(`http://127.0.0.1:${port}`);
});
after(() => {
  session.destroy();
  front.destroy();
});

const targets: readonly (readonly [sent: string, seen: string])[] = [
  ["/api", "/"],
  ["/api/", "/"],
  ["/api?x=/api", "/?x=/api"],
  ["/api/a%2Fb?y", "/a%2Fb?y"],
  ["/api/api/x", "/api/x"],
  ["/api/./x", "/./x"],
  ["/api//x", "//x"],
  ["http://a/api/x?y", "/x?y"],
  ["http://a/api", "/"],
];

test("a prefix is taken off what a guest sees, and told in X-Forwarded-Prefix", async () => {
  for (const [sent, target] of targets) {
    const head = `GET ${sent} HTTP/1.1\r\nHost: a\r\nX-Forwarded-Prefix: /evil\r\nX_Forwarded_Prefix: /evil\r\nConnection: close\r\n\r\n`;
    const answer = await exchange(port, head);
    const request = answer.slice(answer.indexOf("\r\n\r\n") + 4);
    assert.ok(request.startsWith(`GET ${target} HTTP/1.1\r\nHost: a\r\n`), `${sent}: ${request}`);
    assert.deepEqual(request.match(/.*forwarded.prefix.*/gi), ["X-Forwarded-Prefix: /api"], sent);
  }
});

test("a body follows a head whose prefix was taken off", async () => {
  const answer = await exchange(
    port,
    "POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
  );
  assert.match(answer, /POST \/x HTTP\/1\.1\r\n[\s\S]*\r\n\r\nhello$/);
});

test("a path that climbs above a prefix that is taken off is refused", async () => {
  for (const path of ["/api/..", "/api/../api/x", "/api/%2e%2e/api/x", "/api/x/../../api/y", "/api/..%2fapi/x"])
    assert.match(
      await exchange(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`),
      /^HTTP\/1\.1 400 [\s\S]*\(route\.path\)/,
      path,
    );
});

test("a guest that is called sees the whole path and what of it is its own, as CGI has it", async () => {
  await exchange(port, "GET /api/x?y HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n");
  assert.deepEqual([seen?.path, seen?.mountedAt, seen?.strip], ["/api/x?y", "/api", true]);
  assert.deepEqual(
    seen?.headers.filter(([name]) => name === "x-forwarded-prefix"),
    [["x-forwarded-prefix", "/api"]],
  );
});

function ask(authority: string, path: string): Promise<{ headers: Record<string, unknown>; body: string }> {
  const stream = session.request({ ":authority": authority, ":path": path, "x-forwarded-prefix": "/evil" });
  let headers: Record<string, unknown> = {};
  let body = "";
  stream.on("response", (fields) => {
    headers = fields;
  });
  stream.on("data", (chunk: Buffer) => {
    body += chunk.toString("latin1");
  });
  return new Promise((resolve) => stream.on("close", () => resolve({ headers, body })));
}

test("HTTP/2 requests have their prefix taken off for guests of HTTP/1", async () => {
  const { body } = await ask("a", "/api/x?y");
  assert.match(body, /^GET \/x\?y HTTP\/1\.1\r\n/);
  assert.deepEqual(body.match(/.*forwarded.prefix.*/gi), ["x-forwarded-prefix: /api"]);
  assert.match((await ask("a", "/api")).body, /^GET \/ HTTP\/1\.1\r\n/);
});

test("an answer brings the cookie of the service that was chosen, once", async () => {
  const cookie = "warren-route=secret; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax";
  const first = await exchange(port, "GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  assert.deepEqual(first.match(/^Set-Cookie: .*/gim), [`Set-Cookie: ${cookie}`]);
  const again = await exchange(
    port,
    "GET / HTTP/1.1\r\nHost: s\r\nCookie: a=b; warren-route=secret\r\nConnection: close\r\n\r\n",
  );
  assert.doesNotMatch(again, /^Set-Cookie: /im);
  assert.deepEqual((await ask("s", "/")).headers["set-cookie"], [cookie]);
});

test("a method that no route of the path has is answered with those that there are", async () => {
  const text = await exchange(port, "POST / HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
  assert.match(text, /^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n/);
  assert.match(await exchange(port, "HEAD / HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 200 /);
});
