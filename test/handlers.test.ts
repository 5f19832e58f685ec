import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { WarrenError } from "../src/base/errors.ts";
import type { ServiceSpec } from "../src/control/service.ts";
import { guests, requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

// Components that are called with each request, on the real daemon: what a service of them is, and how it lives.

async function deployed(t: TestContext, more: Partial<ServiceSpec> = {}): Promise<TestDaemon | undefined> {
  if (!(await requireToolchain(t, guests["c-handler"]))) return undefined;
  const daemon = await TestDaemon.start(t);
  await daemon.deploy("it", "c-handler", more);
  return daemon;
}

test("a handler is told from its program, and each request finds it as it was initialised", async (t) => {
  const daemon = await deployed(t);
  if (daemon === undefined) return;
  for (let i = 0; i < 20; i++) {
    const { status, text } = await ask(daemon.port, "it.localhost", "/");
    assert.deepEqual([status, text], [200, "Hello from C\n"]);
  }
  const { service: view } = await daemon.client.getService("default", "it");
  assert.equal(view.kind, "handler");
  assert.equal(view.requests, 20);
  assert.equal(view.instances.length, 2, "each worker has it");
});

test("with reuse an instance keeps what it knows", async (t) => {
  const daemon = await deployed(t, { reuse: true });
  if (daemon === undefined) return;
  const texts = new Set<string>();
  for (let i = 0; i < 20; i++) texts.add((await ask(daemon.port, "it.localhost", "/")).text);
  assert.deepEqual(texts, new Set(["Hello from C\n", "this state should have been reset\n"]));
});

test("a trap costs its request and its instance only", async (t) => {
  const daemon = await deployed(t);
  if (daemon === undefined) return;
  assert.equal((await ask(daemon.port, "it.localhost", "/trap")).status, 502);
  assert.equal((await ask(daemon.port, "it.localhost", "/")).text, "Hello from C\n");
  const { service: view } = await daemon.client.getService("default", "it");
  assert.equal(view.traps, 1);
  assert.equal(view.state, "running");
});

test("bodies stream through it", async (t) => {
  const daemon = await deployed(t);
  if (daemon === undefined) return;
  const body = Buffer.alloc(3_000_000, "abcdefghij");
  const { text } = await ask(daemon.port, "it.localhost", "/upper", { method: "POST", body });
  assert.equal(text, body.toString().toUpperCase());
});

test("what a handler cannot be asked for is refused, and nothing of it is kept", async (t) => {
  const daemon = await deployed(t);
  if (daemon === undefined) return;
  const refused = async (more: Partial<ServiceSpec>, code: string) => {
    await assert.rejects(daemon.deploy("other", "c-handler", more), (error: WarrenError) => error.code === code);
    await assert.rejects(daemon.client.getService("default", "other"), { code: "service.unknown" });
  };
  await refused({ kind: "server" }, "program.handler");
  await refused({ route: [{ listen: "tcp://127.0.0.1:5999" }] }, "service.bad-listen");
  await refused({ route: [{ host: "other.localhost", websocket: "check" }] }, "service.bad-value");
});

test("it outlives its daemon, and runs again after a stop", async (t) => {
  const daemon = await deployed(t);
  if (daemon === undefined) return;
  // A worker of the earlier daemon still answers what comes on a connection of its own.
  const get = () => ask(daemon.port, "it.localhost", "/", { headers: { connection: "close" } });
  await daemon.kill("SIGKILL");
  assert.equal((await get()).text, "Hello from C\n");
  await daemon.launch();
  assert.equal((await get()).text, "Hello from C\n");
  await daemon.client.stopService("default", "it");
  assert.equal((await get()).status, 503);
  await daemon.client.startService("default", "it");
  assert.equal((await get()).text, "Hello from C\n");
});
