import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findToolchain } from "../src/cli/demo/toolchain.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { Load } from "./support/load.ts";

const connections = 200;
const loadMs = 10_000;

test("200 keep-alive connections over six services lose nothing in ten seconds, while a guest is killed and one redeployed", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const go = await findToolchain("go");
  const rust = await findToolchain("rust");
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("go", go.available ? "go-http" : "c-crash");
  await daemon.deploy("rust", rust.available ? "rust-http" : "c-http", {
    route: [{ host: "rust.localhost", port: 8080 }],
  });
  await daemon.deploy("c", "c-http");
  await daemon.deploy("assemblyscript", "assemblyscript-cgi", { kind: "cgi" });
  await daemon.deploy("fragile", "c-crash");
  await daemon.deploy("hello", "c-hello");
  const names = ["go", "rust", "c", "assemblyscript", "fragile", "hello"];
  const load = new Load(
    daemon.port,
    names.map((name) => `${name}.localhost`),
    connections,
  );
  t.after(() => load.stop());
  const over = pause(loadMs);
  await load.more(500);
  await ask(daemon.port, "fragile.localhost", "/exit?code=1", { method: "POST" });
  await load.more(500);
  await ask(daemon.port, "go.localhost", go.available ? "/crash" : "/exit?code=1", { method: "POST" });
  await load.more(500);
  assert.equal((await daemon.deploy("hello", "c-hello", { env: { NAME: "second" } })).revision, 2);
  await load.more(500);
  // A CGI program, too, and one whose guest opens its own port.
  assert.equal(
    (await daemon.deploy("assemblyscript", "assemblyscript-cgi", { kind: "cgi", env: { A: "2" } })).revision,
    2,
  );
  await daemon.client.restartService("default", "rust");
  await load.more(500);
  await over;
  assert.deepEqual(load.result.failures, []);
  t.diagnostic(`${load.result.done} requests in ten seconds`);
  assert.match((await ask(daemon.port, "hello.localhost")).text, /^hello from second: /);
  for (const name of ["go", "fragile"]) {
    assert.equal((await daemon.client.getService("default", name)).service.restarts, 1, name);
  }

  // Now a worker: only what was in flight in it may fail, and each of those fails as a broken connection.
  const [victim] = daemon.workerPids();
  process.kill(victim as number, "SIGKILL");
  await load.more(3000);
  const { failures, failed } = await load.stop();
  t.diagnostic(`${failed} were in flight in the worker that was killed`);
  const unclean = failures.filter((failure) => !/socket hang up|ECONNRESET|aborted$|broken off/.test(failure));
  assert.deepEqual(unclean, []);
  assert.ok(failed <= connections, `${failed} failed, more than there are connections`);
  assert.deepEqual((await daemon.client.health()).services, { total: 6, running: 6 });
});
