import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ServiceSpec } from "../src/control/service.ts";
import { workerUser } from "../src/daemon/wall/pieces.ts";
import { workerPlan } from "../src/daemon/wall/plans.ts";
import { buildWall } from "../src/daemon/wall/wall.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { Load } from "./support/load.ts";
import { freePort } from "./support/ports.ts";

const root = join(import.meta.dirname, "..");
const asRoot = process.geteuid?.() === 0;
const onlyRoot = { skip: !asRoot && "only root can do this" };

/** A folder with a file `text`, open to every user. */
function dataFolder(t: TestContext, text: string): string {
  const path = mkdtempSync(join(tmpdir(), "warren-data-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, "text"), text);
  chmodSync(path, 0o777);
  return path;
}

function mounted(source: string, mode: "ro" | "rw"): Pick<ServiceSpec, "mount"> {
  return { mount: [{ source, target: "/data", mode }] };
}

/** The status of every thread of the workers, by proc_pid_status(5). */
function threads(pids: readonly number[]): string[] {
  return pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      try {
        return readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      } catch {
        return [];
      }
    }),
  );
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\t(.*)$`, "m").exec(status)?.[1];
}

test("every thread of a working worker stands behind the wall", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--wall", "require"] });
  const [readOnly, readWrite] = [dataFolder(t, "one"), dataFolder(t, "two")];
  const udpPort = await freePort();
  await daemon.deploy("hello", "c-hello");
  await daemon.deploy("reader", "c-files", mounted(readOnly, "ro"));
  await daemon.deploy("writer", "c-files", mounted(readWrite, "rw"));
  await daemon.deploy("cgi", "c-files-cgi", { kind: "cgi", ...mounted(readOnly, "ro") });
  await daemon.deploy("udp", "udp-echo", { route: [{ listen: `udp://127.0.0.1:${udpPort}` }] });
  const load = new Load(
    daemon.port,
    ["hello", "reader", "writer", "cgi"].map((name) => `${name}.localhost`),
    16,
  );
  t.after(() => load.stop());
  const udp = createSocket("udp4");
  t.after(() => udp.close());
  let datagrams = 0;
  udp.on("message", () => datagrams++);
  let seen = 0;
  for (let round = 0; round < 5; round++) {
    udp.send("ping", udpPort, "127.0.0.1");
    await load.more(200);
    for (const status of threads(daemon.workerPids())) {
      seen++;
      assert.equal(field(status, "NoNewPrivs"), "1");
      assert.equal(field(status, "Seccomp"), "2");
      assert.ok(Number(field(status, "Seccomp_filters")) >= 2);
      assert.match(field(status, "CapEff") ?? "", /^0+$/);
      const user = asRoot ? workerUser : process.getuid?.();
      assert.equal(field(status, "Uid"), `${user}\t${user}\t${user}\t${user}`);
    }
  }
  assert.ok(seen > 50, `${seen} threads`);
  assert.deepEqual((await load.stop()).failures, []);
  assert.ok(datagrams > 0);
  assert.equal((await ask(daemon.port, "reader.localhost")).text, "one");
  assert.equal((await ask(daemon.port, "cgi.localhost")).text, "one");
  // The mode of the mount is the guest's wall; that of the worker is in test/wall/attacker.test.ts.
  assert.equal((await ask(daemon.port, "reader.localhost", "/write")).status, 500);
  assert.equal((await ask(daemon.port, "writer.localhost", "/write")).text, "written\n");
  assert.equal(readFileSync(join(readWrite, "out"), "utf8"), "written");

  const { workers, wall } = await daemon.client.health();
  assert.deepEqual(wall, { mode: "require", missing: [] });
  assert.equal(workers.length, 2);
  for (const worker of workers) assert.deepEqual(worker.wall, { user: true, landlock: true, seccomp: true });
  for (const { ms, msg } of daemon.log) if (msg === "worker started") t.diagnostic(`a worker was launched in ${ms} ms`);
});

test("a mount that no worker may give out replaces one worker and loses no request", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const names = ["one", "two", "three", "four"];
  for (const name of names) await daemon.deploy(name, "c-hello");
  const load = new Load(
    daemon.port,
    names.map((name) => `${name}.localhost`),
    32,
  );
  t.after(() => load.stop());
  await load.more(500);
  for (let round = 0; round < 3; round++) {
    await daemon.deploy(`files-${round}`, "c-files", mounted(dataFolder(t, `round ${round}`), "rw"));
    assert.equal((await ask(daemon.port, `files-${round}.localhost`)).text, `round ${round}`);
    await load.more(500);
  }
  // CGI is served by every worker, so all of them need the right.
  await daemon.deploy("cgi", "c-files-cgi", { kind: "cgi", ...mounted(dataFolder(t, "cgi"), "ro") });
  for (let i = 0; i < 8; i++) assert.equal((await ask(daemon.port, "cgi.localhost")).text, "cgi");
  await load.more(500);
  const { failures, failed } = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal(failed, 0);
  assert.equal(daemon.log.filter(({ msg }) => msg === "a worker was lost").length, 0);
  assert.ok(daemon.log.some(({ msg }) => msg === "worker replaced for a new mount"));
  const { services } = await daemon.client.health();
  assert.deepEqual(services, { total: 8, running: 8 });
  // What was there before is still served, with its mounts.
  for (let round = 0; round < 3; round++)
    assert.equal((await ask(daemon.port, `files-${round}.localhost`)).text, `round ${round}`);
  // The workers that were replaced end.
  while ((await daemon.client.health()).workers.length > 2) await daemon.logged("worker replaced for a new mount");
});

test("mounts are there again after a lost worker and after a restart of the daemon", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deploy("a", "c-files", mounted(dataFolder(t, "a"), "ro"));
  await daemon.deploy("b", "c-files", mounted(dataFolder(t, "b"), "ro"));
  const check = async () => {
    for (const name of ["a", "b"]) assert.equal((await ask(daemon.port, `${name}.localhost`)).text, name);
  };
  await check();
  for (const pid of daemon.workerPids()) process.kill(pid, "SIGKILL");
  // A connection that a dying worker had accepted is reset.
  for (const name of ["a", "b"])
    for (;;) if ((await ask(daemon.port, `${name}.localhost`).catch(() => undefined))?.text === name) break;
  await check();
  await daemon.kill("SIGKILL");
  const from = daemon.log.length;
  await daemon.launch();
  await check();
  await daemon.logged("took over from an earlier daemon", from);
  await check();
});

test("a mount that the workers' user may not read fails the deploy and says who and what", onlyRoot, async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const path = dataFolder(t, "secret");
  for (const [mode, rights, kind] of [
    ["ro", 0o700, "server"],
    ["rw", 0o755, "server"],
    ["ro", 0o700, "cgi"],
  ] as const) {
    chmodSync(path, rights);
    const deployed = daemon.deploy("app", kind === "cgi" ? "c-files-cgi" : "c-files", {
      kind,
      ...mounted(path, mode),
    });
    await assert.rejects(deployed, (error: Error & { code: string; hint?: string }) => {
      assert.equal(error.code, "mount.denied");
      assert.match(error.message, new RegExp(`${path}.*user ${workerUser}`));
      assert.match(String(error.hint), /setfacl|chown|chmod/);
      return true;
    });
  }
  chmodSync(path, 0o755);
  await assert.rejects(daemon.deploy("app", "c-files", mounted(join(path, "none"), "ro")), { code: "mount.missing" });
  await daemon.deploy("app", "c-files", mounted(path, "ro"));
  assert.equal((await ask(daemon.port, "app.localhost")).text, "secret");
});

test("a directory that was replaced by another of its name is found by the next deploy", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const path = dataFolder(t, "before");
  await daemon.deploy("app", "c-files", mounted(path, "ro"));
  assert.equal((await ask(daemon.port, "app.localhost")).text, "before");
  rmSync(path, { recursive: true });
  mkdirSync(path);
  chmodSync(path, 0o755);
  writeFileSync(join(path, "text"), "after");
  await daemon.client.restartService("default", "app");
  assert.equal((await ask(daemon.port, "app.localhost")).text, "after");
});

test("--wall=off starts workers without it and says so", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1, args: ["--wall", "off"] });
  assert.ok(daemon.log.some(({ level, msg }) => Number(level) >= 40 && /wall.*off/.test(msg ?? "")));
  for (const status of threads(daemon.workerPids())) assert.notEqual(field(status, "Seccomp_filters"), "2");
  const { wall, workers } = await daemon.client.health();
  assert.equal(wall?.mode, "off");
  assert.deepEqual(workers[0]?.wall, { user: !asRoot, landlock: false, seccomp: false });
});

test("a daemon of an ordinary user walls its workers, too", onlyRoot, async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const user = 64_321;
  const daemon = await TestDaemon.start(t, { workers: 1, user, args: ["--wall", "require"] });
  await daemon.deploy("app", "c-files", mounted(dataFolder(t, "mine"), "ro"));
  assert.equal((await ask(daemon.port, "app.localhost")).text, "mine");
  const all = threads(daemon.workerPids());
  assert.ok(all.length > 4);
  for (const status of all) {
    assert.equal(field(status, "Uid"), `${user}\t${user}\t${user}\t${user}`);
    assert.equal(field(status, "Seccomp"), "2");
    assert.equal(field(status, "NoNewPrivs"), "1");
  }
});

test("an installation that only root may read is said, and the rest of the wall stands", onlyRoot, async (t) => {
  execFileSync(join(root, "warren"), ["--version"]);
  const closed = mkdtempSync(join(tmpdir(), "warren-closed-"));
  t.after(() => rmSync(closed, { recursive: true, force: true }));
  for (const name of ["warren", "dist", "package.json"])
    cpSync(join(root, name), join(closed, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(closed, "node_modules"));
  const command = join(closed, "warren");

  const daemon = await TestDaemon.start(t, { workers: 1, command });
  const reason = new RegExp(`wall\\.user: ${closed} is not readable for others`);
  assert.ok(daemon.log.some(({ level, msg }) => level === 40 && reason.test(msg ?? "")));
  const { wall, workers } = await daemon.client.health();
  assert.match(wall?.missing.join() ?? "", reason);
  assert.deepEqual(workers[0]?.wall, { user: false, landlock: true, seccomp: true });
  const all = threads(daemon.workerPids());
  assert.ok(all.length > 4);
  for (const status of all) {
    assert.equal(field(status, "Seccomp"), "2");
    // Root, but without its powers.
    assert.match(field(status, "CapEff") ?? "", /^0+$/);
  }

  const state = mkdtempSync(join(tmpdir(), "warren-state-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { status, stderr } = spawnSync(
    command,
    ["serve", "--wall", "require", "--state", state, "--socket", join(state, "s"), "--http", "127.0.0.1:0"],
    { encoding: "utf8" },
  );
  assert.equal(status, 1);
  assert.match(stderr, /wall\.missing/);
  assert.match(stderr, reason);
});

test("a worker that does not stand behind its wall is ended before it serves", async (t) => {
  // The launcher and the worker run from dist/.
  execFileSync(join(root, "warren"), ["--version"]);
  const built = join(root, "dist/daemon/workers/worker-process.js");
  const { WorkerProcess } = (await import(built)) as typeof import("../src/daemon/workers/worker-process.ts");
  const directory = mkdtempSync(join(tmpdir(), "warren-wall-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const wall = buildWall("auto");
  const entry = join(root, "dist/worker/main.js");
  const plan = (id: string) => {
    const whole = workerPlan(wall, { id, version: "test", memoryBytesMax: 2 ** 30 }, []);
    const read = [join(root, "dist"), join(root, "package.json")];
    return { ...whole, entry, ...(whole.paths === undefined ? {} : { paths: { read, mounts: [] } }) };
  };
  const launch = (id: string, change: (whole: ReturnType<typeof plan>) => object) =>
    WorkerProcess.launch({
      directory,
      id,
      version: "test",
      handlers: {
        state: () => {},
        log: () => {},
        incident: () => {},
        unix: () => assert.fail("asked for a unix socket"),
        store: () => assert.fail("asked for a store"),
      },
      wall,
      memoryBytesMax: 2 ** 30,
      mounts: [],
      plan: { ...plan(id), ...change(plan(id)) },
    });
  const args = (id: string) => ({ id, version: "test", seal: false, hide: false });
  await assert.rejects(
    launch("open", () => ({ seccomp: false, args: args("open") })),
    { code: "worker.unwalled" },
  );
  await assert.rejects(
    launch("unsealed", () => ({ args: args("unsealed") })),
    { code: "worker.unwalled", message: /not sealed/ },
  );
  if (asRoot)
    await assert.rejects(
      launch("root", () => ({ user: undefined })),
      { code: "worker.unwalled", message: /runs as user/ },
    );
  assert.deepEqual(readdirSync(directory), ["worker.log"]);
  const worker = await launch("whole", () => ({}));
  const gone = new Promise<void>((resolve) => (worker.onGone = resolve));
  worker.kill();
  await gone;
});

// A worker that a guest's call holds up is in test/hostile/hang.test.ts.
test("the watchdog ends a worker that is stopped, and the others come back", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("steady", "c-hello");
  const [first] = daemon.workerPids();
  process.kill(first as number, "SIGSTOP");
  const hung = await daemon.logged("a worker hung and is ended");
  assert.equal(hung.pid, first);
  assert.equal(hung.service, undefined);
  assert.equal((await ask(daemon.port, "steady.localhost")).status, 200);
});
