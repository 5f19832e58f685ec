import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { EventView, ServiceView } from "../src/control/service.ts";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask, keepAliveAgent } from "./support/http.ts";

async function show(daemon: TestDaemon, name: string): Promise<ServiceView> {
  return (await daemon.client.getService("default", name)).service;
}

/** The first event of a type; waits for it. */
async function event(daemon: TestDaemon, type: string, service: string): Promise<EventView> {
  for await (const one of daemon.client.events({ follow: true }))
    if (one.type === type && one.service === service) return one;
  throw new Error(`no event ${type}`);
}

test("CPU time and time by the clock are told for the requests of a server", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("app", "c-spin");
  assert.equal((await show(daemon, "app")).requestTimes, undefined);
  for (let i = 0; i < 30; i++) await ask(daemon.port, "app.localhost");
  await ask(daemon.port, "app.localhost", "/spin?ms=300");
  // These two wait for one another: the program has one thread. Neither pays for the other's waiting.
  await Promise.all(["/wait?ms=600", "/wait?ms=600"].map((path) => ask(daemon.port, "app.localhost", path)));
  const { requestTimes, cpuMs } = await show(daemon, "app");
  assert.ok(requestTimes);
  const { count, wall, cpu } = requestTimes;
  assert.equal(count, 33);
  assert.ok(cpu.maxMs >= 100 && cpu.maxMs <= wall.maxMs, `${cpu.maxMs} ms of CPU at most`);
  assert.ok(cpu.p50Ms < 100, `half of them up to ${cpu.p50Ms} ms of CPU`);
  assert.ok(cpu.totalMs <= cpuMs + 0.1, `${cpu.totalMs} of ${cpuMs}`);
  assert.ok(cpu.totalMs >= cpuMs / 2, `${cpu.totalMs} of ${cpuMs}`);
  assert.ok(wall.maxMs >= 600, `${wall.maxMs} ms`);
  assert.ok(cpu.totalMs < wall.totalMs - 500);
  const { stdout } = await warren(daemon, ["show", "app"]);
  assert.match(stdout, /^CPU of a request +mean .*half .*99 of 100 .*most /m);
  // A redeploy does not set them back.
  await daemon.deploy("app", "c-spin", { env: { AGAIN: "1" } });
  await ask(daemon.port, "app.localhost");
  while ((await show(daemon, "app")).requestTimes?.count !== 34);
});

test("a request that ends by its deadline is told with its times and what the program was at", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("waits", "c-spin", { limits: { request: "1s" } });
  const waiting = await ask(daemon.port, "waits.localhost", "/wait?ms=20000");
  assert.equal(waiting.status, 504);
  assert.match(waiting.text, /did not answer in time: [\d.]+ m?s, [\d.]+ ms of CPU time; the program was waiting/);
  const waits = await show(daemon, "waits");
  assert.deepEqual([waits.state, waits.limitsHit, waits.restarts], ["running", 1, 0]);
  assert.match(waits.lastLimits[0]?.reason ?? "", /a request was given up after .*waiting \(limits\.request\)/);
  assert.match((await event(daemon, "service.limit", "waits")).message, /limits\.request/);

  await daemon.deploy("spins", "c-spin", { limits: { request: "1s" } });
  const computing = await ask(daemon.port, "spins.localhost", "/spin?ms=0");
  assert.equal(computing.status, 504);
  assert.match(computing.text, /[\d.]+ m?s, [\d.]+ m?s of CPU time; the program was computing for it/);
  // On a busy machine the front gives up before the program has computed for a second.
  let spins = await show(daemon, "spins");
  while (spins.restarts === 0) spins = await show(daemon, "spins");
  assert.match(
    spins.lastRestarts[0]?.reason ?? "",
    /computed without a pause: [\d.]+ s of CPU time, [\d.]+ s by the clock \(limit\.deadline\)/,
  );
  const { stdout } = await warren(daemon, ["show", "spins"]);
  assert.match(stdout, /^limits hit +\d+ times$/m);
  assert.match(stdout, /^last limits hit$/m);
});

test("crashes are counted apart from limits", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("app", "c-spin");
  assert.equal((await ask(daemon.port, "app.localhost", "/trap", { method: "POST" })).status, 502);
  while ((await show(daemon, "app")).restarts === 0);
  const { traps, limitsHit, lastRestarts } = await show(daemon, "app");
  assert.deepEqual([traps, limitsHit], [1, 0]);
  assert.match(lastRestarts[0]?.reason ?? "", /crashed: /);
});

test("ls and the events tell of a service that its CPU limit holds up", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("slow", "c-spin", { limits: { cpu: 0.1 } });
  await ask(daemon.port, "slow.localhost", "/spin?ms=400");
  const { stdout } = await warren(daemon, ["ls"]);
  assert.match(stdout, /^slow +throttled +held up by limits\.cpu = 0\.1/m);
  assert.match((await event(daemon, "service.throttled", "slow")).message, /limits\.cpu = 0\.1/);
  assert.equal((await show(daemon, "slow")).throttling, true);
});

test("a connection that would take a program over limits.memory is refused with 503, until there is room", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("app", "c-upload", { limits: { memory: "2MiB" } });
  // They ask for much and read nothing: what the program has written for them waits in the host's memory.
  const readers = Array.from({ length: 60 }, () => connect(daemon.port, "127.0.0.1"));
  t.after(() => {
    for (const reader of readers) reader.destroy();
  });
  for (const reader of readers) {
    await once(reader, "connect");
    reader.on("error", () => {});
    reader.pause();
    reader.write("GET /download?bytes=1000000000 HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
  }
  // Not asked before: that would leave a connection for later requests.
  // For a while, until the kernel's buffers take no more and it was counted anew.
  for (let over = 0; over < 6; ) {
    over = (await show(daemon, "app")).memoryBytes > 2 * 2 ** 20 ? over + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const refused = await ask(daemon.port, "app.localhost");
  assert.equal(refused.status, 503);
  assert.match(refused.text, /service\.unavailable/);
  const { limitsHit, lastLimits, state } = await show(daemon, "app");
  assert.ok(limitsHit > 0);
  assert.match(lastLimits[0]?.reason ?? "", /limits\.memory/);
  assert.equal(state, "running");
  for (const reader of readers) reader.destroy();
  while ((await ask(daemon.port, "app.localhost")).status !== 200);
});

test("services that compute at once share the CPU by limits.weight", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const names = ["light", "heavy"] as const;
  for (const [name, weight] of [
    ["light", 100],
    ["heavy", 300],
  ] as const)
    await daemon.deploy(name, "c-spin", { limits: { weight } });
  const agent = keepAliveAgent(2);
  // The clients go away at the end, and that ends what they asked for.
  t.after(() => agent.destroy());
  for (const name of names) void ask(daemon.port, `${name}.localhost`, "/spin?ms=0", { agent }).catch(() => {});
  const used = async (): Promise<number[]> => Promise.all(names.map(async (name) => (await show(daemon, name)).cpuMs));
  // Both are at it.
  let before = await used();
  while (before.some((ms) => ms < 50)) before = await used();
  let spent = [0, 0];
  while ((spent[0] as number) + (spent[1] as number) < 1000)
    spent = (await used()).map((ms, i) => ms - (before[i] as number));
  const [light, heavy] = spent as [number, number];
  assert.ok(heavy > 2 * light && heavy < 4.5 * light, `${light} and ${heavy} ms`);
});
