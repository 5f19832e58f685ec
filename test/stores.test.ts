import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { digestOf } from "../src/base/digest.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

async function told(daemon: TestDaemon, name: string, path: string): Promise<string> {
  const { status, text } = await ask(daemon.port, `${name}.localhost`, path);
  assert.equal(status, 200, text);
  return text;
}

test("a key-value store outlives its services, deploys, workers and daemons, and is its namespace's", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const store = [{ name: "sessions", as: "default" }];
  await daemon.deploy("shop", "c-keyvalue", { store });
  assert.equal(await told(daemon, "shop", "/set/default/a/5"), "ok");
  // Handlers run in both workers: every number is given once.
  const sums = await Promise.all([...Array(20).keys()].map(() => told(daemon, "shop", "/add/default/n")));
  assert.deepEqual(new Set(sums).size, 20);
  await daemon.deploy("shop", "c-keyvalue", { store, args: ["again"] });
  assert.equal(await told(daemon, "shop", "/get/default/a"), "xxxxx");
  assert.equal(await told(daemon, "shop", "/list/default"), "a n ");
  assert.equal(await told(daemon, "shop", "/get/sessions/a"), "no-such-store", "as says how it is opened");

  await daemon.deploy("reader", "c-keyvalue", { store: [{ name: "sessions", mode: "ro" }] });
  assert.equal(await told(daemon, "reader", "/get/sessions/a"), "xxxxx");
  assert.equal(await told(daemon, "reader", "/set/sessions/a/1"), "access-denied");
  assert.equal(await told(daemon, "reader", "/add/sessions/n"), "access-denied");
  await daemon.deploy("none", "c-keyvalue");
  assert.equal(await told(daemon, "none", "/get/default/a"), "no-such-store");

  await daemon.client.createNamespace("other");
  const program = readFileSync(await buildGuest("c-keyvalue"));
  const digest = digestOf(program);
  await daemon.client.uploadProgram("other", program, digest);
  await daemon.client.putService("other", { name: "shop", program: digest, store });
  assert.equal(await told(daemon, "shop.other", "/get/default/a"), "none");

  await daemon.kill("SIGKILL");
  assert.match(await told(daemon, "shop", "/get/default/a"), /^other: no daemon is there: try again/);
  await daemon.launch();
  assert.equal(await told(daemon, "shop", "/get/default/a"), "xxxxx");
  assert.equal(await told(daemon, "shop", "/add/default/n"), "21");

  const removed = (name: string) => daemon.client.deleteStore("default", name);
  await assert.rejects(removed("sessions"), { code: "store.in-use" });
  await assert.rejects(removed("none"), { code: "store.unknown" });
  await assert.rejects(daemon.client.listStores("nowhere"), { code: "namespace.unknown" });
  const listed = await warren(daemon, ["store", "ls"]);
  assert.match(listed.stdout, /^NAME +KEYS +USED +SIZE +SERVICES\nsessions +2 +209 B +16 MiB +reader shop/);
  for (const name of ["shop", "reader"]) await daemon.client.deleteService("default", name);
  assert.equal((await warren(daemon, ["store", "rm", "sessions"])).stdout, "sessions\n");
  await daemon.deploy("shop", "c-keyvalue", { store });
  assert.equal(await told(daemon, "shop", "/list/default"), "");
});

test("a store's size is the least that a service says, and holds for all", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("big", "c-keyvalue", { store: [{ name: "data", size: "1MiB" }] });
  assert.equal(await told(daemon, "big", "/set/data/a/200000"), "ok");
  await daemon.deploy("small", "c-keyvalue", { store: [{ name: "data", size: "256KiB" }] });
  assert.match(await told(daemon, "big", "/set/data/b/200000"), /^other: the store is full: 262144 bytes is its size/);
  assert.equal(await told(daemon, "small", "/set/data/a/50000"), "ok");
  assert.equal(await told(daemon, "big", "/set/data/b/200000"), "ok");
  assert.match(await told(daemon, "small", "/set/data/c/2000000"), /^other: /);
  await daemon.client.deleteService("default", "small");
  assert.equal(await told(daemon, "big", "/set/data/c/500000"), "ok");
});

test("wasi:logging goes to the service's log, line by line, with level and context", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("shop", "c-keyvalue");
  await told(daemon, "shop", "/log");
  for await (const line of daemon.client.logs("default", "shop", { follow: true })) {
    if (!line.text.startsWith("warn")) continue;
    assert.deepEqual([line.stream, line.text], ["stderr", "warn the shop: one"]);
    break;
  }
});
