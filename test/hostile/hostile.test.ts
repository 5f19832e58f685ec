import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "../guests/build.ts";
import { TestDaemon } from "../support/daemon.ts";
import { ask } from "../support/http.ts";
import { Load } from "../support/load.ts";
import { assembleAttack } from "./assemble.ts";
import { attacks } from "./attacks.ts";
import { buildJavaScriptServer } from "./javascript/build.ts";

const neighbours = Array.from({ length: 50 }, (_, i) => `calm-${i}`);
const requestMs = 500;
const limits = { memory: "128MiB", request: `${requestMs}ms` } as const;

function writableFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "warren-hostile-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  chmodSync(path, 0o777);
  return path;
}

/** Fails when the guest has had more of the CPU than its limit and a second. */
async function assertHeld(daemon: TestDaemon, name: string): Promise<void> {
  const { service } = await daemon.client.getService("default", name);
  assert.ok(service.cpuMs <= requestMs + 1000, `${service.cpuMs} ms`);
}

/** Its event loop stood still for no three seconds, whoever ran in it. */
function assertNeverHung(daemon: TestDaemon): void {
  assert.deepEqual(
    daemon.log.filter(({ msg }) => msg === "a worker hung and is ended"),
    [],
  );
}

test("50 neighbours of a hostile guest keep every request, whatever it does, and their worker lives", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const mount = [{ source: writableFolder(t), target: "/data", mode: "rw" as const }];
  // A worker may use what its services may: were this not there, the first attack with a directory would have a new worker.
  await daemon.deploy("files", "c-files", { mount });
  for (const name of neighbours) await daemon.deploy(name, "c-hello");
  while (daemon.workerPids().length > 1) await daemon.client.health();
  const pids = daemon.workerPids();
  const load = new Load(
    daemon.port,
    neighbours.map((name) => `${name}.localhost`),
    8,
  );
  for (const attack of attacks) {
    await t.test(attack.name, async () => {
      const program = assembleAttack(attack);
      const { refused, services = 1, memory = limits.memory } = attack;
      const each = async (name: string): Promise<void> => {
        if (refused !== undefined) {
          await assert.rejects(daemon.deployBytes(name, program, { limits }), ({ code }: { code?: string }) =>
            refused.test(code ?? ""),
          );
          return;
        }
        await daemon.deployBytes(name, program, { limits: { ...limits, memory }, ...(attack.mount ? { mount } : {}) });
        // It attacks now. A guest that ends by itself or by its deadline breaks the answer off.
        const answer = await ask(daemon.port, `${name}.localhost`, "/", { method: "POST" });
        assert.ok([502, 503, 504].includes(answer.status), `${answer.status} ${answer.text}`);
        await assertHeld(daemon, name);
        await daemon.client.deleteService("default", name);
      };
      await Promise.all(Array.from({ length: services }, (_, i) => each(`hostile-${i}`)));
      await load.more(20);
      assert.deepEqual(load.result.failures, []);
      assert.deepEqual(daemon.workerPids(), pids);
    });
  }
  await t.test("catastrophic backtracking in C", async () => {
    await daemon.deploy("regex", "c-regex-bomb", { limits });
    assert.equal((await ask(daemon.port, "regex.localhost", "/bomb")).status, 504);
    await assertHeld(daemon, "regex");
    // Its instance is another one now, which answers.
    assert.equal((await ask(daemon.port, "regex.localhost")).text, "done\n");
    await load.more(20);
    assert.deepEqual(load.result.failures, []);
    assert.deepEqual(daemon.workerPids(), pids);
  });
  await t.test("catastrophic backtracking in JavaScript, in a JavaScript engine", async () => {
    await daemon.deployBytes("javascript", buildJavaScriptServer(), { limits });
    assert.equal((await ask(daemon.port, "javascript.localhost")).text, "false");
    assert.equal((await ask(daemon.port, "javascript.localhost", "/bomb")).status, 504);
    await assertHeld(daemon, "javascript");
    assert.equal((await ask(daemon.port, "javascript.localhost")).text, "false");
    await load.more(20);
    assert.deepEqual(load.result.failures, []);
    assert.deepEqual(daemon.workerPids(), pids);
  });
  assertNeverHung(daemon);
  const { failures, done } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(done > 1000);
});

test("a guest that spins shows as one that went over a limit, with the reason in words", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("spin", "c-spin", { limits: { request: "1s" } });
  const answer = await ask(daemon.port, "spin.localhost", "/spin?ms=0");
  assert.equal(answer.status, 504);
  assert.match(answer.text, /limit\.deadline|service\.timeout/);
  for (;;) {
    const { service } = await daemon.client.getService("default", "spin");
    // The front may give the request up before the program has computed for a second.
    assert.ok(service.limitsHit > 0);
    if (service.restarts === 0) continue;
    assert.match(service.lastRestarts[0]?.reason ?? "", /limit\.deadline/);
    break;
  }
  // It is there again for the next one.
  assert.equal((await ask(daemon.port, "spin.localhost")).text, "done\n");
});

test("limits.cpu slows a guest that spins down, and show counts it", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("spin", "c-spin", { limits: { cpu: 0.2 } });
  // 300 ms of computing by the clock on the wall: less of it is the guest's.
  assert.equal((await ask(daemon.port, "spin.localhost", "/spin?ms=1000")).status, 200);
  const { service } = await daemon.client.getService("default", "spin");
  assert.ok(service.cpuMs < 500, `${service.cpuMs} ms of CPU`);
  assert.ok(service.throttled > 0);
  assert.match(service.reason ?? "", /limits\.cpu/);
});
