import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { digestOf } from "../src/base/digest.ts";
import type { ServiceSpec, WorkerView } from "../src/control/service.ts";
import { buildGuest, type GuestName, requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { Load } from "./support/load.ts";
import { freePort } from "./support/ports.ts";
import { isAlive } from "./support/process.ts";

const isolated = { isolation: "process" } as const;

/** The worker that a service has, and how many the daemon has. */
async function workerOf(daemon: TestDaemon, name: string): Promise<WorkerView & { shares: string[] }> {
  const { workers } = await daemon.client.health();
  const services = await daemon.client.listServices("default");
  const { instances, revision } = services.find((one) => one.name === name) as (typeof services)[number];
  const own = instances.filter((instance) => instance.revision === revision);
  assert.equal(own.length, 1, `${name} runs in one worker`);
  const worker = workers.find(({ id }) => id === own[0]?.worker);
  assert.ok(worker, `the worker of ${name} is listed`);
  const shares = services.filter((one) => one.instances.some((instance) => instance.worker === worker.id));
  return { ...worker, shares: shares.map((one) => one.name) };
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

function files(t: TestContext, text: string): Pick<ServiceSpec, "mount"> {
  const source = mkdtempSync(join(tmpdir(), "warren-data-"));
  t.after(() => rmSync(source, { recursive: true, force: true }));
  chmodSync(source, 0o755);
  writeFileSync(join(source, "text"), text);
  return { mount: [{ source, target: "/data", mode: "ro" }] };
}

function hosts(...names: string[]): string[] {
  return names.map((name) => `${name}.localhost`);
}

test("a service with isolation = process has a worker to itself, until it is stopped", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("shared", "c-hello");
  await daemon.deploy("cgi", "c-files-cgi", { kind: "cgi" });
  const before = daemon.workerPids();
  await daemon.deploy("one", "c-files", { ...isolated, ...files(t, "one") });
  await daemon.deploy("two", "c-files-cgi", { ...isolated, kind: "cgi", ...files(t, "two") });
  await daemon.deploy("three", "c-hello", isolated);
  const workers = await Promise.all(["one", "two", "three"].map((name) => workerOf(daemon, name)));
  const pids = workers.map(({ pid }) => pid);
  assert.equal(new Set([...before, ...pids]).size, 5);
  assert.equal((await daemon.client.health()).workers.length, 5);
  for (const [i, name] of ["one", "two", "three"].entries()) {
    assert.deepEqual(workers[i]?.shares, [name]);
    assert.equal(workers[i]?.instances, 1);
  }
  // The shared workers need no right to these directories.
  assert.ok(!daemon.log.some(({ msg }) => msg === "worker replaced for a new mount"));
  for (let i = 0; i < 4; i++) {
    assert.equal((await ask(daemon.port, "one.localhost")).text, "one");
    assert.equal((await ask(daemon.port, "two.localhost")).text, "two");
    assert.equal((await ask(daemon.port, "three.localhost")).status, 200);
  }
  // Clients that use one connection for all of them.
  const load = new Load(daemon.port, hosts("one", "two", "three", "shared"), 8);
  t.after(() => load.stop());
  await load.more(400);
  assert.deepEqual((await load.stop()).failures, []);

  await daemon.client.stopService("default", "one");
  await gone(pids[0] as number);
  assert.equal((await ask(daemon.port, "one.localhost")).status, 503);
  await daemon.client.startService("default", "one");
  assert.equal((await ask(daemon.port, "one.localhost")).text, "one");
  const again = await workerOf(daemon, "one");
  assert.ok(!pids.includes(again.pid));
  await daemon.client.deleteService("default", "one");
  await gone(again.pid);
  // Back among the others.
  await daemon.deploy("three", "c-hello");
  await gone(pids[2] as number);
  assert.ok(before.includes((await workerOf(daemon, "three")).pid));
  assert.equal((await ask(daemon.port, "three.localhost")).status, 200);
});

test("a new revision of an isolated service loses no request and ends the worker of the old one", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("app", "c-hello", isolated);
  await daemon.deploy("cgi", "c-files-cgi", { ...isolated, kind: "cgi", ...files(t, "cgi") });
  const load = new Load(daemon.port, hosts("app", "cgi"), 16);
  t.after(() => load.stop());
  await load.more(200);
  for (let round = 0; round < 3; round++) {
    const before = await Promise.all([workerOf(daemon, "app"), workerOf(daemon, "cgi")]);
    await daemon.deploy("app", "c-hello", { ...isolated, env: { ROUND: String(round) } });
    await daemon.client.restartService("default", "cgi");
    await load.more(200);
    for (const { pid } of before) await gone(pid);
    await load.more(100);
  }
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal(daemon.workerPids().length, 4);
});

test("the death of an isolated service's worker is nobody else's trouble, and counts against that service", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  for (const name of ["one", "two"]) await daemon.deploy(name, "c-hello");
  await daemon.deploy("app", "c-hello", isolated);
  await daemon.deploy("cgi", "c-files-cgi", { ...isolated, kind: "cgi", ...files(t, "cgi") });
  const load = new Load(daemon.port, hosts("one", "two"), 16);
  t.after(() => load.stop());
  await load.more(200);
  for (const name of ["app", "cgi"]) {
    const { pid } = await workerOf(daemon, name);
    process.kill(pid, "SIGKILL");
    // The request waits for the successor.
    assert.equal((await ask(daemon.port, `${name}.localhost`)).status, 200);
    assert.notEqual((await workerOf(daemon, name)).pid, pid);
    await load.more(200);
  }
  const { pid } = await workerOf(daemon, "app");
  process.kill(pid, "SIGKILL");
  await daemon.logged("a service that ends workers is no longer started");
  assert.equal((await daemon.client.getService("default", "app")).service.state, "crash-loop");
  await load.more(200);
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal((await ask(daemon.port, "cgi.localhost")).text, "cgi");
  // Its operator wants it tried again.
  await daemon.client.startService("default", "app");
  assert.equal((await ask(daemon.port, "app.localhost")).status, 200);
});

test("isolated services outlive their daemon, with their TCP and UDP sockets", async (t) => {
  if (!(await requireToolchain(t, "c")) || !(await requireToolchain(t, "assemblyscript"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const [tcpPort, udpPort] = [await freePort(), await freePort()];
  await daemon.deploy("app", "c-hello", isolated);
  await daemon.deploy("tcp", "c-tcp-echo", { ...isolated, route: [{ listen: `tcp://127.0.0.1:${tcpPort}` }] });
  await daemon.deploy("udp", "udp-echo", { ...isolated, route: [{ listen: `udp://127.0.0.1:${udpPort}` }] });
  const sockets = async () => {
    const tcp = connect(tcpPort, "127.0.0.1");
    tcp.write("ping");
    assert.equal(String((await once(tcp, "data"))[0]), "ping");
    tcp.destroy();
    const udp = createSocket("udp4");
    udp.send("ping", udpPort, "127.0.0.1");
    assert.match(String((await once(udp, "message"))[0]), /ping/);
    udp.close();
  };
  await sockets();
  const load = new Load(daemon.port, hosts("app"), 8);
  t.after(() => load.stop());
  await load.more(100);
  const before = daemon.workerPids();
  await daemon.kill("SIGKILL");
  await load.more(100);
  const from = daemon.log.length;
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon", from);
  await load.more(100);
  await sockets();
  assert.deepEqual((await load.stop()).failures, []);
  const after = daemon.workerPids();
  assert.equal(after.length, 5);
  assert.ok(after.every((pid) => !before.includes(pid)));
  const { pid } = await workerOf(daemon, "app");
  await daemon.kill("SIGTERM");
  await gone(pid);
  assert.deepEqual(daemon.workerPids(), []);
});

test("serve --isolation namespace gives each namespace a worker of its own, and the shared ones run no guest", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--isolation", "namespace"] });
  const shared = daemon.workerPids();
  const deploy = async (namespace: string, name: string, guest: GuestName, more: Partial<ServiceSpec> = {}) => {
    const program = readFileSync(await buildGuest(guest));
    const digest = digestOf(program);
    await daemon.client.uploadProgram(namespace, program, digest);
    await daemon.client.putService(namespace, { name, program: digest, ...more });
  };
  await assert.rejects(deploy("red", "red-one", "c-hello"), { code: "namespace.unknown" });
  for (const namespace of ["red", "blue", "red"]) await daemon.client.createNamespace(namespace);
  assert.deepEqual(await daemon.client.listNamespaces(), [{ name: "blue" }, { name: "default" }, { name: "red" }]);
  const tcpPort = await freePort();
  await deploy("red", "red-one", "c-hello");
  // At once: they find the same worker.
  await Promise.all([
    deploy("blue", "blue-one", "c-hello"),
    deploy("blue", "blue-two", "c-files-cgi", { kind: "cgi" }),
    deploy("default", "own", "c-hello", isolated),
    deploy("default", "plain", "c-hello"),
  ]);
  await deploy("red", "red-two", "c-tcp-echo", { route: [{ listen: `tcp://127.0.0.1:${tcpPort}` }] });

  /** The pid of the worker of each service. */
  const places = async (): Promise<Map<string, number>> => {
    const { workers } = await daemon.client.health();
    const found = new Map<string, number>();
    for (const namespace of ["red", "blue", "default"]) {
      for (const { name, instances, revision } of await daemon.client.listServices(namespace)) {
        const own = instances.filter((instance) => instance.revision === revision);
        assert.equal(own.length, 1, name);
        found.set(name, workers.find(({ id }) => id === own[0]?.worker)?.pid as number);
      }
    }
    return found;
  };
  const apart = async (): Promise<void> => {
    const at = await places();
    assert.equal(at.get("red-one"), at.get("red-two"));
    assert.equal(at.get("blue-one"), at.get("blue-two"));
    const [red, blue, own, plain] = ["red-one", "blue-one", "own", "plain"].map((name) => at.get(name) as number);
    assert.equal(new Set([...shared, red, blue, own, plain]).size, shared.length + 4);
  };
  const answers = async (): Promise<void> => {
    for (const name of ["red-one.red", "blue-one.blue", "own", "plain"])
      assert.equal((await ask(daemon.port, `${name}.localhost`)).status, 200, name);
    // No directory is mounted there.
    assert.notEqual((await ask(daemon.port, "blue-two.blue.localhost")).status, 503);
    const tcp = connect(tcpPort, "127.0.0.1");
    tcp.write("ping");
    assert.equal(String((await once(tcp, "data"))[0]), "ping");
    tcp.destroy();
  };
  await apart();
  await answers();

  // A new revision takes the old one's place in the same worker, and its death is that namespace's trouble only.
  const before = await places();
  const load = new Load(daemon.port, hosts("blue-one.blue", "plain"), 8);
  t.after(() => load.stop());
  await deploy("red", "red-one", "c-hello", { env: { ROUND: "2" } });
  assert.deepEqual(await places(), before);
  process.kill(before.get("red-one") as number, "SIGKILL");
  assert.equal((await ask(daemon.port, "red-one.red.localhost")).status, 200);
  await answers();
  await apart();
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal((await places()).get("blue-one"), before.get("blue-one"));

  // The worker ends with the last of its services.
  const red = (await places()).get("red-one") as number;
  await daemon.client.deleteService("red", "red-one");
  assert.ok(isAlive(red));
  await daemon.client.stopService("red", "red-two");
  await gone(red);
  await daemon.client.startService("red", "red-two");
  await deploy("red", "red-one", "c-hello");
  await answers();
  await apart();
});
