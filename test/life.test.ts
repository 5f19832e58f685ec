import assert from "node:assert/strict";
import { test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { Load } from "./support/load.ts";

test("a guest that crashes is started again, and a crash loop shows with its reason", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("fragile", "c-crash");
  await daemon.deploy("steady", "c-hello");
  assert.equal((await ask(daemon.port, "fragile.localhost")).text, "alive\n");
  for (const path of ["/exit?code=3", "/trap", "/overflow"]) {
    // Not repeated: a POST may have done something before its server died.
    assert.equal((await ask(daemon.port, "fragile.localhost", path, { method: "POST" })).status, 502);
    assert.equal((await ask(daemon.port, "steady.localhost")).status, 200);
  }
  const { service } = await daemon.client.getService("default", "fragile");
  assert.equal(service.restarts, 3);
  const reasons = service.lastRestarts.map(({ reason }) => reason);
  assert.match(reasons[2] as string, /exited with code 3/);
  assert.match(reasons[1] as string, /unreachable/);
  // C keeps its stack in the guest's memory.
  assert.match(reasons[0] as string, /out of bounds/);
  assert.equal(service.state, "crash-loop");
  // It comes back by itself.
  for (;;) if ((await ask(daemon.port, "fragile.localhost")).status === 200) break;
  assert.equal((await daemon.client.getService("default", "fragile")).service.state, "running");
});

test("a deploy that cannot work says why with the program's last lines, and leaves the old revision", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const cases = [
    { env: { EXIT: "0", LINES: "3" }, code: "deploy.exited", text: /code 0[\s\S]*line 1[\s\S]*line 3/ },
    { env: { EXIT: "7" }, code: "deploy.exited", text: /code 7/ },
    { env: { TRAP: "1" }, code: "deploy.trapped", text: /unreachable/ },
  ];
  for (const { env, code, text } of cases) {
    await assert.rejects(daemon.deploy("app", "c-crash", { env }), (error: Error & { code: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    });
    assert.equal((await ask(daemon.port, "app.localhost")).status, 404);
  }
  assert.equal((await daemon.deploy("app", "c-crash")).revision, 1);
  await assert.rejects(daemon.deploy("app", "c-crash", { env: { TRAP: "1" } }));
  const { service } = await daemon.client.getService("default", "app");
  assert.equal(service.revision, 1);
  assert.equal((await ask(daemon.port, "app.localhost")).text, "alive\n");
  await assert.rejects(daemon.deployBytes("broken", Buffer.from("not wasm")), { code: "module.not-wasm" });
  await assert.rejects(daemon.deploy("other", "c-hello", { route: [{ host: "app.localhost" }] }), {
    code: "route.conflict",
  });
});

test("kill -9 of the daemon under load loses no request, and the next one takes the same sockets over", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const names = ["one", "two", "three"];
  for (const name of names) await daemon.deploy(name, "c-hello");
  const before = daemon.workerPids();
  const load = new Load(
    daemon.port,
    names.map((name) => `${name}.localhost`),
    32,
  );
  t.after(() => load.stop());
  await load.more(500);
  for (let round = 0; round < 2; round++) {
    await daemon.kill("SIGKILL");
    await load.more(500);
    const from = daemon.log.length;
    await daemon.launch();
    await daemon.logged("took over from an earlier daemon", from);
    await load.more(500);
  }
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
  const after = daemon.workerPids();
  assert.equal(after.length, 2);
  assert.ok(
    after.every((pid) => !before.includes(pid)),
    "the old workers are gone",
  );
  assert.equal(
    (await daemon.client.listServices("default")).every((service) => service.state === "running"),
    true,
  );
});
