import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:http2";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync, zstdDecompressSync } from "node:zlib";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

const host = "go.localhost";
const decode: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
};

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Has /echo give a text back: as much of it as is asked for, as an answer to GET would be. */
function get(port: number, bytes: number, headers: Record<string, string>, method = "POST"): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const fields = { host, "content-type": "text/plain", ...headers };
    request({ host: "127.0.0.1", port, path: "/echo", method, headers: fields }, async (response) => {
      const body = Buffer.concat((await response.toArray()) as Buffer[]);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    })
      .on("error", reject)
      .end(method === "HEAD" ? undefined : text.subarray(0, bytes));
  });
}

const text = Buffer.alloc(20_000_000, "All is text, and there is a lot of it. ");

async function start(t: TestContext, compress: boolean): Promise<TestDaemon | undefined> {
  if (!(await requireToolchain(t, "go"))) return undefined;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("go", "go-http", { route: [{ host, ...(compress ? { compress } : {}) }] });
  return daemon;
}

test("answers of a Go server are compressed as the client likes it, and come out as they were", async (t) => {
  const daemon = await start(t, true);
  if (daemon === undefined) return;
  const { port } = daemon;
  const plain = await get(port, 3_000_001, {});
  assert.equal(plain.body.length, 3_000_001);
  assert.equal(plain.headers.vary, "Accept-Encoding");
  for (const [accepts, coding] of [
    ["gzip, deflate, br, zstd", "br"],
    ["gzip;q=1, br;q=0.5", "gzip"],
    ["zstd", "zstd"],
  ] as const) {
    for (let n = 0; n < 3; n++) {
      const { headers, body } = await get(port, 3_000_001, { "accept-encoding": accepts });
      assert.deepEqual([headers["content-encoding"], headers["content-length"]], [coding, undefined]);
      assert.ok(body.length < 300_000, `${coding}: ${body.length} bytes`);
      assert.ok(plain.body.equals(decode[coding]?.(body) ?? Buffer.alloc(0)), coding);
    }
  }
  const head = await get(port, 0, { "accept-encoding": "br" }, "HEAD");
  assert.deepEqual([head.headers["content-encoding"], head.headers.vary], ["br", "Accept-Encoding"]);
  // Too short to gain anything.
  const short = await get(port, 100, { "accept-encoding": "br" });
  assert.deepEqual([short.headers["content-encoding"], short.headers.vary], [undefined, "Accept-Encoding"]);
  assert.equal(short.body.length, 100);
  const other = await get(port, 5000, { "accept-encoding": "br", "content-type": "image/png" });
  assert.deepEqual([other.headers["content-encoding"], other.headers.vary], [undefined, undefined]);
  assert.match((await ask(port, host)).text, /^Hello from Go/);
});

test("server-sent events come one by one, whatever they are coded with", async (t) => {
  const daemon = await start(t, true);
  if (daemon === undefined) return;
  for (const [coding, decoder] of [
    ["br", createBrotliDecompress()],
    ["gzip", createGunzip()],
  ] as const) {
    const pieces: string[] = [];
    await new Promise<void>((resolve, reject) => {
      request(
        { host: "127.0.0.1", port: daemon.port, path: "/stream", headers: { host, "accept-encoding": coding } },
        (response) => {
          assert.equal(response.headers["content-encoding"], coding);
          response.pipe(decoder);
          decoder.on("data", (piece: Buffer) => pieces.push(String(piece)));
          decoder.on("end", resolve);
          decoder.on("error", reject);
        },
      ).end();
    });
    assert.equal(pieces.join(""), [1, 2, 3, 4, 5].map((tick) => `data: tick ${tick}\n\n`).join(""));
    // Sent 200 ms apart: in one piece only if somebody had kept them back until the end.
    assert.ok(pieces.length > 1 && !pieces[0]?.includes("tick 5"), JSON.stringify(pieces));
  }
});

test("a route that does not ask for it has its answers as they are; upgrades pass where it does", async (t) => {
  const daemon = await start(t, false);
  if (daemon === undefined) return;
  const { headers, body } = await get(daemon.port, 100_000, { "accept-encoding": "gzip" });
  assert.deepEqual([headers["content-encoding"], headers.vary, body.length], [undefined, undefined, 100_000]);
  await daemon.deploy("go", "go-http", { route: [{ host, compress: true }, { compress: true }] });
  const socket = new WebSocket(`ws://127.0.0.1:${daemon.port}/ws`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const answer = new Promise<unknown>((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
  });
  socket.send("hello");
  assert.equal(await answer, "hello");
  socket.close();
});

test("over HTTP/2 too, and files are served by it", async (t) => {
  const daemon = await start(t, true);
  if (daemon === undefined) return;
  const source = join(import.meta.dirname, "../examples/static-site/public");
  await daemon.client.putService("default", { name: "site", route: [{ host: "site.localhost", static: source }] });
  const session = connect(`http://127.0.0.1:${daemon.port}`);
  t.after(() => session.close());
  const asked = async (headers: Record<string, string>, body?: Uint8Array) => {
    const stream = session.request(headers);
    stream.end(body);
    const [fields] = await once(stream, "response");
    return { fields: fields as Record<string, string | number>, body: Buffer.concat(await stream.toArray()) };
  };
  for (const coding of ["br", "zstd", "gzip"] as const) {
    const { fields, body } = await asked(
      {
        ":method": "POST",
        ":path": "/echo",
        ":authority": host,
        "content-type": "text/plain",
        "accept-encoding": coding,
      },
      text.subarray(0, 1_000_000),
    );
    assert.deepEqual([fields[":status"], fields["content-encoding"], fields.vary], [200, coding, "Accept-Encoding"]);
    assert.ok(text.subarray(0, 1_000_000).equals(decode[coding]?.(body) ?? Buffer.alloc(0)), coding);
  }
  const page = await asked({ ":path": "/", ":authority": "site.localhost" });
  assert.match(String(page.body), /A burrow without a rabbit/);
  const part = await asked({ ":path": "/robots.txt", ":authority": "site.localhost", range: "bytes=0-9" });
  assert.deepEqual([part.fields[":status"], String(part.body)], [206, "User-agent"]);
});

test("clients that go away in the middle leave nothing behind", async (t) => {
  const daemon = await start(t, true);
  if (daemon === undefined) return;
  for (let n = 0; n < 60; n++) {
    await new Promise<void>((resolve) => {
      const headers = { host, "accept-encoding": "br", "content-type": "text/plain" };
      const asked = request(
        { host: "127.0.0.1", port: daemon.port, path: "/echo", method: "POST", headers },
        (response) => {
          response.on("error", () => {});
          response.once("data", () => {
            asked.destroy();
            resolve();
          });
        },
      );
      asked.on("error", () => {});
      asked.write(text.subarray(0, 1_000_000));
    });
  }
  // There are 32 places: one that was not given back would show.
  const { headers, body } = await get(daemon.port, 100_000, { "accept-encoding": "gzip" });
  assert.equal(headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(body).length, 100_000);
});
