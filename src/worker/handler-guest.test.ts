import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, exchange } from "../net/test-rig.ts";
import { TestFront } from "./handler/testdata/rig.ts";

const rig = new TestFront();
before(() => rig.listen());
after(() => rig.close());

const close = "Host: a\r\nConnection: close\r\n\r\n";
const get = `GET /x HTTP/1.1\r\n${close}`;

test("HandlerGuest answers a small body with its length, in one write", async () => {
  const { instances, guest } = rig.serve((it, _, out) => it.hello(out, "hello", { fields: [["X-A", "b"]] }));
  for (let i = 0; i < 3; i++) {
    const text = await exchange(rig.port, get);
    assert.match(
      text,
      /^HTTP\/1\.1 200 OK\r\nX-A: b\r\nDate: [^\r]+\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello$/,
    );
  }
  assert.deepEqual([instances.length, instances[0]?.resets, guest.activity.active], [1, 3, 0]);
});

test("HandlerGuest hands the request over", async () => {
  rig.serve(async (it, request, out) => {
    const fields = it.call("[method]incoming-request.headers", request);
    const seen = {
      method: it.call("[method]incoming-request.method", request),
      path: it.call("[method]incoming-request.path-with-query", request),
      scheme: it.call("[method]incoming-request.scheme", request),
      authority: it.call("[method]incoming-request.authority", request),
      x: it.call("[method]fields.get", fields, "X-B").map(String),
      host: it.call("[method]fields.has", fields, "host"),
      change: it.call("[method]fields.set", fields, "a", []),
    };
    await it.hello(out, JSON.stringify(seen));
  });
  const text = await exchange(rig.port, `FOO /x?y HTTP/1.1\r\nX-B: c\r\n${close}`);
  assert.deepEqual(JSON.parse(text.slice(text.indexOf("\r\n\r\n"))), {
    method: { tag: "other", val: "FOO" },
    path: "/x?y",
    scheme: { tag: "HTTP" },
    authority: "a",
    x: ["c"],
    host: false,
    change: { tag: "err", val: { tag: "immutable" } },
  });
});

test("HandlerGuest streams an answer as the guest writes it", async () => {
  const next = Promise.withResolvers<void>();
  rig.serve(async (it, _, out) => {
    const body = it.respond(out);
    const stream = it.ok("[method]outgoing-body.write", body);
    await it.write(stream, "first");
    await next.promise;
    await it.write(stream, "second");
    it.drop(stream);
    it.ok("[static]outgoing-body.finish", body, undefined);
  });
  const client = new Client(rig.port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("5\r\nfirst\r\n");
  assert.match(client.text, /Transfer-Encoding: chunked/);
  next.resolve();
  await client.untilText("6\r\nsecond\r\n0\r\n\r\n");
  client.socket.destroy();
});

test("HandlerGuest echoes a body while it comes", async () => {
  rig.serve(async (it, request, out) => {
    const from = it.ok("[method]incoming-body.stream", it.ok("[method]incoming-request.consume", request));
    const body = it.respond(out);
    const to = it.ok("[method]outgoing-body.write", body);
    for (;;) {
      const moved = await it.wait("[method]output-stream.blocking-splice", to, from, 65536n);
      if (moved.tag === "err") break;
    }
    it.drop(to);
    it.ok("[static]outgoing-body.finish", body, undefined);
  });
  const client = new Client(rig.port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  await client.untilText("hello");
  client.send("world");
  await client.untilText("world\r\n0\r\n\r\n");
  client.socket.destroy();
});
