import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { Client, exchange } from "../net/test-rig.ts";
import { loopbackGrant, Upstream } from "../wasi/p2/http/testdata/upstream.ts";
import { directOutbound } from "../wasi/sockets/direct-outbound.ts";
import { JsInstance } from "./handler/testdata/js-instance.ts";
import { TestFront, testHandler } from "./handler/testdata/rig.ts";

const rig = new TestFront();
before(() => rig.listen());
after(() => rig.close());

const close = "Host: a\r\nConnection: close\r\n\r\n";
const get = `GET /x HTTP/1.1\r\n${close}`;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Waits until something is so. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

const forever = () => new Promise<never>(() => {});

const failures: [name: string, handler: Parameters<TestFront["serve"]>[0], code: string, log: RegExp][] = [
  ["returns without an answer", async () => {}, "502", /^a request was not answered$/],
  ["lets go of its way to answer", async (it, _, out) => it.drop(out), "502", /^$/],
  [
    "traps",
    async () => {
      throw new WebAssembly.RuntimeError("unreachable");
    },
    "502",
    /^an instance crashed: unreachable$/,
  ],
  [
    "breaks off a body of which nothing was sent yet",
    async (it, _, out) => {
      it.drop(it.respond(out));
    },
    "502",
    /^$/,
  ],
];
for (const [name, handler, status, log] of failures)
  test(`HandlerGuest answers ${status} when the guest ${name}, and goes on`, async () => {
    let first = true;
    const made = rig.serve(async (it, request, out, state) => {
      if (!first) return it.hello(out, "ok");
      first = false;
      await handler(it, request, out, state);
    });
    const text = await exchange(rig.port, get);
    assert.ok(text.startsWith(`HTTP/1.1 ${status} `), text);
    assert.match(text, /\(service\.broken\)\n$/);
    assert.match(await exchange(rig.port, get), /ok$/);
    await until(() => made.guest.activity.active === 0);
    const [reason = ""] = made.guest.status.lastRestarts.map((one) => one.reason);
    assert.match(reason, log);
  });

test("HandlerGuest gives an error of the guest's a status, and tells its log", async () => {
  const { guest } = rig.serve(async (it, _, out) => {
    it.call("[static]response-outparam.set", out, { tag: "err", val: { tag: "HTTP-request-denied", val: undefined } });
  });
  const text = await exchange(rig.port, get);
  assert.match(text, /^HTTP\/1\.1 403 [\s\S]*\r\n\r\nthe service could not answer \(HTTP-request-denied\)\n$/);
  assert.equal(guest.status.restarts, 0);
});

test("HandlerGuest breaks an answer off that the guest does not finish", async () => {
  const ways: Parameters<TestFront["serve"]>[0][] = [
    async () => {},
    async () => {
      throw new WebAssembly.RuntimeError("unreachable");
    },
  ];
  for (const way of ways) {
    rig.serve(async (it, request, out, state) => {
      const stream = it.ok("[method]outgoing-body.write", it.respond(out));
      await it.write(stream, "half");
      await turn();
      await turn();
      await way(it, request, out, state);
    });
    const client = new Client(rig.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.untilClosed();
    assert.match(client.text, /4\r\nhalf\r\n/);
    assert.doesNotMatch(client.text, /\r\n0\r\n/);
  }
});

const lengths: [name: string, declared: string, written: string, status: RegExp][] = [
  ["shorter", "5", "abc", /^HTTP\/1\.1 502 /],
  ["longer", "5", "abcdefgh", /^HTTP\/1\.1 502 /],
  ["as long as it said", "5", "abcde", /^HTTP\/1\.1 200 [\s\S]*Content-Length: 5\r\n[\s\S]*\r\n\r\nabcde$/],
];
for (const [name, declared, written, expected] of lengths)
  test(`HandlerGuest checks a body that is ${name}`, async () => {
    const errors: unknown[] = [];
    rig.serve(async (it, _, out) => {
      const body = it.respond(out, { fields: [["content-length", declared]] });
      const stream = it.ok("[method]outgoing-body.write", body);
      const result = it.call("[method]output-stream.check-write", stream);
      assert.equal(result.tag, "ok");
      const put = it.call("[method]output-stream.write", stream, Buffer.from(written));
      if (put.tag === "err") errors.push(it.call("http-error-code", put.val.val));
      it.drop(stream);
      const end = it.call("[static]outgoing-body.finish", body, undefined);
      if (end.tag === "err") errors.push(end.val);
    });
    assert.match(await exchange(rig.port, get), expected);
    const error = { tag: "HTTP-response-body-size", val: BigInt(written.length) };
    assert.deepEqual(errors, name === "shorter" ? [error] : name === "longer" ? [error, error] : []);
  });

test("HandlerGuest lets a guest write a body that nobody wants", async () => {
  rig.serve(async (it, _, out) => {
    await it.hello(out, "x".repeat(200_000), { fields: [["content-length", "200000"]] });
  });
  const head = await exchange(rig.port, `HEAD / HTTP/1.1\r\n${close}`);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 200000\r\n[\s\S]*\r\n\r\n$/);
  for (const status of [204, 304]) {
    rig.serve(async (it, _, out) => it.hello(out, "x".repeat(200_000), { status }));
    assert.match(await exchange(rig.port, get), new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\r\n\r\n$`));
  }
});

test("HandlerGuest refuses a status and fields that are not valid", async () => {
  const seen: unknown[] = [];
  rig.serve(async (it, _, out) => {
    const response = it.call("[constructor]outgoing-response", it.call("[constructor]fields"));
    for (const status of [0, 100, 101, 199, 600, 999, 65535])
      seen.push(it.call("[method]outgoing-response.set-status-code", response, status).tag);
    it.drop(response);
    await it.hello(out, "ok", { status: 599 });
  });
  assert.match(await exchange(rig.port, get), /^HTTP\/1\.1 599 /);
  assert.deepEqual(seen, Array(7).fill("err"));
});

test("HandlerGuest sends trailers both ways, and interim answers", async () => {
  let behind: unknown;
  rig.serve(async (it, request, out) => {
    const body = it.ok("[method]incoming-request.consume", request);
    await it.read(body);
    const future = it.call("[static]incoming-body.finish", body);
    await it.block("future-trailers", future);
    const trailers = it.call("[method]future-trailers.get", future);
    behind = it.call("[method]fields.entries", trailers.val.val).map(([n, v]: [string, Buffer]) => [n, `${v}`]);
    assert.equal(it.call("[method]future-trailers.get", future).tag, "err");
    const hints = it.ok("[static]fields.from-list", [["link", Buffer.from("</a>; rel=preload")]]);
    it.ok("[method]response-outparam.send-informational", out, 103, hints);
    for (const status of [100, 101, 200])
      assert.equal(
        it.call("[method]response-outparam.send-informational", out, status, it.call("[constructor]fields")).tag,
        "err",
      );
    const answer = it.respond(out);
    const stream = it.ok("[method]outgoing-body.write", answer);
    await it.write(stream, "body");
    it.drop(stream);
    const list = [
      ["x-sum", Buffer.from("1")],
      ["content-type", Buffer.from("no")],
      ["set-cookie", Buffer.from("no")],
    ];
    it.ok("[static]outgoing-body.finish", answer, it.ok("[static]fields.from-list", list));
  });
  const text = await exchange(
    rig.port,
    `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${close}3\r\nabc\r\n0\r\nX-In: 1\r\n\r\n`,
  );
  assert.match(text, /^HTTP\/1\.1 103 [^\r]*\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(text, /4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n$/);
  assert.deepEqual(behind, [["x-in", "1"]]);
});

test("HandlerGuest tells a guest that its client is gone, and stops one that does not end", async () => {
  const told: unknown[] = [];
  const began = Promise.withResolvers<void>();
  const { guest, instances } = rig.serve(
    async (it, request, out) => {
      const input = it.ok("[method]incoming-body.stream", it.ok("[method]incoming-request.consume", request));
      const output = it.ok("[method]outgoing-body.write", it.respond(out));
      await it.write(output, "begun");
      began.resolve();
      const read = await it.wait("[method]input-stream.blocking-read", input, 10n);
      told.push(it.call("http-error-code", read.val.val).tag);
      const written = await it.wait("[method]output-stream.blocking-write-and-flush", output, Buffer.from("more"));
      told.push(written.val.tag);
      await forever();
    },
    { goneMsMax: 30 },
  );
  const client = new Client(rig.port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  await client.untilText("begun");
  await began.promise;
  client.socket.resetAndDestroy();
  await until(() => guest.instances === 0);
  assert.deepEqual(told, ["connection-terminated", "closed"]);
  assert.equal(instances[0]?.killed, "the client went away");
  assert.deepEqual([guest.activity.active, guest.status.restarts], [0, 0]);
});

test("HandlerGuest answers 504 for a guest that takes too long, and makes a new instance", async () => {
  let calls = 0;
  const { guest, instances } = rig.serve((it, _, out) => (calls++ === 0 ? forever() : it.hello(out, "ok")), {
    spec: { requestMsMax: 30 },
  });
  assert.match(await exchange(rig.port, get), /^HTTP\/1\.1 504 [\s\S]*\(limit\.deadline\)\n$/);
  assert.match(await exchange(rig.port, get), /ok$/);
  assert.deepEqual([instances.length, guest.instances, guest.status.limitsHit], [2, 1, 1]);
  assert.match(instances[0]?.killed ?? "", /limit\.deadline/);
});

test("HandlerGuest has an instance for each request under way, and lets them go again", async () => {
  const gates: (() => void)[] = [];
  const { guest, instances } = rig.serve(
    async (it, _, out) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      await it.hello(out, "ok");
    },
    { instancesMax: 3, idleMsMax: 20 },
  );
  const answers = Array.from({ length: 5 }, () => exchange(rig.port, get));
  await until(() => gates.length === 3);
  await turn();
  assert.deepEqual([gates.length, guest.instances], [3, 3]);
  while (guest.activity.active > 0) {
    gates.shift()?.();
    await turn();
  }
  assert.ok((await Promise.all(answers)).every((text) => text.endsWith("ok")));
  await until(() => guest.instances === 1);
  assert.equal(instances.length, 3);
  // The one that is left is used.
  const last = exchange(rig.port, get);
  await until(() => gates.length === 1);
  gates[0]?.();
  await last;
  assert.equal(instances.length, 3);
});

test("HandlerGuest refuses requests when too many wait, and forgets those whose clients are gone", async () => {
  const gates: (() => void)[] = [];
  let calls = 0;
  const { guest } = rig.serve(
    async (it, _, out) => {
      calls++;
      await new Promise<void>((resolve) => gates.push(resolve));
      await it.hello(out, "ok");
    },
    { instancesMax: 1, spec: { queueMax: 1 } },
  );
  const first = exchange(rig.port, get);
  await until(() => gates.length === 1);
  const gone = new Client(rig.port);
  gone.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => guest.activity.active === 2);
  assert.match(await exchange(rig.port, get), /^HTTP\/1\.1 503 [\s\S]*Retry-After[\s\S]*\(limits\.queue\)\n$/);
  assert.equal(guest.status.refused.queue, 1);
  gone.socket.resetAndDestroy();
  await until(() => guest.activity.active === 1);
  gates.shift()?.();
  assert.match(await first, /ok$/);
  await until(() => guest.activity.active === 0);
  assert.equal(calls, 1);
});

test("HandlerGuest.start() makes the instance that the first request gets", async () => {
  const { guest, instances } = rig.serve((it, _, out) => it.hello(out, "ok"));
  await guest.start();
  await exchange(rig.port, get);
  assert.deepEqual([instances.length, instances[0]?.resets], [1, 1]);
});

test("HandlerGuest makes a new instance when one cannot be reset", async () => {
  const { instances, guest } = rig.serve((it, _, out) => it.hello(out, "ok"));
  await exchange(rig.port, get);
  instances[0]!.resettable = false;
  await exchange(rig.port, get);
  await until(() => guest.instances === 0);
  await exchange(rig.port, get);
  assert.deepEqual([instances.length, instances[0]?.killed], [2, "its state cannot be reset"]);
});

test("HandlerGuest keeps the state of instances when it is asked to, and not otherwise", async () => {
  const counting: Parameters<TestFront["serve"]>[0] = async (it, _, out, state) => {
    const count = Number(state.get("count") ?? 0) + 1;
    state.set("count", count);
    await it.hello(out, String(count));
  };
  for (const [reuse, expected] of [
    [true, ["1", "2", "3"]],
    [false, ["1", "1", "1"]],
  ] as const) {
    const { instances } = rig.serve(counting, { reuse });
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) seen.push((await exchange(rig.port, get)).slice(-1));
    assert.deepEqual([seen, instances.length], [expected, 1]);
  }
});

test("HandlerGuest leaves nothing of a request in an instance: no stream, body, future or field", async () => {
  const seen: number[][] = [];
  const { guest, instances } = rig.serve(async (it, request, out) => {
    seen.push([it.held.size, it.host.resources.held, it.host.http.calls]);
    // As much as can be left lying about.
    const fields = it.call("[constructor]fields");
    it.ok("[method]fields.append", fields, "secret", Buffer.from("x".repeat(1000)));
    it.call("[method]fields.clone", fields);
    it.call("[method]incoming-request.headers", request);
    const body = it.ok("[method]incoming-request.consume", request);
    const input = it.ok("[method]incoming-body.stream", body);
    it.call("[method]input-stream.subscribe", input);
    const answer = it.respond(out);
    const output = it.ok("[method]outgoing-body.write", answer);
    it.call("[method]output-stream.subscribe", output);
    await it.write(output, "half");
    const outgoing = it.call("[constructor]outgoing-request", it.call("[constructor]fields"));
    it.ok("[method]outgoing-request.set-authority", outgoing, "127.0.0.1:1");
    const sent = it.ok("[method]outgoing-request.body", outgoing);
    it.ok("[method]outgoing-body.write", sent);
    const future = it.ok("handle", outgoing, it.call("[constructor]request-options"));
    it.call("[method]future-incoming-response.subscribe", future);
    it.call("[constructor]outgoing-response", it.call("[constructor]fields"));
  });
  for (let i = 0; i < 3; i++) await exchange(rig.port, `POST / HTTP/1.1\r\nContent-Length: 3\r\n${close}abc`);
  await until(() => guest.activity.active === 0);
  // The request and the way to answer are there at the beginning, and nothing else.
  assert.deepEqual(seen, Array(3).fill([2, 0, 0]));
  assert.deepEqual([instances.length, instances[0]?.host.resources.held], [1, 0]);
});

test("HandlerGuest answers 503 when there is no room for an instance", async () => {
  let room: boolean = false;
  const { guest } = rig.serve(async () => {}, {
    make(http) {
      if (!room) throw new WarrenError("worker.memory-budget", "no room", { status: 503 });
      return new JsInstance(http, (it, _, out) => it.hello(out, "ok"));
    },
  });
  assert.match(await exchange(rig.port, get), /^HTTP\/1\.1 503 /);
  assert.equal(guest.status.limitsHit, 1);
  room = true;
  assert.match(await exchange(rig.port, get), /ok$/);
});

test("HandlerGuest serves those that wait once an instance is made", async () => {
  const made = Promise.withResolvers<void>();
  rig.serve(async () => {}, {
    async make(http) {
      await made.promise;
      return new JsInstance(http, (it, _, out) => it.hello(out, "ok"));
    },
  });
  const both = [exchange(rig.port, get), exchange(rig.port, get)];
  await turn();
  made.resolve();
  for (const text of await Promise.all(both)) assert.match(text, /ok$/);
});

test("HandlerGuest.stop() waits for what is under way, and ends what is not done in time", async () => {
  const gate = Promise.withResolvers<void>();
  const { guest, instances } = rig.serve(async (it, _, out) => {
    await gate.promise;
    await it.hello(out, "ok");
  });
  const answer = exchange(rig.port, get);
  await until(() => guest.activity.active === 1);
  const stopped = guest.stop(60_000);
  gate.resolve();
  assert.match(await answer, /ok$/);
  await stopped;
  assert.deepEqual([guest.instances, instances[0]?.killed], [0, "stopped"]);

  const stuck = rig.serve(() => forever());
  const refused = exchange(rig.port, get);
  await until(() => stuck.guest.activity.active === 1);
  await stuck.guest.stop(1);
  assert.match(await refused, /^HTTP\/1\.1 503 /);
});

test("HandlerGuest cancels the rest of a body that the guest answers before reading", async () => {
  rig.serve((it, _, out) => it.hello(out, "enough"));
  const client = new Client(rig.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1000)}`);
  await client.untilText("enough");
  client.socket.destroy();
});

test("HandlerGuest of a route that takes its prefix off shows the guest the rest of the path", async () => {
  const { guest } = testHandler(async (it, request, out) =>
    it.hello(out, it.call("[method]incoming-request.path-with-query", request)),
  );
  rig.front.router.delete("it");
  rig.front.router.set("it", [{ listener: "http", path: "/api", strip: true, target: guest }]);
  assert.match(await exchange(rig.port, `GET /api/x?y HTTP/1.1\r\n${close}`), /\r\n\r\n\/x\?y$/);
});

test("HandlerGuest lets its guests call out by what the service was granted, over connections that all of them use", async () => {
  const upstream = await Upstream.http((request, response) => response.end(`you asked for ${request.url}`));
  const { guest, instances } = rig.serve(
    async (it, request, out) => {
      const outgoing = it.call("[constructor]outgoing-request", it.call("[constructor]fields"));
      it.ok("[method]outgoing-request.set-scheme", outgoing, { tag: "HTTP", val: undefined });
      it.ok("[method]outgoing-request.set-authority", outgoing, `127.0.0.1:${upstream.port}`);
      const path = it.call("[method]incoming-request.path-with-query", request);
      it.ok("[method]outgoing-request.set-path-with-query", outgoing, path);
      const future = it.ok("handle", outgoing, undefined);
      await it.block("future-incoming-response", future);
      const response = it.ok("[method]future-incoming-response.get", future).val;
      await it.hello(out, await it.read(it.ok("[method]incoming-response.consume", response)));
    },
    { outbound: directOutbound([loopbackGrant(upstream.port)]) },
  );
  for (let i = 0; i < 3; i++) assert.match(await exchange(rig.port, get), /you asked for \/x$/);
  await until(() => guest.activity.active === 0);
  assert.deepEqual([upstream.connections, instances[0]?.host.http.calls], [1, 0]);
  await guest.stop(0);
  await until(() => upstream.sockets.size === 0);
  upstream.close();
});
