import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceSpec } from "../src/control/service.ts";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { Load } from "./support/load.ts";

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
  assert.deepEqual(service.routeNotes, ["308 to https://new.test", "302 to /now", "answers 503"]);
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
  const { requests } = service;
  assert.equal((await ask(daemon.port, "shop.test")).text, "closed");
  assert.equal((await daemon.client.getService("default", "shop")).service.requests, requests + 1);
  assert.equal((await ask(daemon.port, "www.shop.test")).status, 404);
  await daemon.deploy("shop", "c-hello", { route });
  assert.equal((await ask(daemon.port, "shop.test")).status, 200);
});

/** How often each service answered. */
async function counts(daemon: TestDaemon, host: string, requests: number): Promise<[main: number, canary: number]> {
  const found: [number, number] = [0, 0];
  for (let at = 0; at < requests; at++) {
    const { text } = await ask(daemon.port, host, "/");
    if (text.startsWith("main:")) found[0]++;
    if (text.startsWith("canary:")) found[1]++;
  }
  return found;
}

test("a canary gets its share, nothing while it crashes or is stopped, and all of it when the other is gone", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const host = "shop.test";
  await daemon.deploy("main", "c-path", { env: { NAME: "main" }, route: [{ host }] });
  // In different workers: some requests are passed on, and must come to the one that was chosen.
  const canary = { env: { NAME: "canary" }, route: [{ host, share: "50%" }, { host: "canary.test" }] };
  await daemon.deploy("canary", "c-path", canary);
  const [main, other] = await counts(daemon, host, 200);
  // With 200 draws of one half, fewer than 50 or more than 150 come once in 10^12 runs.
  assert.ok(main >= 50 && other >= 50 && main + other === 200, `${main} ${other}`);

  await daemon.client.stopService("default", "canary");
  assert.deepEqual(await counts(daemon, host, 40), [40, 0]);
  await daemon.client.startService("default", "canary");
  assert.ok((await counts(daemon, host, 100))[1] > 10);

  // Down for longer each time, in the end for long enough to be asked many times.
  const down = async (): Promise<number | undefined> => {
    const { service } = await daemon.client.getService("default", "canary");
    return service.state === "running" ? undefined : service.restarts;
  };
  for (;;) {
    await ask(daemon.port, "canary.test", "/exit", { method: "POST" }).catch(() => {});
    const before = await down();
    // The workers hear of it at about the same time.
    await counts(daemon, host, 5);
    const answers = await counts(daemon, host, 20);
    if (before === undefined || (await down()) !== before) continue;
    assert.deepEqual(answers, [20, 0]);
    break;
  }
  // It comes back by itself.
  while ((await counts(daemon, host, 10))[1] === 0);

  await daemon.client.deleteService("default", "main");
  assert.deepEqual(await counts(daemon, host, 40), [0, 40]);
});

test("a client stays where it came to by its cookie, whichever worker it asks", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const host = "shop.test";
  await daemon.deploy("main", "c-path", { env: { NAME: "main" }, route: [{ host }] });
  await daemon.deploy("canary", "c-path", { env: { NAME: "canary" }, route: [{ host, share: "50%", sticky: true }] });
  for (let client = 0; client < 6; client++) {
    const first = await ask(daemon.port, host);
    const [set, ...more] = first.headers["set-cookie"] ?? [];
    assert.deepEqual(more, []);
    assert.match(set ?? "", /^warren-route=[\w-]{22}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/);
    const cookie = String(set).split(";")[0]!;
    for (let request = 0; request < 8; request++) {
      const next = await ask(daemon.port, host, "/", { headers: { cookie } });
      assert.deepEqual([next.text, next.headers["set-cookie"]], [first.text, undefined]);
    }
  }
});

test("routes change under load without a lost request", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const host = "shop.test";
  await daemon.deploy("main", "c-path", { env: { NAME: "main" }, route: [{ host }] });
  const load = new Load(daemon.port, [host], 16);
  t.after(() => load.stop());
  await load.more(200);
  const changes: readonly (() => Promise<unknown>)[] = [
    () => daemon.deploy("main", "c-path", { route: [{ host }, { host, path: "/api", strip: true }] }),
    () => daemon.deploy("read", "c-path", { route: [{ host, methods: ["GET"] }] }),
    () => daemon.deploy("canary", "c-path", { route: [{ host, methods: ["GET"], share: "30%", sticky: true }] }),
    () => daemon.client.stopService("default", "canary"),
    () => daemon.client.startService("default", "canary"),
    () =>
      daemon.client.putService("default", {
        name: "fixed",
        route: [{ host, path: "/", headers: { "x-a": "*" }, respond: {} }],
      }),
    () => daemon.client.deleteService("default", "read"),
    () => daemon.deploy("canary", "c-path", { route: [{ host, share: "100%" }] }),
    () => daemon.client.deleteService("default", "canary"),
  ];
  for (const change of changes) {
    await change();
    await load.more(200);
  }
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
});

test("no namespace can take another's host, and an operator gives domains away", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  for (const namespace of ["red", "blue"]) await daemon.client.createNamespace(namespace);
  const put = (namespace: string, name: string, host?: string): Promise<unknown> =>
    daemon.client.putService(namespace, {
      name,
      route: [{ ...(host === undefined ? {} : { host }), respond: { body: `${namespace}/${name}` } }],
    });
  await put("red", "secret-shop", "shop.test");
  for (const host of ["shop.test", "*.test"])
    await assert.rejects(put("blue", "shop", host), (error: Error & { code: string; hint?: string }) => {
      assert.equal(error.code, "domain.taken");
      assert.doesNotMatch(`${error.message} ${error.hint}`, /red|secret/);
      return true;
    });
  for (const host of ["SHOP.test", "shop.test.", "shop.test:80", "sh\u00f6p.test", "xn--shop-.test"])
    await assert.rejects(put("blue", "shop", host), { code: "service.bad-host" }, host);
  await assert.rejects(put("red", "other", "shop.test"), { code: "route.conflict", message: /red\/secret-shop/ });
  // A route for any host takes what nobody names, and nothing of the others'.
  await put("blue", "any");
  assert.equal((await ask(daemon.port, "shop.test")).text, "red/secret-shop");
  assert.equal((await ask(daemon.port, "else.test")).text, "blue/any");
  await assert.rejects(put("red", "any"), { code: "domain.taken" });

  await assert.rejects(daemon.client.assignDomain("blue", "test"), { code: "domain.taken" });
  await daemon.client.assignDomain("blue", "Example.COM.");
  assert.deepEqual(await daemon.client.listDomains("blue"), [{ domain: "example.com" }]);
  await assert.rejects(put("red", "www", "www.example.com"), { code: "domain.taken" });
  await daemon.kill("SIGTERM");
  await daemon.launch();
  await assert.rejects(put("red", "www", "www.example.com"), { code: "domain.taken" });
  await assert.rejects(put("blue", "shop", "shop.test"), { code: "domain.taken" });
  await daemon.client.removeDomain("blue", "example.com");
  await assert.rejects(daemon.client.removeDomain("blue", "example.com"), { code: "domain.unknown" });
  await put("red", "www", "www.example.com");
  assert.equal((await ask(daemon.port, "www.example.com")).text, "red/www");
});

test("two deploys of one route at a time: one of them gets it", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const results = await Promise.allSettled(
    ["one", "two", "three"].map((name) =>
      daemon.deploy(name, "c-path", { env: { NAME: name }, route: [{ host: "it.test" }] }),
    ),
  );
  const codes = results.map((result) =>
    result.status === "fulfilled" ? "got it" : (result.reason as { code: string }).code,
  );
  assert.deepEqual(
    codes.toSorted((a, b) => (a < b ? -1 : 1)),
    ["got it", "route.conflict", "route.conflict"],
  );
  assert.equal((await ask(daemon.port, "it.test")).status, 200);
});

test("warren domain assigns, lists and takes away, and says what it refuses", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.client.createNamespace("red");
  const run = (...args: string[]): ReturnType<typeof warren> => warren(daemon, ["domain", ...args]);
  assert.deepEqual(await run("add", "--namespace", "red", "Example.com", "192.0.2.1", "*"), {
    code: 0,
    stdout: "Example.com\n192.0.2.1\n*\n",
    stderr: "",
  });
  assert.equal((await run("ls", "--namespace", "red")).stdout, "*\n192.0.2.1\nexample.com\n");
  const taken = await run("add", "com", "*.other.test");
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /com is used by another namespace[\s\S]*write other\.test/);
  assert.equal((await run("rm", "--namespace", "red", "example.com")).code, 0);
  assert.equal((await run("add", "www.example.com")).code, 0);
  assert.deepEqual(JSON.parse((await run("ls", "--json")).stdout), [{ domain: "www.example.com" }]);
});
