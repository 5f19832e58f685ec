import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { ServiceSpec } from "../src/control/service.ts";
import { buildComponent, type ComponentName, requireComponent } from "./guests/components/build.ts";
import { launcher, warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { type Answer, ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";

// Components as the tools of each language make them, on the real daemon.

const mebibyte = 2 ** 20;
/** How much goes through a handler both ways; WARREN_STREAM_MIB=1024 for longer. */
const streamMebibytes = Number(process.env.WARREN_STREAM_MIB ?? 64);
/** What a worker may grow by meanwhile, whatever goes through it. */
const growthBytesMax = 192 * mebibyte;

async function deploy(
  t: TestContext,
  component: ComponentName,
  more: Partial<ServiceSpec> = {},
): Promise<TestDaemon | undefined> {
  if (!(await requireComponent(t, component))) return undefined;
  const program = readFileSync(await buildComponent(component));
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deployBytes("it", program, more);
  return daemon;
}

const call = (daemon: TestDaemon, path: string, body?: Uint8Array | string): Promise<Answer> =>
  ask(daemon.port, "it.localhost", path, body === undefined ? {} : { method: "POST", body });

/** A request whose body is under way still. */
function begin(daemon: TestDaemon, path: string): ReturnType<typeof request> {
  const headers = { host: "it.localhost" };
  return request({ host: "127.0.0.1", port: daemon.port, path, method: "POST", headers });
}

const handlers: readonly { name: ComponentName; hello: string; trap: number; streams: number }[] = [
  { name: "c-handler", hello: "Hello from C\n", trap: 502, streams: streamMebibytes },
  { name: "c-wit-bindgen", hello: "Hello from C\n", trap: 502, streams: streamMebibytes },
  { name: "rust-handler", hello: "Hello from Rust\n", trap: 502, streams: streamMebibytes },
  { name: "rust-wasi", hello: "Hello from Rust\n", trap: 502, streams: streamMebibytes },
  // Hono answers an exception by itself.
  { name: "typescript-handler", hello: "Hello from TypeScript\n", trap: 500, streams: streamMebibytes / 8 },
  { name: "python-handler", hello: "Hello from Python\n", trap: 502, streams: streamMebibytes / 8 },
];

for (const { name, hello, trap, streams } of handlers) {
  test(`${name}`, async (t) => {
    const daemon = await deploy(t, name);
    if (daemon === undefined) return;

    await t.test("answers, and says what it has not", async () => {
      for (const _ of [1, 2, 3]) assert.equal((await call(daemon, "/")).text, hello);
      const { status, text } = await call(daemon, "/none");
      assert.deepEqual([status, text], [404, "there is no such path\n"]);
    });

    await t.test("gives bodies of any size back", async () => {
      for (const bytes of [0, 1, 4095, 4097, 65_535, 65_537, 1_000_003]) {
        const body = Buffer.alloc(bytes, "0123456789abcdef");
        const { status, text } = await call(daemon, "/echo", body);
        assert.deepEqual([status, text.length], [200, bytes]);
        assert.ok(text === body.toString(), `${bytes} bytes came back as others`);
      }
    });

    await t.test("answers while the body still comes", async () => {
      const asked = begin(daemon, "/echo");
      asked.write("first");
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      assert.equal(String((await once(answer, "data"))[0]), "first");
      asked.end(" and last");
      assert.equal((await answer.toArray()).join(""), " and last");
    });

    await t.test(`streams ${streams} MiB both ways in bounded memory`, async () => {
      const [worker] = daemon.workerPids();
      const before = residentBytes(worker!);
      const peak = await streamThrough(daemon, worker!, streams);
      assert.ok(peak - before < growthBytesMax, `it grew by ${Math.round((peak - before) / mebibyte)} MiB`);
    });

    await t.test("fails for one request only", async () => {
      assert.equal((await call(daemon, "/trap")).status, trap);
      assert.equal((await call(daemon, "/")).text, hello);
    });

    await t.test("does not miss a client that goes away", async () => {
      const asked = begin(daemon, "/echo");
      asked.write(Buffer.alloc(100_000, "x"));
      await once(asked, "response");
      asked.on("error", () => {}).destroy();
      assert.equal((await call(daemon, "/")).text, hello);
    });
  });
}

/** Sends and receives at once; resolves with the most memory that the worker had. */
async function streamThrough(daemon: TestDaemon, worker: number, mebibytes: number): Promise<number> {
  const asked = begin(daemon, "/echo");
  const answered = once(asked, "response") as Promise<[IncomingMessage]>;
  const sent = createHash("sha256");
  const received = createHash("sha256");
  let peak = 0;
  const sending = (async () => {
    for (let i = 0; i < mebibytes; i++) {
      const piece = Buffer.alloc(mebibyte, `piece ${i} `);
      sent.update(piece);
      peak = Math.max(peak, residentBytes(worker));
      if (!asked.write(piece)) await once(asked, "drain");
    }
    asked.end();
  })();
  const [answer] = await answered;
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    received.update(part);
    bytes += part.length;
  }
  await sending;
  assert.equal(bytes, mebibytes * mebibyte);
  assert.equal(received.digest("hex"), sent.digest("hex"));
  return peak;
}

function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Number(kibibytes) * 1024;
}

for (const name of ["rust-handler", "typescript-handler", "python-handler"] as const) {
  test(`${name} reads and writes JSON`, async (t) => {
    const daemon = await deploy(t, name);
    if (daemon === undefined) return;
    const order = {
      items: [
        { price: 250, count: 4 },
        { price: 99, count: 1 },
      ],
    };
    const { headers, text } = await call(daemon, "/total", JSON.stringify(order));
    assert.match(headers["content-type"] ?? "", /^application\/json/);
    assert.deepEqual(JSON.parse(text), { items: 2, total: 1099 });
    assert.deepEqual([(await call(daemon, "/total", "{")).status], [400]);
  });
}

for (const name of ["rust-handler", "typescript-handler"] as const) {
  test(`${name} calls out to what it is granted`, async (t) => {
    const upstream = createServer((_, response) => {
      response.writeHead(203, { "content-type": "text/plain" });
      response.write("one ");
      setImmediate(() => response.end(Buffer.alloc(300_000, "two ")));
    }).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    t.after(() => upstream.close());
    const { port } = upstream.address() as AddressInfo;
    const daemon = await deploy(t, name, { outbound: [{ host: "127.0.0.1", port }] });
    if (daemon === undefined) return;
    const { status, text } = await call(daemon, `/fetch?http://127.0.0.1:${port}/`);
    assert.deepEqual([status, text.length], [203, 300_004]);
    // Not granted, though something listens there.
    assert.equal((await call(daemon, `/fetch?http://127.0.0.1:${daemon.port}/`)).status, 502);
    upstream.closeAllConnections();
    upstream.close();
    await once(upstream, "close");
    assert.equal((await call(daemon, `/fetch?http://127.0.0.1:${port}/`)).status, 502);
    assert.equal((await call(daemon, "/")).status, 200);
  });
}

test("rust-wasi: what it is told, what it says, and how it fails", async (t) => {
  const daemon = await deploy(t, "rust-wasi", {
    env: { COLOUR: "green" },
    limits: { memory: "32MiB", request: "1s" },
  });
  if (daemon === undefined) return;

  await t.test("it is told the request as it was", async () => {
    const headers = { "x-one": "1", cookie: "a=b" };
    const { text } = await ask(daemon.port, "it.localhost", "/request?q=%20", { method: "PURGE", headers });
    for (const line of [/^method other PURGE$/m, /^authority it\.localhost$/m, /^path \/request\?q=%20$/m])
      assert.match(text, line);
    assert.match(text, /^scheme Scheme::Http$/m);
    assert.match(text, /^x-one: 1$/m);
    assert.match(text, /^cookie: a=b$/m);
  });

  await t.test("its environment is the manifest's", async () => {
    assert.match((await call(daemon, "/environment")).text, /^COLOUR=green$/m);
  });

  await t.test("each request finds what was initialised", async () => {
    for (const _ of [1, 2, 3, 4]) assert.equal((await call(daemon, "/visits")).text, "1\n");
  });

  await t.test("what it prints is in the service's log", async () => {
    assert.equal((await call(daemon, "/log")).status, 200);
    const { stdout } = await warren(daemon, ["logs", "it"]);
    assert.match(stdout, /to standard output/);
    assert.match(stdout, /to standard error/);
  });

  await t.test("one that does not answer, runs on or wants too much costs its request", async () => {
    assert.equal((await call(daemon, "/nothing")).status, 502);
    assert.equal((await call(daemon, "/spin")).status, 504);
    assert.equal((await call(daemon, "/grow")).status, 502);
    // Whether its head had left before it failed is a matter of time.
    const half = await call(daemon, "/half").catch(() => undefined);
    assert.ok(half === undefined || half.status === 502, "an answer that breaks off is no whole one");
    assert.equal((await call(daemon, "/")).text, "Hello from Rust\n");
  });
});

test("a command of preview 1 behind an adapter has arguments, variables, streams and an exit code", async (t) => {
  if (!(await requireComponent(t, "c-command-component"))) return;
  const program = await buildComponent("c-command-component");
  const folder = `${import.meta.dirname}/guests/components/rust-wasi`;
  const grants = ["--env", "EXIT=7", "--env", "DIR=/data", "--ro", `${folder}:/data`];
  const child = spawn(launcher, ["run", ...grants, program, "one", "two words"]);
  child.stdin.end("a line");
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  assert.equal(stderr, "done\n");
  // The adapter knows success and failure only.
  assert.equal(code, 1);
  assert.match(stdout, /^arg 1: one\narg 2: two words$/m);
  assert.match(stdout, /^env: EXIT=7$/m);
  assert.match(stdout, /^stdin: a line$/m);
  assert.match(stdout, /^entry: Cargo\.toml$/m);
});

test("a command in Rust behind an adapter computes what the program itself does", async (t) => {
  if (!(await requireComponent(t, "rust-command-component"))) return;
  const { code, stdout } = await warren(undefined, ["run", await buildComponent("rust-command-component")]);
  // It panics at its end.
  assert.equal(code, 134);
  assert.match(stdout, /^181312 \[3, 10, 16, 24, 27\]$/m);
});

test("a server on wasi:sockets", async (t) => {
  if (!(await requireComponent(t, "rust-tcp-echo"))) return;
  const port = await freePort();
  const route = [{ listen: `tcp://127.0.0.1:${port}`, port: 7000 }];
  const daemon = await deploy(t, "rust-tcp-echo", { route });
  if (daemon === undefined) return;
  const clients = [1, 2, 3].map((number) => ({ number, socket: connect(port, "127.0.0.1") }));
  for (const { number, socket } of clients) {
    socket.write(`from ${number}`);
    assert.equal(String((await once(socket, "data"))[0]), `from ${number}`);
  }
  for (const { socket } of clients) {
    const body = Buffer.alloc(500_000, "0123456789");
    socket.end(body);
    assert.ok(Buffer.concat(await socket.toArray()).equals(body));
  }
});
