import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { parseOutboundGrant } from "../src/base/outbound-grant.ts";
import { findExecutable } from "../src/cli/demo/toolchains/executable.ts";
import { startInstance } from "../src/engine/instance.ts";
import { compileProgram } from "../src/engine/program.ts";
import { directOutbound } from "../src/wasi/sockets/direct-outbound.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { buildGoGuest, type GoGuest } from "./guests/go.ts";
import { TestDaemon } from "./support/daemon.ts";
import { freePort } from "./support/ports.ts";

interface Ran {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a Go program to its end with what it may reach. */
async function run(guest: GoGuest, args: readonly string[], grants: readonly string[] = []): Promise<Ran> {
  return runModule(await buildGoGuest(guest), [guest, ...args], grants);
}

async function runModule(module: Uint8Array, args: readonly string[], grants: readonly string[]): Promise<Ran> {
  const program = await compileProgram(module, { memoryMax: 512 * 2 ** 20, interruptible: false });
  const texts = { stdout: "", stderr: "" };
  const instance = startInstance(program, {
    args,
    outbound: directOutbound(grants.map(parseOutboundGrant)),
    stdout: (bytes) => {
      texts.stdout += Buffer.from(bytes).toString();
    },
    stderr: (bytes) => {
      texts.stderr += Buffer.from(bytes).toString();
    },
  });
  const exit = await instance.exited;
  return { code: exit.kind === "exit" ? exit.code : undefined, ...texts };
}

// WARREN_GO_VERSIONS="1.21.13 1.24.13" tests those, which go fetches by itself.
for (const version of process.env.WARREN_GO_VERSIONS?.split(" ") ?? ["local"]) {
  test(`a Go program is its own server and client, and keeps its deadlines (${version})`, async (t) => {
    if (!(await requireToolchain(t, "go"))) return;
    const toolchain = version === "local" ? version : `go${version}`;
    const module = await buildGoGuest("go-loopback", { GOTOOLCHAIN: toolchain });
    assert.deepEqual(await runModule(module, ["loopback"], []), { code: 0, stdout: "talked\n", stderr: "" });
  });
}

test("sdk/go gives a program of plain `go build` listeners, connections, datagrams and names", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  assert.deepEqual(await runModule(await readFile(await buildGuest("go-sdk")), ["go-sdk"], []), {
    code: 0,
    stdout: "tcp 127.0.0.1\n127.0.0.1 <nil>\nping\n",
    stderr: "",
  });
});

test("http.Get reaches what is granted, by name and by address, and nothing else", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const server = createServer((request, response) => response.end(`${request.url}`)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const urls = [`http://localhost:${port}/a`, `http://localhost:${port}/b`];
  assert.deepEqual(await run("go-services", ["get", ...urls], [`localhost:${port}`]), {
    code: 0,
    stdout: "200 OK /a\n200 OK /b\n",
    stderr: "",
  });
  const refused = await run("go-services", ["get", `http://127.0.0.1:${port}/`], [`127.0.0.1:${port === 1 ? 2 : 1}`]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Permission denied/);
  const unknown = await run("go-services", ["get", "http://nowhere.invalid/"], ["nowhere.invalid:80"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /lookup nowhere\.invalid: /);
});

test("go-redis works against a Redis", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const port = await redis(t);
  if (port === undefined) return;
  const ran = await run("go-services", ["redis", `127.0.0.1:${port}`], [`127.0.0.1:${port}`]);
  assert.deepEqual([ran.code, ran.stdout], [0, "green 100\n"], ran.stderr);
});

test("a gRPC client in Go calls a gRPC server in Go", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const port = await freePort();
  await daemon.deployBytes("rpc", await buildGoGuest("go-grpc"), {
    limits: { memory: "512MiB" },
    route: [{ listen: `tcp://127.0.0.1:${port}`, port: 50051 }],
  });
  const ran = await run("go-grpc", [`127.0.0.1:${port}`], [`127.0.0.1:${port}`]);
  assert.deepEqual([ran.code, ran.stdout], [0, "SERVING\nSERVING\nSERVING\n"], ran.stderr);
});

/** The port of a Redis of its own; undefined, with the test skipped, where there is none. */
async function redis(t: TestContext): Promise<number | undefined> {
  const command = findExecutable("redis-server", process.env);
  if (command === undefined) {
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error("there is no redis-server");
    t.skip("there is no redis-server; apt install redis-server");
    return undefined;
  }
  const port = await freePort();
  const child = spawn(command, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"]);
  t.after(() => child.kill());
  let said = "";
  for await (const chunk of child.stdout) {
    said += chunk;
    if (said.includes("Ready to accept connections")) break;
  }
  assert.match(said, /Ready to accept connections/);
  return port;
}
