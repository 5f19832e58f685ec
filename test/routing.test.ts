import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceSpec } from "../src/control/service.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

test("a service without a program redirects and answers, through restarts of daemon and service", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const spec: ServiceSpec = {
    name: "moved",
    route: [
      { host: "old.test", redirect: "https://new.test" },
      { host: "old.test", path: "/tmp", redirect: "/now", status: 302 },
      { host: "busy.test", respond: { status: 503, body: "<p>back soon</p>", type: "text/html" } },
    ],
  };
  const { service, created } = await daemon.client.putService("default", spec);
  assert.equal(created, true);
  assert.deepEqual([service.kind, service.state, service.instances], ["static", "running", []]);
  assert.equal("program" in service, false);
  const answers = async (): Promise<void> => {
    const moved = await ask(daemon.port, "old.test", "/a?b");
    assert.deepEqual([moved.status, moved.headers.location], [308, "https://new.test/a?b"]);
    assert.equal((await ask(daemon.port, "old.test", "/tmp/x", { method: "POST" })).headers.location, "/now/x");
    const busy = await ask(daemon.port, "busy.test", "/any");
    assert.deepEqual([busy.status, busy.headers["content-type"], busy.text], [503, "text/html", "<p>back soon</p>"]);
  };
  await answers();
  assert.equal((await daemon.client.restartService("default", "moved")).service.revision, 2);
  await answers();
  await daemon.kill("SIGKILL");
  await answers();
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon");
  await answers();
  assert.deepEqual((await daemon.client.health()).services, { total: 1, running: 1 });
  await daemon.client.stopService("default", "moved");
  assert.equal((await daemon.client.getService("default", "moved")).service.state, "stopped");
  assert.equal((await ask(daemon.port, "old.test")).status, 503);
  await daemon.client.startService("default", "moved");
  await answers();
  await daemon.client.deleteService("default", "moved");
  assert.equal((await ask(daemon.port, "old.test")).status, 404);
});

test("a service gains and loses its program from one revision to the next", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const route = [{ host: "shop.test" }, { host: "www.shop.test", redirect: "http://shop.test" }];
  assert.equal((await daemon.deploy("shop", "c-hello", { route })).kind, "server");
  assert.equal((await ask(daemon.port, "shop.test")).status, 200);
  assert.equal((await ask(daemon.port, "www.shop.test", "/a")).headers.location, "http://shop.test/a");
  const closed = [{ host: "shop.test", respond: { status: 503, body: "closed" } }];
  const { service } = await daemon.client.putService("default", { name: "shop", route: closed });
  assert.deepEqual([service.kind, service.revision, service.state], ["static", 2, "running"]);
  assert.equal((await ask(daemon.port, "shop.test")).text, "closed");
  assert.equal((await ask(daemon.port, "www.shop.test")).status, 404);
  await daemon.deploy("shop", "c-hello", { route });
  assert.equal((await ask(daemon.port, "shop.test")).status, 200);
});
