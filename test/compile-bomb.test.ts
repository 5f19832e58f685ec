import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { encodeUnsigned as leb } from "../src/base/leb128.ts";
import { workerUser } from "../src/daemon/wall/pieces.ts";
import { exportItem, exports, join, module, section, voidType } from "../src/wasm/testdata/build-module.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { Load } from "./support/load.ts";

/** So many times the same bytes. */
function times(count: number, bytes: readonly number[]): Uint8Array {
  return Buffer.alloc(count * bytes.length, Uint8Array.from(bytes));
}

/** A body with so many local variables. */
function body(variables: number, ...code: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = join(variables === 0 ? [0] : [1, ...leb(variables), 0x7f], ...code, [0x0b]);
  return join(leb(bytes.length), bytes);
}

/** A command whose _start is its first function, which does nothing. */
function command(...bodies: readonly Uint8Array[]): Uint8Array {
  const count = bodies.length + 1;
  return module(
    voidType,
    section(3, leb(count), Buffer.alloc(count)),
    section(5, [1, 0, 1]),
    exports(exportItem("_start", 0, 0), exportItem("memory", 2, 0)),
    section(10, leb(count), body(0), Buffer.concat(bodies)),
  );
}

const branch = [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x0b];
const conditional = [0x20, 0, 0x04, 0x40, 0x41, 1, 0x21, 1, 0x0b];
const add = [0x20, 0, 0x20, 1, 0x6a, 0x21, 0];

/** What each is refused with; undefined when it may also pass. */
const bombs: readonly (readonly [what: string, program: () => Uint8Array, refusal: RegExp | undefined])[] = [
  [
    "100,000 functions of 700 bytes",
    () => command(...Array<Uint8Array>(100_000).fill(body(2, times(100, add)))),
    undefined,
  ],
  [
    "branches over 50,000 variables",
    () => command(body(50_000, times(100_000, branch))),
    /^program\.|^module\.(cap-|invalid)/,
  ],
  [
    "conditions over 1,000 variables",
    () => command(body(1000, times(100_000, conditional))),
    /^program\.|^module\.(cap-|invalid)/,
  ],
  ["a million variables", () => command(body(1_000_000)), /^module\.cap-locals$/],
  [
    "50,000 variables in each of 2,000 functions",
    () => command(...Array<Uint8Array>(2000).fill(body(50_000))),
    /^module\.cap-locals-total$/,
  ],
  [
    "a million nested blocks",
    () => command(body(0, times(1_000_000, [0x02, 0x40]), times(1_000_000, [0x0b]))),
    /^module\.cap-|^program\./,
  ],
  [
    "a branch table of two million",
    () => command(body(1, [0x02, 0x40, 0x20, 0, 0x0e, ...leb(2_000_000)], Buffer.alloc(2_000_001), [0x0b])),
    /^module\./,
  ],
  ["seven megabytes of additions", () => command(body(2, times(1_000_000, add))), undefined],
];

test("a compile bomb costs its deploy and nothing else", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const names = ["one", "two", "three"];
  for (const name of names) await daemon.deploy(name, "c-hello");
  const pids = [daemon.pid, ...daemon.workerPids()].sort((a, b) => a - b);
  const load = new Load(
    daemon.port,
    names.map((name) => `${name}.localhost`),
    4,
  );
  for (const [what, program, refusal] of bombs) {
    const before = load.result.done;
    // For each request a run: it is compiled in every worker, and none waits for it to listen.
    const refused = await daemon.deployBytes("bomb", program(), { kind: "cgi" }).then(
      () => undefined,
      (error: Error & { code: string }) => error,
    );
    await load.more(100);
    assert.ok(load.result.done > before, what);
    if (refused === undefined) assert.equal(refusal, undefined, `${what}: was deployed`);
    else assert.match(refused.code, refusal ?? /^(program|module)\./, `${what}: ${refused.message}`);
  }
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(
    [daemon.pid, ...daemon.workerPids()].sort((a, b) => a - b),
    pids,
  );
  const { services } = await daemon.client.health();
  assert.ok(services.running >= names.length);
});

/** The process that checks a program for this daemon, if one does. */
function checkOf(daemon: TestDaemon): string | undefined {
  return readdirSync("/proc").find((pid) => {
    try {
      // Also the launcher names the module, within its one argument.
      const isCheck = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/worker/check.js\0");
      return isCheck && readFileSync(`/proc/${pid}/status`, "utf8").includes(`\nPPid:\t${daemon.pid}\n`);
    } catch {
      return false;
    }
  });
}

/** What proc(5) shows of a process; undefined when it has ended. */
function look(pid: string): { threads: string[]; files: string[]; limits: string } | undefined {
  try {
    return {
      threads: readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/status`, "utf8")),
      files: readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)),
      limits: readFileSync(`/proc/${pid}/limits`, "utf8"),
    };
  } catch {
    return undefined;
  }
}

function filters(status: string): number {
  return Number(/^Seccomp_filters:\t(.*)$/m.exec(status)?.[1]);
}

test("every thread of the check of a program stands behind the wall, with two files and nothing else", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1, args: ["--wall", "require"] });
  let ended = false;
  const program = command(body(50_000, times(100_000, branch)));
  const deploy = daemon.deployBytes("bomb", program, { kind: "cgi" }).then(
    () => assert.fail("was deployed"),
    () => {
      ended = true;
    },
  );
  const user = process.geteuid?.() === 0 ? workerUser : process.getuid?.();
  // Many looks, since they come while it starts, works and has threads come and go.
  let sealed = 0;
  let bounded = 0;
  for (; !ended && bounded < 20; await new Promise(setImmediate)) {
    const pid = checkOf(daemon);
    const seen = pid === undefined ? undefined : look(pid);
    if (seen === undefined) continue;
    for (const status of seen.threads) {
      for (const line of [
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "CapEff:\t0{16}",
        `Uid:\t${user}\t${user}\t${user}\t${user}`,
      ])
        assert.match(status, new RegExp(`^${line}$`, "m"));
    }
    // Before that it still reads its code.
    if (!seen.threads.every((status) => filters(status) >= filters(readFileSync("/proc/self/status", "utf8")) + 2))
      continue;
    sealed += seen.threads.length;
    if (/^Max cpu time +60 +61 /m.test(seen.limits) && !/^Max data size +unlimited/m.test(seen.limits)) bounded++;
    const files = seen.files.filter((path) => path.startsWith("/") && !/^\/(dev\/|proc\/[0-9]+$)/.test(path));
    assert.ok(files.every((path) => path.startsWith(daemon.state)) && files.length <= 2, files.join());
    // What it is told by, and its output's two ends, are all that it can speak to.
    assert.ok(seen.files.filter((path) => path.startsWith("socket:")).length <= 3, seen.files.join());
  }
  await deploy;
  assert.ok(sealed > 10 && bounded > 0, `${sealed} threads, ${bounded} times`);
});

test("a service that ends two workers is not started a third time, until its operator says so", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("suspect", "c-hello");
  const view = async () => (await daemon.client.getService("default", "suspect")).service;
  for (let deaths = 0; deaths < 2; deaths++) {
    // The state is asked of the worker, so that it is the one that lives.
    while ((await view()).state !== "running");
    const [pid] = daemon.workerPids();
    process.kill(pid as number, "SIGKILL");
    while (daemon.workerPids().includes(pid as number));
  }
  await daemon.logged("a service that ends workers is no longer started");
  await daemon.deploy("other", "c-hello");
  assert.equal((await ask(daemon.port, "other.localhost")).status, 200);
  const { state, reason, instances } = await view();
  assert.equal(state, "crash-loop");
  assert.match(reason as string, /quarantined: it ended 2 workers.*warren start suspect/);
  assert.deepEqual(instances, []);
  assert.equal((await ask(daemon.port, "suspect.localhost")).status, 503);

  // The next daemon knows it too.
  await daemon.kill("SIGTERM");
  await daemon.launch();
  assert.equal((await view()).state, "crash-loop");
  const { service } = await daemon.client.startService("default", "suspect");
  assert.equal(service.state, "running");
  assert.equal((await ask(daemon.port, "suspect.localhost")).status, 200);
});
