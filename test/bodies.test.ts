import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { residentBytes, residentBytesMax } from "./support/process.ts";
import { open, readUntil } from "./support/raw.ts";

const gigabyte = 2 ** 30;
/** Far less than the body, far more than the noise of a garbage collector. */
const moreBytesMax = 150 * 2 ** 20;
const host = "upload.localhost";

interface Stage {
  readonly daemon: TestDaemon;
  readonly port: number;
  readonly worker: number;
}

/** One worker, so that all memory is in one process, with the guest that takes and sends bodies and one beside it. */
async function stage(t: TestContext): Promise<Stage | undefined> {
  if (!(await requireToolchain(t, "c"))) return undefined;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("upload", "c-upload");
  await daemon.deploy("other", "c-hello");
  const [worker] = daemon.workerPids();
  // Warmed up: what the first megabytes need is not what is measured.
  await ask(daemon.port, host, "/", { method: "POST", body: Buffer.alloc(20_000_000) });
  await ask(daemon.port, host, "/download?bytes=20000000");
  return { daemon, port: daemon.port, worker: worker as number };
}

async function othersAreServed({ port }: Stage): Promise<void> {
  assert.equal((await ask(port, "other.localhost")).status, 200);
}

/** Asks the guest until it no longer has the connections that were given up: it closes one before it takes the next. */
async function guestIsFree({ port }: Stage): Promise<void> {
  assert.equal((await ask(port, host, "/download?bytes=1000")).text.length, 1000);
}

test("a body of a gigabyte goes through a guest in bounded memory, either way", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const { port, worker } = stand;
  const before = residentBytes(worker);

  const piece = Buffer.alloc(256 * 1024, "warren");
  for (const framing of ["content-length", "transfer-encoding"]) {
    const bytes = framing === "content-length" ? gigabyte : gigabyte / 4;
    const headers =
      framing === "content-length" ? { "content-length": String(bytes) } : { "transfer-encoding": "chunked" };
    const most = await residentBytesMax(worker, async () => {
      const asked = request({ host: "127.0.0.1", port, path: "/", method: "POST", headers: { host, ...headers } });
      const answered = once(asked, "response") as Promise<[IncomingMessage]>;
      await pipeline(
        Readable.from(
          (function* () {
            for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
          })(),
          { highWaterMark: 1 },
        ),
        asked,
      );
      const [answer] = await answered;
      assert.equal((await answer.toArray()).join(""), `${bytes}\n`);
    });
    t.diagnostic(`up, by ${framing}: ${Math.round((most - before) / 2 ** 20)} MiB more`);
    assert.ok(most - before < moreBytesMax, `${most - before} bytes more`);
  }

  const most = await residentBytesMax(worker, async () => {
    const asked = request({ host: "127.0.0.1", port, path: `/download?bytes=${gigabyte}`, headers: { host } }).end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    assert.equal(answer.headers["content-length"], String(gigabyte));
    let bytes = 0;
    for await (const chunk of answer) bytes += (chunk as Buffer).length;
    assert.equal(bytes, gigabyte);
  });
  t.diagnostic(`down: ${Math.round((most - before) / 2 ** 20)} MiB more`);
  assert.ok(most - before < moreBytesMax, `${most - before} bytes more`);
  await othersAreServed(stand);
});

test("slow readers cost the worker no memory and the others no time", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const { port, worker } = stand;
  const before = residentBytes(worker);
  const readers: Socket[] = [];
  t.after(() => {
    for (const reader of readers) reader.destroy();
  });
  let got = 0;
  const most = await residentBytesMax(worker, async () => {
    for (let i = 0; i < 50; i++) {
      const reader = await open(port);
      readers.push(reader);
      reader.on("error", () => {});
      reader.write(`GET /download?bytes=${gigabyte} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    }
    // Each takes a kilobyte now and then; together they were promised 50 GB.
    for (let round = 0; round < 30; round++) {
      for (const reader of readers) got += (reader.read(1024) as Buffer | null)?.length ?? 0;
      await othersAreServed(stand);
      await pause(50);
    }
  });
  assert.ok(got >= 50 * 1024, `${got} bytes were read`);
  t.diagnostic(`${Math.round((most - before) / 2 ** 20)} MiB more`);
  assert.ok(most - before < moreBytesMax, `${most - before} bytes more`);
  assert.ok(
    readers.every((reader) => !reader.destroyed),
    "they are slow, not dead",
  );

  // They go without a word, in the middle of their answers, and the guest is rid of them.
  for (const reader of readers) reader.resetAndDestroy();
  await guestIsFree(stand);
  await othersAreServed(stand);
});

test("slow writers get their answers, and the others need not wait for them", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const { port } = stand;
  const writers: Socket[] = [];
  t.after(() => {
    for (const writer of writers) writer.destroy();
  });
  const heads = [
    `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 20\r\nConnection: close\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
  ];
  for (const head of heads) {
    const writer = await open(port);
    writers.push(writer);
    // Every byte in a packet of its own, head and body.
    writer.setNoDelay(true);
    const bytes = head.includes("chunked") ? `${head}14\r\n${"x".repeat(20)}\r\n0\r\n\r\n` : `${head}${"x".repeat(20)}`;
    for (const [i, byte] of [...bytes].entries()) {
      writer.write(byte);
      if (i % 16 === 0) await othersAreServed(stand);
      await pause(2);
    }
    assert.match(await readUntil(writer, "\r\n\r\n20\n"), /^HTTP\/1\.1 200 /);
  }
});

test("a client that goes away frees its connection to the guest", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const { port, worker, daemon } = stand;
  const before = residentBytes(worker);
  // The guest has room for 256 connections: with a leak this would not end.
  for (let round = 0; round < 8; round++) {
    const clients = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const client = await open(port);
        client.on("error", () => {});
        if (i % 2 === 0) {
          client.write(`GET /download?bytes=${gigabyte} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
          await readUntil(client, "xxxx");
        } else {
          client.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${gigabyte}\r\n\r\nhalf of`);
        }
        return client;
      }),
    );
    for (const [i, client] of clients.entries()) {
      if (i % 3 === 0) client.resetAndDestroy();
      else client.destroy();
    }
    await guestIsFree(stand);
  }
  assert.ok(residentBytes(worker) - before < moreBytesMax);
  const { service } = await daemon.client.getService("default", "upload");
  assert.deepEqual([service.state, service.restarts], ["running", 0]);
});

test("a client that begins a head and falls silent is cut off, and holds nobody up", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const silent = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const client = await open(stand.port);
      client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Hal`);
      return client;
    }),
  );
  t.after(() => {
    for (const client of silent) client.destroy();
  });
  // 10 s for a head (src/net/http1/limits.ts).
  const ends = silent.map(async (client) => (await client.toArray()).join(""));
  let over = false;
  const all = Promise.all(ends).finally(() => {
    over = true;
  });
  while (!over) {
    await othersAreServed(stand);
    await Promise.race([all, pause(200)]);
  }
  for (const text of await all) assert.match(text, /^(HTTP\/1\.1 408 |$)/);
});
