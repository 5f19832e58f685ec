import assert from "node:assert/strict";
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { ProxyCorpus } from "../src/net/proxy-protocol/corpus.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { freePort } from "./support/ports.ts";
import { residentBytes, residentBytesMax } from "./support/process.ts";

/** What a worker may take more than before, whatever comes: buffers, and what V8 has not collected yet. */
const moreBytesMax = 150 * 2 ** 20;

function dial(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
}

async function echoes(port: number, text: string): Promise<void> {
  for (;;) {
    const socket = dial(port);
    socket.end(text);
    const answer = (await socket.toArray().catch(() => [])).join("");
    socket.destroy();
    if (answer === text) return;
    // The guest may have no place until those before have gone.
    assert.equal(answer, "");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a flood of connections to a TCP route takes bounded memory, and the service answers after it", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const port = await freePort();
  await daemon.deploy("echo", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${port}` }] });
  await echoes(port, "before");
  const [worker] = daemon.workerPids() as [number];
  const before = residentBytes(worker);
  const most = await residentBytesMax(worker, async () => {
    for (let wave = 0; wave < 3; wave++) {
      const sockets = Array.from({ length: 1500 }, () => dial(port));
      await Promise.all(
        sockets.map(async (socket) => {
          await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed(socket)]);
          socket.write("x".repeat(1000));
        }),
      );
      for (const socket of sockets) socket.resetAndDestroy();
    }
  });
  assert.ok(most - before < moreBytesMax, `${most - before} bytes`);
  await echoes(port, "after");
  assert.deepEqual(daemon.workerPids(), [worker]);
});

test("clients that send much and never read hold a bounded part of it", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const port = await freePort();
  await daemon.deploy("echo", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${port}` }] });
  const [worker] = daemon.workerPids() as [number];
  const before = residentBytes(worker);
  const sockets = Array.from({ length: 60 }, () => dial(port));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const most = await residentBytesMax(worker, async () => {
    for (const socket of sockets) {
      socket.pause();
      socket.write(Buffer.alloc(16 * 2 ** 20));
    }
    // Others are served meanwhile.
    for (let i = 0; i < 50; i++) await echoes(port, `other ${i}`);
  });
  assert.ok(most - before < moreBytesMax, `${most - before} bytes`);
});

test("datagrams of thousands of senders do not keep one from its answers", async (t) => {
  if (!(await requireToolchain(t, "assemblyscript"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const port = await freePort();
  await daemon.deploy("echo", "udp-echo", { route: [{ listen: `udp://0.0.0.0:${port}` }] });
  const [worker] = daemon.workerPids() as [number];
  const before = residentBytes(worker);
  const real = createSocket("udp4");
  t.after(() => real.close());
  let answers = 0;
  real.on("message", () => answers++);
  real.connect(port, "127.0.0.2");
  await once(real, "connect");
  const most = await residentBytesMax(worker, async () => {
    for (let wave = 0; wave < 10; wave++) {
      const senders: DatagramSocket[] = [];
      for (let i = 0; i < 300; i++) {
        const sender = createSocket("udp4");
        await new Promise<void>((resolve) => sender.bind(0, `127.1.${wave}.${i % 256}`, resolve));
        for (let k = 0; k < 5; k++) sender.send("x".repeat(500), port, "127.0.0.1");
        senders.push(sender);
      }
      const wanted = answers + 1;
      while (answers < wanted) {
        real.send("real");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      for (const sender of senders) sender.close();
    }
  });
  assert.ok(most - before < moreBytesMax, `${most - before} bytes`);
});

test("whatever a trusted proxy sends in place of a header ends that connection and no other", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1, args: ["--proxy-from", "127.0.0.1"] });
  const port = await freePort();
  await daemon.deploy("echo", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${port}` }] });
  await daemon.deploy("hello", "c-hello");
  const header = "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443\r\n";
  const good = async (): Promise<void> => {
    const socket = dial(port);
    socket.end(`${header}hello`);
    assert.equal((await socket.toArray()).join(""), "hello");
    const http = dial(daemon.port);
    http.write(`${header}GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n`);
    assert.match((await http.toArray()).join(""), /^HTTP\/1\.1 200 /);
    http.destroy();
  };
  const corpus = new ProxyCorpus(Number(process.env.WARREN_FUZZ_SEED ?? 1));
  // Some stay open and say no more.
  const silent = Array.from({ length: 100 }, (_, i) => {
    const socket = dial(i % 2 === 0 ? port : daemon.port);
    socket.write(header.slice(0, i % 40));
    return socket;
  });
  t.after(() => {
    for (const socket of silent) socket.destroy();
  });
  for (let i = 0; i < 400; i++) {
    const socket = dial(i % 2 === 0 ? port : daemon.port);
    socket.end(corpus.next());
    socket.resume();
    await closed(socket);
    if (i % 100 === 0) await good();
  }
  await good();
  // Those are given five seconds.
  await Promise.all(silent.map((socket) => closed(socket.resume())));
});
