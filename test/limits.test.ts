import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { refused } from "../src/net/http1/request-corpus.ts";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";
import { processesOf } from "./support/process.ts";
import { exchange } from "./support/raw.ts";

test("a guest's memory grows to its limit and no further", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const pageBytes = 65_536;
  for (const [memory, pages] of [
    ["1MiB", 16],
    ["8MiB", 128],
    ["1000kB", 15],
  ] as const) {
    await daemon.deploy("grower", "c-memory-grower", { limits: { memory } });
    for (let i = 0; i < 2; i++)
      assert.equal((await ask(daemon.port, "grower.localhost", "/grow")).text, `${pages}\n`, memory);
    const { service } = await daemon.client.getService("default", "grower");
    // Its table of functions counts too.
    const more = service.memoryBytes - pages * pageBytes;
    assert.ok(more >= 0 && more < 1024, `${more} bytes more than its memory`);
    // A limit is an answer to the guest, no reason to end it.
    assert.deepEqual([service.state, service.restarts], ["running", 0]);
  }
  await assert.rejects(
    daemon.deploy("grower", "c-memory-grower", { limits: { memory: "64KiB" } }),
    (error: Error & { code: string }) => {
      assert.equal(error.code, "limits.memory");
      assert.match(error.message, /its limit is 0\.06 MiB/);
      return true;
    },
  );
  assert.equal((await ask(daemon.port, "grower.localhost")).text, "15\n");
});

test("two daemons share neither a state directory nor a port nor a socket, and the first goes on", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const folder = mkdtempSync(join(tmpdir(), "warren-second-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const free = "127.0.0.1:0";
  const taken = `127.0.0.1:${daemon.port}`;
  const cases = [
    { state: daemon.state, socket: join(folder, "a.sock"), http: free, code: "state.locked" },
    { state: join(folder, "b"), socket: join(folder, "b.sock"), http: taken, code: "listener.in-use" },
    { state: join(folder, "c"), socket: daemon.socket, http: free, code: "socket.in-use" },
  ];
  const workers = daemon.workerPids();
  for (const { state, socket, http, code } of cases) {
    const args = [
      "serve",
      "--state",
      state,
      "--socket",
      socket,
      "--http",
      http,
      "--workers",
      "1",
      "--log-format",
      "json",
    ];
    const ended = await warren(undefined, args);
    assert.equal(ended.code, 1, ended.stderr);
    assert.ok(ended.stderr.includes(`(${code})`), ended.stderr);
    assert.match(ended.stderr, /\nhint: /, ended.stderr);
    assert.doesNotMatch(ended.stderr, /\n\s+at /);
  }
  assert.deepEqual(processesOf(folder), [], "a daemon that could not start left a process");
  assert.deepEqual(daemon.workerPids(), workers);
  assert.equal((await daemon.client.health()).pid, daemon.pid);
  assert.equal((await ask(daemon.port, "nobody.localhost")).status, 404);
});

test("a daemon that cannot take over leaves the services of the earlier one running", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const other = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("hello", "c-hello");
  const workers = daemon.workerPids();
  const addresses = ["--http", `127.0.0.1:${daemon.port}`, "--http", `127.0.0.1:${other.port}`];
  await daemon.kill("SIGKILL");
  const ended = await warren(undefined, ["serve", "--state", daemon.state, "--socket", daemon.socket, ...addresses]);
  assert.equal(ended.code, 1, ended.stderr);
  assert.match(ended.stderr, /\(listener\.in-use\)/);
  assert.deepEqual(daemon.workerPids(), workers);
  for (let i = 0; i < 4; i++) assert.equal((await ask(daemon.port, "hello.localhost")).status, 200);
  await daemon.launch();
  assert.equal((await ask(daemon.port, "hello.localhost")).status, 200);
});

test("a TCP listener that somebody else has is refused at deploy", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const other = await TestDaemon.start(t, { workers: 1 });
  const route = [{ listen: `tcp://127.0.0.1:${other.port}` }];
  await assert.rejects(daemon.deploy("echo", "c-tcp-echo", { route }), { code: "listener.in-use" });
  assert.deepEqual(await daemon.client.listServices("default"), []);
  // Nothing of the try is in the way of the next.
  await daemon.deploy("echo", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${await freePort()}` }] });
});

test("what a client claims about who it is does not reach the guest", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("mirror", "assemblyscript-cgi", { kind: "cgi" });
  const { text } = await ask(daemon.port, "mirror.localhost", "/env", {
    headers: {
      "x-forwarded-for": "203.0.113.9",
      "X-Forwarded-Proto": "https",
      "x-forwarded-host": "bank.example",
      forwarded: "for=203.0.113.9;proto=https",
      proxy: "http://203.0.113.9/",
      x_forwarded_for: "203.0.113.9",
      connection: "close, x-hop",
      "x-hop": "meant for one hop",
      "x-mine": "kept",
    },
  });
  assert.match(text, /^HTTP_X_FORWARDED_FOR=127\.0\.0\.1$/m);
  assert.match(text, /^HTTP_X_FORWARDED_PROTO=http$/m);
  assert.match(text, /^HTTP_X_FORWARDED_HOST=mirror\.localhost$/m);
  assert.match(text, /^HTTP_X_MINE=kept$/m);
  // https://httpoxy.org
  assert.doesNotMatch(text, /203\.0\.113\.9|bank\.example|HTTP_PROXY|HTTP_X_HOP/);
});

test("requests that two servers could read differently end their connection, and nothing behind them is read", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("app", "assemblyscript-cgi", { kind: "cgi" });
  const host = "app.localhost";
  const requests = refused.filter(([, , status]) => status === 400).filter((_, i) => i % 4 === 0);
  assert.ok(requests.length >= 10);
  for (const [what, bytes] of requests) {
    const smuggled = `GET /env HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const answer = await exchange(daemon.port, bytes.replace("Host: a", `Host: ${host}`) + smuggled);
    assert.match(answer, /^HTTP\/1\.1 400 /, what);
    assert.equal(answer.match(/^HTTP\/1\.1 \d/gm)?.length, 1, `${what}: a second answer`);
    assert.ok(!answer.includes("REQUEST_METHOD"), what);
  }
  assert.equal((await ask(daemon.port, host)).status, 200);
});
