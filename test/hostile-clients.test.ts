// Clients that mean the front no good: the others are served meanwhile, and what they cost is bounded.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { smuggling } from "../src/net/http1/smuggling-corpus.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { eachOf } from "./support/parallel.ts";
import { openDescriptors } from "./support/process.ts";
import { exchange, open, readUntil } from "./support/raw.ts";

/** 10,000 by hand. */
const idleCount = Number(process.env.WARREN_IDLE_CONNECTIONS ?? 2000);
const idleBytesMax = 12 * 1024;
/** What a worker's memory varies by anyway: garbage that is not collected yet, code that was compiled. */
const noiseBytes = 48 * 1024 * 1024;

const host = "shop.example.com";
const get = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

let started: Promise<TestDaemon> | undefined;
after(async () => {
  await (await started)?.destroy();
});

function serve(): Promise<TestDaemon> {
  started ??= start();
  return started;
}

async function start(): Promise<TestDaemon> {
  const daemon = await TestDaemon.start({ after: () => {} }, { workers: 2 });
  await daemon.deploy("shop", "go-http", { route: [{ host }], limits: { memory: "256MiB" } });
  // What the first requests compile and start is not the clients' doing.
  await eachOf(Array.from({ length: 200 }), 20, async () => assert.equal((await ask(daemon.port, host)).status, 200));
  return daemon;
}

/** What the workers hold in memory, bytes. */
function workersHold(daemon: TestDaemon): number {
  const pss = (pid: number): number =>
    Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]) * 1024;
  return daemon.workerPids().reduce((sum, pid) => sum + pss(pid), 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

test(`${idleCount} idle connections cost little, and are connections still`, async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const before = workersHold(daemon);
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await eachOf(Array.from({ length: idleCount }), 50, async () => {
    const socket = await open(daemon.port);
    sockets.push(socket);
    socket.write(get);
    await readUntil(socket, "\r\n\r\n");
  });
  const cost = workersHold(daemon) - before;
  t.diagnostic(`${(cost / idleCount / 1024).toFixed(1)} KiB each, garbage included`);
  assert.ok(cost <= idleCount * idleBytesMax + noiseBytes, mebibytes(cost));
  for (const socket of sockets.slice(0, 20)) {
    socket.write(get);
    await readUntil(socket, "\r\n\r\n");
  }
});

test("heads that come byte by byte are cut off with 408, and others are served meanwhile", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const slow = Array.from({ length: 200 }, async () => {
    const socket = await open(daemon.port);
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX: `);
    const dripping = setInterval(() => void socket.write("a"), 1000);
    try {
      return await readUntil(socket, "\r\n");
    } finally {
      clearInterval(dripping);
      socket.destroy();
    }
  });
  const all = Promise.all(slow);
  let going = true;
  void all.then(() => {
    going = false;
  });
  let served = 0;
  while (going) {
    assert.equal((await ask(daemon.port, host)).status, 200);
    served++;
  }
  for (const line of await all) assert.match(line, /^HTTP\/1\.1 408 /);
  assert.ok(served > 0);
});

test(`none of ${smuggling.length} attacks by a request's head reaches the program`, async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const visits = async (): Promise<number> => Number(/visit (\d+)/.exec((await ask(daemon.port, host)).text)?.[1]);
  const before = await visits();
  await eachOf(smuggling, 4, async ([name, bytes, status]) => {
    // To a host that is served, with requests behind it that would be counted.
    const attack = bytes.replace(/^Host: a\r$/m, `Host: ${host}\r`);
    const text = await exchange(daemon.port, attack + get + get);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), name);
    assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1, name);
  });
  assert.equal(await visits(), before + 1);
});

test("64 KiB of header are refused with 431", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const long = `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(65_536)}\r\n\r\n`;
  assert.match(await exchange(daemon.port, long), /^HTTP\/1\.1 431 .*\r\nConnection: close\r\n/s);
  const many = `GET / HTTP/1.1\r\nHost: ${host}\r\n${"X: y\r\n".repeat(11_000)}\r\n`;
  assert.match(await exchange(daemon.port, many), /^HTTP\/1\.1 431 /);
});

test("a body of a million chunks of one byte is passed on whole", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const before = workersHold(daemon);
  const count = 1_000_000;
  const body = `${"1\r\nz\r\n".repeat(count)}0\r\n\r\n`;
  const head = `POST /echo HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
  const text = await exchange(daemon.port, head + body);
  assert.match(text, /^HTTP\/1\.1 200 /);
  const end = text.slice(text.indexOf("\r\n\r\n") + 4);
  assert.equal(end.match(/z/g)?.length, count);
  const cost = workersHold(daemon) - before;
  assert.ok(cost <= 2 * noiseBytes, mebibytes(cost));
});

test("clients that ask for much and read nothing cost little", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const before = workersHold(daemon);
  const sockets = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await open(daemon.port);
      socket.pause();
      socket.write(`GET /big?bytes=1000000000 HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return socket;
    }),
  );
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let round = 0; round < 100; round++) assert.equal((await ask(daemon.port, host)).status, 200);
  const cost = workersHold(daemon) - before;
  t.diagnostic(mebibytes(cost));
  assert.ok(cost <= 2 * noiseBytes, mebibytes(cost));
});

test("a flood of pipelined requests is read no faster than its answers, and every one is answered", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await serve();
  const before = workersHold(daemon);
  const count = 10_000;
  const socket = await open(daemon.port);
  t.after(() => void socket.destroy());
  socket.pause();
  socket.write(get.repeat(count - 1) + get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  for (let round = 0; round < 50; round++) assert.equal((await ask(daemon.port, host)).status, 200);
  const cost = workersHold(daemon) - before;
  t.diagnostic(mebibytes(cost));
  assert.ok(cost <= noiseBytes, mebibytes(cost));
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  socket.resume();
  await once(socket, "end");
  assert.equal(text.match(/^HTTP\/1\.1 200 OK\r$/gm)?.length, count);
});

test("when descriptors run out accepting waits, and goes on", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-few-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const command = join(folder, "warren");
  writeFileSync(command, `#!/bin/sh\nulimit -n 400\nexec ${join(import.meta.dirname, "../warren")} "$@"\n`);
  chmodSync(command, 0o755);
  const daemon = await TestDaemon.start(t, { workers: 1, command });
  await daemon.deploy("shop", "go-http", { route: [{ host }], limits: { memory: "256MiB" } });
  const pids = daemon.workerPids();
  // As many as it can accept, and more that wait in the kernel.
  const sockets = await Promise.all(Array.from({ length: 600 }, () => open(daemon.port)));
  const late = ask(daemon.port, host);
  const log = join(daemon.state, "workers/worker.log");
  while (!readFileSync(log, "utf8").includes("listener.descriptors")) await pause(20);
  // It looks again four times a second, and must not take one connection more each time.
  const before = openDescriptors(pids[0]!);
  await pause(3000);
  assert.ok(openDescriptors(pids[0]!) <= before + 4, `${before} descriptors, then ${openDescriptors(pids[0]!)}`);
  for (const socket of sockets) socket.destroy();
  assert.equal((await late).status, 200);
  assert.equal((await ask(daemon.port, host)).status, 200);
  assert.deepEqual(daemon.workerPids(), pids);
});
