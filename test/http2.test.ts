import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { findExecutable } from "../src/cli/demo/toolchains/executable.ts";
import { requireToolchain } from "./guests/build.ts";
import { buildGoGuest } from "./guests/go.ts";
import { makePair } from "./support/certificates.ts";
import { TestDaemon } from "./support/daemon.ts";

const run = promisify(execFile);

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A call of gRPC with an empty message: its status (PROTOCOL-HTTP2). */
function call(session: ClientHttp2Session, authority: string): Promise<string> {
  const stream = session.request({
    ":method": "POST",
    ":authority": authority,
    ":path": "/grpc.testing.TestService/EmptyCall",
    "content-type": "application/grpc",
    te: "trailers",
  });
  let status = "none";
  const read = (fields: { readonly "grpc-status"?: unknown; readonly ":status"?: unknown }) => {
    status = String(fields["grpc-status"] ?? fields[":status"] ?? status);
  };
  stream.on("response", read);
  stream.on("trailers", read);
  stream.end(Buffer.alloc(5));
  stream.resume();
  return new Promise((resolve) => {
    stream.on("error", () => {});
    stream.on("close", () => resolve(stream.rstCode === 0 ? status : `reset ${stream.rstCode}`));
  });
}

/** A request over HTTP/2, and all of its answer. */
function ask(session: ClientHttp2Session, path: string, body?: Buffer, host = "hello.localhost"): Promise<Answer> {
  const stream = session.request(
    { ":authority": host, ":path": path, ":method": body === undefined ? "GET" : "POST" },
    { endStream: body === undefined },
  );
  let status = 0;
  const chunks: Buffer[] = [];
  stream.on("response", (headers) => {
    status = Number(headers[":status"]);
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (body !== undefined) stream.end(body);
  return new Promise((resolve, reject) => {
    stream.on("error", reject);
    stream.on("close", () => resolve({ status, body: Buffer.concat(chunks).toString() }));
  });
}

function open(t: TestContext, port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  return session;
}

test("HTTP/2 reaches services in every worker, from each of them", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--isolation", "namespace"] });
  await daemon.deploy("hello", "c-hello");
  for (let connection = 0; connection < 6; connection++) {
    const session = open(t, daemon.port);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(session, "/")));
    assert.ok(answers.every(({ status, body }) => status === 200 && body.startsWith("hello")));
    session.close();
  }
  const session = open(t, daemon.port);
  assert.equal((await ask(session, "/", undefined, "nobody.localhost")).status, 404);
});

test("a deploy while requests come over HTTP/2 loses none", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("hello", "c-hello");
  const deployed = new AbortController();
  let asked = 0;
  const clients = Array.from({ length: 4 }, async () => {
    const session = open(t, daemon.port);
    while (!deployed.signal.aborted) {
      const { status } = await ask(session, "/");
      assert.equal(status, 200);
      asked++;
    }
  });
  for (let turn = 0; turn < 3; turn++) await daemon.deploy("hello", "c-hello", { env: { TURN: `${turn}` } });
  deployed.abort();
  await Promise.all(clients);
  assert.ok(asked > 0);
});

test("a daemon that stops ends connections of HTTP/2 in order", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("hello", "c-hello");
  const session = open(t, daemon.port);
  assert.equal((await ask(session, "/")).status, 200);
  const goaway = new Promise<number>((resolve) => session.on("goaway", resolve));
  assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
  assert.equal(await goaway, constants.NGHTTP2_NO_ERROR);
});

test("h2load gets every one of its answers, and curl gets one over TLS", async (t) => {
  const tool = findExecutable("h2load", process.env);
  if (tool === undefined) {
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error("there is no h2load");
    t.skip("there is no h2load; apt install nghttp2-client");
    return;
  }
  if (!(await requireToolchain(t, "c"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-h2load-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pair = makePair(["hello.test"]);
  writeFileSync(join(folder, "hello.crt"), pair.chain);
  writeFileSync(join(folder, "hello.key"), pair.key, { mode: 0o600 });
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--https", "127.0.0.1:0", "--tls", folder] });
  await daemon.deploy("hello", "c-hello", { route: [{}, { host: "hello.test" }] });
  for (const [protocol, port] of [
    ["http", daemon.port],
    ["https", daemon.httpsPort],
  ]) {
    const { stdout } = await run(tool, ["-n", "3000", "-c", "10", "-m", "20", `${protocol}://127.0.0.1:${port}/`]);
    assert.match(stdout, /3000 succeeded, 0 failed, 0 errored, 0 timeout/, stdout);
    assert.match(stdout, /3000 2xx, 0 3xx, 0 4xx, 0 5xx/, stdout);
  }
  const options = ["-s", "--http2", "--cacert", join(folder, "hello.crt"), "-w", "%{http_version}"];
  const where = ["--resolve", `hello.test:${daemon.httpsPort}:127.0.0.1`, `https://hello.test:${daemon.httpsPort}/`];
  assert.match((await run("curl", [...options, ...where])).stdout, /^hello[\s\S]*\n2$/);
});

/** Debian's own, for which its packages of libraries are. */
const python = "/usr/bin/python3";

/** Asks for a page 200 times at once, and sends a body; says what came. */
const pythonClient = `
import asyncio, httpx, sys
async def main(url, authority):
    verify = sys.argv[3] if len(sys.argv) > 3 else True
    async with httpx.AsyncClient(http1=False, http2=True, verify=verify, timeout=60) as client:
        headers = {"Host": authority}
        for answer in await asyncio.gather(*[client.get(url, headers=headers) for _ in range(200)]):
            assert (answer.status_code, answer.http_version, answer.text) == (200, "HTTP/2", "0\\n"), answer.text
        answer = await client.post(url, content=b"x" * 1000000, headers=headers)
        print(answer.http_version, answer.text, end="")
asyncio.run(main(sys.argv[1], sys.argv[2]))
`;

test("Python's httpx gets every one of its answers, in cleartext and over TLS", async (t) => {
  const there = await run(python, ["-c", "import httpx, h2"]).then(
    () => true,
    () => false,
  );
  if (!there) {
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error("there is no httpx for Python");
    t.skip("there is no httpx for Python; apt install python3-httpx python3-h2");
    return;
  }
  if (!(await requireToolchain(t, "c"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-httpx-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pair = makePair(["localhost"]);
  writeFileSync(join(folder, "a.crt"), pair.chain);
  writeFileSync(join(folder, "a.key"), pair.key, { mode: 0o600 });
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--https", "127.0.0.1:0", "--tls", folder] });
  await daemon.deploy("upload", "c-upload", { route: [{ tls: "off" }] });
  for (const args of [
    [`http://127.0.0.1:${daemon.port}/`, "upload.localhost"],
    [`https://localhost:${daemon.httpsPort}/`, "localhost", join(folder, "a.crt")],
  ]) {
    const { stdout } = await run(python, ["-c", pythonClient, ...args], { timeout: 120_000 });
    assert.equal(stdout, "HTTP/2 1000000\n");
  }
});

const interopCases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
  "many_streams",
  "deadline",
];

test("grpc-go's interop client finds everything right with its server as a guest, in cleartext and over TLS", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-grpc-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const client = join(folder, "client");
  const source = join(import.meta.dirname, "guests/go-grpc-interop");
  const built = run("go", ["build", "-mod=readonly", "-buildvcs=false", "-o", client, "."], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  const pair = makePair(["rpc.test"]);
  writeFileSync(join(folder, "rpc.crt"), pair.chain);
  writeFileSync(join(folder, "rpc.key"), pair.key, { mode: 0o600 });
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--https", "127.0.0.1:0", "--tls", folder] });
  await daemon.deployBytes("rpc", await buildGoGuest("go-grpc-interop"), {
    limits: { memory: "512MiB" },
    route: [
      { host: "rpc.test", protocol: "h2c", port: 50051 },
      { host: "rpc.localhost", protocol: "h2c", port: 50051 },
    ],
  });
  await built;
  for (const args of [
    ["-authority", "rpc.localhost", `127.0.0.1:${daemon.port}`],
    ["-authority", "rpc.test", "-ca", join(folder, "rpc.crt"), `127.0.0.1:${daemon.httpsPort}`],
  ]) {
    // Once for each of the workers, about: whichever is free accepts.
    for (let turn = 0; turn < 2; turn++) {
      const { stdout, stderr } = await run(client, args, { timeout: 120_000 }).catch(
        (error: Error & Answer) => error as never,
      );
      assert.deepEqual(stdout.trim().split("\n"), interopCases, `${args[1]}: ${stderr}`);
    }
  }
});

test("a deploy of a program that speaks HTTP/2 loses no call", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const program = await buildGoGuest("go-grpc-interop");
  const spec = {
    limits: { memory: "512MiB" },
    route: [{ host: "rpc.localhost", protocol: "h2c" as const, port: 50051 }],
  };
  await daemon.deployBytes("rpc", program, spec);
  const deployed = new AbortController();
  const seen = new Map<string, number>();
  const clients = Array.from({ length: 4 }, async () => {
    const session = open(t, daemon.port);
    while (!deployed.signal.aborted) {
      const status = await call(session, "rpc.localhost");
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
  });
  for (let turn = 0; turn < 2; turn++) await daemon.deployBytes("rpc", program, { ...spec, env: { TURN: `${turn}` } });
  deployed.abort();
  await Promise.all(clients);
  assert.deepEqual([...seen.keys()], ["0"], JSON.stringify([...seen]));
});
