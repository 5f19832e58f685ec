import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { buildGoGuest } from "./guests/go.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";

const limits = { memory: "512MiB" };

test("Go's web frameworks, a Prometheus exporter and a WebSocket run as they are", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deployBytes("web", await buildGoGuest("go-services"), {
    args: ["http"],
    limits,
    route: [{ port: 8080 }],
  });
  const get = (path: string, more = {}) => ask(daemon.port, "127.0.0.1", path, more);

  assert.equal((await get("/hello/ann")).text, "hello ann");
  assert.equal((await get("/panic")).status, 500);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => get(`/hello/${i}`)));
  assert.deepEqual(
    answers.map(({ text }) => text),
    Array.from({ length: 50 }, (_, i) => `hello ${i}`),
  );
  const posted = await get("/echo", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ long: "x".repeat(100_000) }),
  });
  assert.equal(posted.status, 201);
  assert.equal((JSON.parse(posted.text) as { long: string }).long.length, 100_000);
  const metrics = await get("/metrics");
  assert.match(metrics.text, /^greetings_total 51$/m);
  assert.match(metrics.text, /^go_goroutines [0-9]+$/m);

  const socket = new WebSocket(`ws://127.0.0.1:${daemon.port}/ws`);
  const failed = once(socket, "error").then(() => assert.fail("the WebSocket failed"));
  failed.catch(() => {});
  await Promise.race([once(socket, "open"), failed]);
  for (const said of ["one", "two"]) {
    const answered = once(socket, "message");
    socket.send(said);
    const [{ data }] = (await Promise.race([answered, failed])) as [MessageEvent<string>];
    assert.equal(data, `you said ${said}`);
  }
  socket.close();
  await once(socket, "close");
});

test("a DNS server in Go answers over UDP", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const port = await freePort();
  await daemon.deployBytes("dns", await buildGoGuest("go-services"), {
    args: ["dns"],
    limits,
    route: [
      { listen: `udp://127.0.0.1:${port}`, port: 5353 },
      { listen: `tcp://127.0.0.1:${port}`, port: 5353 },
    ],
  });
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  // RFC 1035 §4: an identifier, recursion desired, one question; then its name, type A, class IN.
  const name = Buffer.from("\x03www\x07example\x00", "latin1");
  const query = Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    name,
    Buffer.from([0, 1, 0, 1]),
  ]);
  socket.send(query, port, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  assert.equal(answer.readUInt16BE(0), 0x1234);
  assert.equal(answer.readUInt16BE(6), 1, "one answer");
  assert.deepEqual([...answer.subarray(-4)], [192, 0, 2, 7]);
});
