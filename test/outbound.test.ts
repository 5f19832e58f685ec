import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Outbound, ServiceSpec } from "../src/control/service.ts";
import { errno } from "../src/wasi/errno.ts";
import { TestNameServer } from "../src/wasi/sockets/testdata/name-server.ts";
import { requireToolchain } from "./guests/build.ts";
import { buildGoGuest } from "./guests/go.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { isAlive } from "./support/process.ts";

/** Calls the guest c-dial. */
async function call(daemon: TestDaemon, path: string, name = "shop"): Promise<string> {
  return (await ask(daemon.port, `${name}.localhost`, path)).text;
}

async function until<T>(look: () => T | Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (wanted(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function tcpEcho(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

async function udpEcho(t: TestContext): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (data, { port, address }) => socket.send(data, port, address));
  socket.bind(0, "127.0.0.1");
  t.after(() => socket.close());
  await once(socket, "listening");
  return socket.address().port;
}

function grants(...outbound: Outbound[]): Partial<ServiceSpec> {
  return { outbound };
}

test("a service reaches what it is granted, from its first moment on, and its log says what it was refused", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  await using names = await TestNameServer.start((name) =>
    name === "local.example" ? ["10.0.0.1"] : name === "far.example" ? ["93.184.216.34"] : undefined,
  );
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--dns", names.address] });
  const [tcp, udp] = [await tcpEcho(t), await udpEcho(t)];
  await daemon.deploy("plain", "c-dial");
  assert.deepEqual(daemon.connectorPids(), []);
  await daemon.deploy("shop", "c-dial", {
    ...grants(
      { host: "127.0.0.1", port: tcp },
      { host: "127.0.0.1", port: udp, protocol: "udp" },
      { host: "*.example", port: `${tcp}-${tcp}` },
    ),
    env: { DIAL: `127.0.0.1:${tcp}` },
  });
  const [connector] = daemon.connectorPids();
  assert.ok(Number(readFileSync(`/proc/${connector}/oom_score_adj`, "utf8")) >= 300, "it goes before the daemon");
  const refused = `errno ${errno.ACCES}`;
  const cases: [string, string][] = [
    [`/dial?host=127.0.0.1&port=${tcp}&text=hello`, "hello"],
    [`/udp?host=127.0.0.1&port=${udp}&text=datagram`, "datagram"],
    ["/lookup?host=far.example", "93.184.216.34"],
    ["/lookup?host=none.example", `errno ${errno.NOENT} lookup`],
    ["/lookup?host=local.example", `${refused} lookup`],
    ["/lookup?host=example.com", `${refused} lookup`],
    [`/dial?host=127.0.0.1&port=${daemon.port}&text=x`, `${refused} connect`],
    [`/dial?host=127.0.0.1&port=${udp}&text=x`, `${refused} connect`],
    [`/dial?host=127.0.0.2&port=${tcp}&text=x`, `${refused} connect`],
    [`/dial?host=169.254.169.254&port=80&text=x`, `${refused} connect`],
    [`/dial?host=0.0.0.0&port=${tcp}&text=x`, `${refused} connect`],
  ];
  for (const [path, expected] of cases) assert.equal(await call(daemon, path), expected, path);
  assert.equal(await call(daemon, `/dial?host=127.0.0.1&port=${tcp}&text=x`, "plain"), `${refused} connect`);
  const log = await until(
    async () => (await warren(daemon, ["logs", "shop"])).stdout,
    (text) => text.includes("169.254.169.254"),
  );
  assert.match(log, /connected at the start/);
  assert.match(log, /not granted: example\.com; add to its manifest: \[\[outbound\]\] host = "example\.com"/);
  assert.match(log, /not granted: local\.example, which has the address 10\.0\.0\.1/);
  assert.match(log, /not granted: 169\.254\.169\.254:80; add .* host = "169\.254\.169\.254", port = 80/);
  assert.match(
    (await warren(daemon, ["show", "shop"])).stdout,
    /outbound +127\.0\.0\.1:\d+\n +127\.0\.0\.1:\d+\/udp\n/,
  );
  assert.match((await warren(daemon, ["doctor"])).stdout, /connector +ok +process \d+/);
  // A revision has its own grants, and an old one keeps none.
  await daemon.deploy("shop", "c-dial", grants({ host: "127.0.0.1", port: udp, protocol: "udp" }));
  assert.equal(await call(daemon, `/dial?host=127.0.0.1&port=${tcp}&text=x`), `${refused} connect`);
  assert.equal(await call(daemon, `/udp?host=127.0.0.1&port=${udp}&text=again`), "again");
  await assert.rejects(daemon.deploy("shop", "c-dial", grants({ host: "http://example.com" })), /host/);
  await daemon.deploy("shop", "c-dial");
  await until(
    () => daemon.connectorPids(),
    (pids) => pids.length === 0,
  );
});

test("services reach each other by name where granted, in one worker and across, through restarts and moves", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("near", "c-tcp-echo");
  await daemon.deploy("far", "c-tcp-echo", { isolation: "process" });
  await daemon.deploy("web", "c-files-cgi", { kind: "cgi" });
  await daemon.deploy("shop", "c-dial", {
    ...grants(
      { service: "near", port: 8080 },
      { host: "far.warren.internal" },
      { service: "web" },
      { service: "none" },
      { service: "own" },
    ),
    env: { DIAL: "far.warren.internal:8080" },
  });
  await daemon.deploy("own", "c-dial", { isolation: "process", ...grants({ service: "near" }, { service: "far" }) });
  const dial = (service: string, port = 8080, by = "shop") =>
    call(daemon, `/dial?host=${service}.warren.internal&port=${port}&text=${service}`, by);
  for (const service of ["near", "far"])
    for (const by of ["shop", "own"]) assert.equal(await dial(service, 8080, by), service, `${by} to ${service}`);
  assert.equal(await dial("near", 8081), `errno ${errno.ACCES} connect`);
  assert.equal(await dial("own", 8080, "own"), `errno ${errno.ACCES} lookup`);
  // Not its port, no server, no such service.
  for (const [service, port] of [
    ["far", 8081],
    ["web", 8080],
    ["none", 8080],
  ] as const)
    assert.equal(await dial(service, port), `errno ${errno.CONNREFUSED} connect`);

  // What is open outlives the revision that it was opened with, as far as that one is given time to end it.
  for (const service of ["near", "far"]) {
    await call(daemon, `/open?host=${service}.warren.internal&port=8080`);
    assert.equal(await call(daemon, "/say?text=one"), "one");
    const spec = service === "far" ? ({ isolation: "process" } as const) : {};
    await daemon.deploy(service, "c-tcp-echo", { ...spec, env: { ANOTHER: "1" } });
    assert.equal(await call(daemon, "/say?text=two"), "two", service);
    assert.equal(await dial(service), service);
    await daemon.client.stopService("default", service);
    assert.equal(await dial(service), `errno ${errno.CONNREFUSED} connect`);
    await daemon.client.startService("default", service);
    assert.equal(await dial(service), service);
  }
  // A worker that dies: the connection waits for the service's next place.
  const { service: far } = await daemon.client.getService("default", "far");
  const { workers } = await daemon.client.health();
  process.kill(workers.find(({ id }) => id === far.instances[0]?.worker)?.pid as number, "SIGKILL");
  assert.equal(await dial("far"), "far");
  await daemon.client.deleteService("default", "far");
  assert.equal(await dial("far"), `errno ${errno.CONNREFUSED} connect`);
});

test("an HTTP client in Go reaches what is granted, many at a time, and is told what is not", async (t) => {
  if (!(await requireToolchain(t, "go")) || !(await requireToolchain(t, "c"))) return;
  const program = await buildGoGuest("go-gateway");
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const server = createHttpServer((request, response) => response.end(`outside ${request.url}`)).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await daemon.deploy("inner", "c-hello");
  await daemon.deployBytes("gateway", program, {
    ...grants({ host: "localhost", port }, { service: "inner" }),
    limits: { memory: "512MiB" },
  });
  const get = (url: string) => ask(daemon.port, "gateway.localhost", `/?url=${encodeURIComponent(url)}`);
  const urls = Array.from({ length: 60 }, (_, i) =>
    i % 2 === 0 ? `http://localhost:${port}/${i}` : "http://inner.warren.internal:8080/",
  );
  const answers = await Promise.all(urls.map(get));
  for (const [i, { text }] of answers.entries())
    assert.match(text, i % 2 === 0 ? new RegExp(`^outside /${i}<nil>$`) : /^hello from c: visit \d+\n<nil>$/);
  const refused = await get("http://10.0.0.1/");
  assert.equal(refused.status, 502);
  assert.match(refused.text, /connect: Permission denied/);
});

test("what lacks while no connector can be started is said, and is there again by itself", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const port = await tcpEcho(t);
  const outbound = grants({ host: "127.0.0.1", port });
  await daemon.deploy("shop", "c-dial", outbound);
  const folder = join(daemon.state, "connector");
  rmSync(folder, { recursive: true });
  const [pid] = daemon.connectorPids();
  process.kill(pid as number, "SIGKILL");
  await until(
    async () => (await daemon.client.getService("default", "shop")).service.reason ?? "",
    (reason) => reason.startsWith("it cannot connect to anything until the connector runs again: "),
  );
  assert.match(
    (await warren(daemon, ["doctor"])).stdout,
    /connector +warn .*services cannot open outbound connections/,
  );
  assert.equal((await daemon.client.getService("default", "shop")).service.state, "running");
  // One that needs it is not deployed without.
  await assert.rejects(daemon.deploy("other", "c-dial", outbound));
  await daemon.deploy("plain", "c-dial");
  mkdirSync(folder, { mode: 0o700 });
  await until(
    () => call(daemon, `/dial?host=127.0.0.1&port=${port}&text=new`),
    (text) => text === "new",
  );
  assert.equal((await daemon.client.getService("default", "shop")).service.reason, undefined);
});

test("connections outlive the connector, and both it and its successors the daemon", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const port = await tcpEcho(t);
  await daemon.deploy("shop", "c-dial", grants({ host: "127.0.0.1", port }));
  const dial = () => call(daemon, `/dial?host=127.0.0.1&port=${port}&text=new`);
  const say = async () => assert.equal(await call(daemon, "/say?text=held"), "held");
  assert.equal(await call(daemon, `/open?host=127.0.0.1&port=${port}`), "open");
  const [first] = daemon.connectorPids();
  process.kill(first as number, "SIGKILL");
  await say();
  await until(dial, (text) => {
    assert.match(text, new RegExp(`^(new|errno ${errno.NETDOWN} connect)$`));
    return text === "new";
  });
  await say();

  await daemon.kill("SIGKILL");
  assert.equal(await dial(), "new");
  await say();
  const [second] = daemon.connectorPids();
  process.kill(second as number, "SIGKILL");
  await until(dial, (text) => text === `errno ${errno.NETDOWN} connect`);
  await say();
  let from = daemon.log.length;
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon", from);
  await until(dial, (text) => text === "new");

  // The next daemon's connector takes the place of this one's, which ends with the workers that it served.
  const [third] = daemon.connectorPids();
  await daemon.kill("SIGKILL");
  assert.equal(await dial(), "new");
  from = daemon.log.length;
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon", from);
  await until(dial, (text) => text === "new");
  await until(
    () => isAlive(third as number),
    (alive) => !alive,
  );
  assert.equal(daemon.connectorPids().length, 1);
  await daemon.kill("SIGTERM");
  await until(
    () => daemon.connectorPids(),
    (pids) => pids.length === 0,
  );
});

test("a service connects to the unix socket that it is granted, through its daemon", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-unix-"));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const source = join(folder, "db.sock");
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.once("data", (data) => socket.end(`Content-Type: text/plain\n\nheard ${data}`));
  }).listen(source);
  t.after(() => server.close());
  await once(server, "listening");
  chmodSync(source, 0o666);
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const spec = (path: string, outbound: Outbound[]): Partial<ServiceSpec> => ({
    kind: "cgi",
    args: ["unix", path, "hello"],
    outbound,
  });
  const right = { unix: source, as: "/run/db.sock" };
  await daemon.deploy("shop", "c-sockets", spec("/run/db.sock", [right]));
  await daemon.deploy("own", "c-sockets", { ...spec("/run/db.sock", [right]), isolation: "process" });
  await daemon.deploy("other", "c-sockets", spec(source, []));
  for (const name of ["shop", "own"]) assert.equal(await call(daemon, "/", name), "heard hello\nended\n");
  assert.doesNotMatch(await call(daemon, "/", "other"), /heard/);
  assert.equal(connections, 2);
  assert.match(
    (await warren(daemon, ["logs", "other"])).stdout,
    /not granted: the unix socket .*db\.sock"; add to its manifest: \[\[outbound\]\] unix = /,
  );
  // No process for the internet is needed for it.
  assert.deepEqual(daemon.connectorPids(), []);
  const shown = await warren(daemon, ["show", "shop"]);
  assert.match(shown.stdout, new RegExp(`unix:${source}`));
  // What its daemon does for it waits for the next daemon, and it is told so at once.
  await daemon.kill("SIGKILL");
  assert.doesNotMatch(await call(daemon, "/", "shop"), /heard/);
});
