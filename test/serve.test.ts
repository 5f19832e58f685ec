import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";
import { open, readUntil } from "./support/raw.ts";

test("a C server answers by its host; unknown hosts get 404, stopped services 503", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t);
  const view = await daemon.deploy("hello", "c-hello");
  assert.equal(view.state, "running");
  assert.equal(view.revision, 1);
  assert.deepEqual(view.routes, [`http://hello.localhost:${daemon.port}/`]);
  for (let i = 0; i < 10; i++) assert.equal((await ask(daemon.port, "hello.localhost")).status, 200);
  assert.equal((await ask(daemon.port, "nobody.localhost")).status, 404);
  await daemon.client.stopService("default", "hello");
  assert.equal((await ask(daemon.port, "hello.localhost")).status, 503);
  await daemon.client.startService("default", "hello");
  assert.equal((await ask(daemon.port, "hello.localhost")).status, 200);
  const { service } = await daemon.client.getService("default", "hello");
  assert.ok(service.requests >= 11, `${service.requests} requests`);
  assert.ok(service.memoryBytes > 0);
  await daemon.client.deleteService("default", "hello");
  assert.equal((await ask(daemon.port, "hello.localhost")).status, 404);
  assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
  assert.deepEqual(daemon.workerPids(), []);
});

test("TCP and UDP routes reach their guests", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t);
  const tcp = await freePort();
  await daemon.deploy("echo", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${tcp}` }] });
  for (let i = 0; i < 6; i++) {
    const socket = connect(tcp, "127.0.0.1");
    socket.end(`hello ${i}`);
    assert.equal((await socket.toArray()).join(""), `hello ${i}`);
  }
  const udp = await freePort();
  await daemon.deploy("udp", "udp-echo", { route: [{ listen: `udp://127.0.0.1:${udp}` }] });
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.send("ping", udp, "127.0.0.1");
  const [data] = await once(socket, "message");
  assert.match(String(data), /ping/);
});

test("a guest with all the connections that it can hold takes the next when one of them goes", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  // Each has room for 128, and each connection of a TCP route is one of the guest's.
  for (const [guest, says, answers] of [
    ["c-tcp-echo", "hello", "hello"],
    ["c-http", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK"],
  ] as const) {
    const port = await freePort();
    const { name } = await daemon.deploy(guest, guest, { route: [{ listen: `tcp://127.0.0.1:${port}` }] });
    const sockets = await Promise.all(Array.from({ length: 140 }, () => open(port)));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    let answered = 0;
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write(says);
        await readUntil(socket, answers);
        answered++;
        // The last ones wait for places: from here on each that is served gives up its own.
        if (answered > 100) socket.destroy();
      }),
    );
    assert.equal(answered, sockets.length);
    const { service } = await daemon.client.getService("default", name);
    assert.deepEqual([service.state, service.restarts], ["running", 0]);
  }
});
