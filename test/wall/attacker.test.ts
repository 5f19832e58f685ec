import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connectorUser, workerUser } from "../../src/daemon/wall/pieces.ts";
import { checkPlan, connectorPlan, workerPlan } from "../../src/daemon/wall/plans.ts";
import { buildWall } from "../../src/daemon/wall/wall.ts";
import type { LaunchPlan } from "../../src/worker/protocol.ts";
import type { Report, Targets } from "./attacker.ts";

const root = join(import.meta.dirname, "../..");
const asRoot = process.geteuid?.() === 0;

function folder(path: string, text: string): string {
  mkdirSync(path);
  writeFileSync(join(path, "text"), text, { mode: 0o644 });
  chmodSync(path, 0o777);
  return path;
}

/** Runs the attacker in place of what a plan starts, with descriptors from 3 on: those of the plan, and one too many. */
async function attack(t: TestContext, whole: LaunchPlan, files: readonly number[], targets: Targets): Promise<Report> {
  const { read = [], mounts = [] } = whole.paths ?? {};
  const plan: LaunchPlan = {
    ...whole,
    entry: join(import.meta.dirname, "attacker.ts"),
    args: { ...(whole.args as object), targets },
    paths: { read: [...read, import.meta.dirname], mounts },
  };
  const secret = openSync("/etc/hostname", "r");
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(root, "src/worker/launcher.ts"), JSON.stringify(plan)],
    {
      stdio: ["ignore", "pipe", "pipe", ...files, secret],
      env: { SECRET: "1" },
      cwd: "/",
      detached: true,
    },
  );
  for (const fd of new Set([...files, secret])) closeSync(fd);
  const [output, errors] = await Promise.all([
    (child.stdout as NodeJS.ReadableStream & { toArray(): Promise<Buffer[]> }).toArray(),
    (child.stderr as NodeJS.ReadableStream & { toArray(): Promise<Buffer[]> }).toArray(),
    once(child, "exit"),
  ]);
  t.diagnostic(`ran for ${Math.round(performance.now() - began)} ms, from source`);
  assert.equal(Buffer.concat(errors).toString(), "");
  return JSON.parse(Buffer.concat(output).toString()) as Report;
}

/** Files and folders of which landlock alone keeps an attacker, and the state directory. */
function lay(t: TestContext): Targets {
  const scratch = mkdtempSync(join(tmpdir(), "warren-attack-"));
  t.after(() => rmSync(scratch, { recursive: true }));
  chmodSync(scratch, 0o755);
  const state = join(scratch, "state");
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, "warren.db"), "secrets");
  // Open to every user, so that only landlock keeps them.
  const foreign = folder(join(scratch, "foreign"), "another tenant's");
  const opened = join(scratch, "open.db");
  writeFileSync(opened, "secrets", { mode: 0o666 });
  chmodSync(opened, 0o666);
  return {
    daemon: process.pid,
    forbidden: [state, join(state, "warren.db"), foreign, join(foreign, "text"), opened, scratch],
    code: join(root, "src/worker/main.ts"),
    readOnly: folder(join(scratch, "ro"), "read-only"),
    readWrite: folder(join(scratch, "rw"), "read-write"),
  };
}

function assertUntouched({ forbidden }: Targets): void {
  const texts = forbidden.filter((path) => /\.db$|text$/.test(path)).map((path) => readFileSync(path, "utf8"));
  assert.deepEqual(texts, ["secrets", "another tenant's", "secrets"]);
}

/** `granted`: what may succeed, since nothing outside is reached by it. */
function assertDenied({ attempts }: Report, forbidden: readonly string[], granted: readonly string[]): void {
  const got = Object.entries(attempts).filter(([, result]) => result === "allowed");
  assert.deepEqual(
    got.map(([what]) => what),
    granted,
  );
  assert.ok(Object.keys(attempts).length > 350, `${Object.keys(attempts).length} attempts`);
  for (const path of forbidden) assert.match(attempts[`read ${path}`] as string, /EACCES|EPERM/, path);
}

function assertWalled({ threads }: Report, user: number = workerUser): void {
  assert.ok(threads.length > 4, `${threads.length} threads`);
  for (const status of threads) {
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.match(status, /^CapEff:\t0+$/m);
    if (asRoot) assert.match(status, new RegExp(`^Uid:\t${user}\t${user}\t${user}\t${user}$`, "m"));
  }
}

/** What the descriptors of files are of, but for the one of /proc/PID, which keeps the rule for it in force. */
function filesAmong(descriptors: readonly string[]): string[] {
  return descriptors.filter(
    (path) => path.startsWith("/") && !path.startsWith("/dev/") && !/^\/proc\/[0-9]+$/.test(path),
  );
}

test("an attacker with JavaScript of his own in a worker reaches nothing outside", async (t) => {
  const targets = lay(t);
  const { forbidden, readOnly, readWrite } = targets;
  const plan = workerPlan(buildWall("require"), { id: "0", version: "test", memoryBytesMax: 2 ** 30 }, [
    { source: readOnly, mode: "ro" },
    { source: readWrite, mode: "rw" },
  ]);
  // In place of the sockets and the page of a worker.
  const nothing = openSync("/dev/null", "r+");
  const report = await attack(t, plan, [nothing, nothing, nothing], targets);
  const { attempts, works, environment, descriptors } = report;

  await t.test("every attempt is denied", () => assertDenied(report, forbidden, ["socketpair"]));
  await t.test("system calls are denied by the filter, not by chance", () => {
    const EPERM = "1";
    const ENOSYS = "38";
    for (const [what, result] of Object.entries(attempts))
      if (/^[0-9]+$/.test(result)) assert.equal(result, what === "clone3" ? ENOSYS : EPERM, what);
  });
  await t.test("nothing was changed", () => {
    assert.equal(readFileSync(join(readOnly, "text"), "utf8"), "read-only");
    assertUntouched(targets);
  });
  await t.test("what a worker needs works", () => {
    assert.deepEqual(works, {
      "read its code": "true",
      "read-only mount": "read-only",
      "read-write mount": "new",
      "files in the thread pool": "read-only",
      "compression in the thread pool": "squeezed",
      randomness: "8",
      WebAssembly: "42",
      "a thread": "here",
      rss: "true",
    });
  });
  await t.test("every thread shows the wall", () => assertWalled(report));
  await t.test("it inherits no environment and no descriptor but its own", () => {
    assert.deepEqual(environment, []);
    assert.deepEqual(filesAmong(descriptors), []);
  });
});

test("an attacker with JavaScript of his own in the check of a program reaches nothing but its two files", async (t) => {
  const targets = lay(t);
  const { forbidden, readOnly, readWrite } = targets;
  const plan = checkPlan(buildWall("require"), {
    preparedBytesMax: 2 ** 20,
    cpuSecondsMax: 60,
    dataBytesMax: 2 ** 30,
  });
  const [state = ""] = forbidden;
  const [program, prepared] = [join(state, "program"), join(state, "prepared")];
  writeFileSync(program, "a program", { mode: 0o666 });
  const files = [openSync(program, "r"), openSync(prepared, "w", 0o666)];
  const all = [...forbidden, program, prepared, readOnly, `${readOnly}/text`, readWrite, `${readWrite}/text`];
  // Nor can it open its files for more than they are open for.
  all.push("/proc/self/fd/3", "/proc/self/fd/4");
  const report = await attack(t, plan, files, { ...targets, forbidden: all });
  assertDenied(report, all, ["socketpair"]);
  assertWalled(report);
  assertUntouched(targets);
  assert.equal(readFileSync(program, "utf8"), "a program");
  assert.deepEqual(report.environment, []);
  assert.deepEqual(filesAmong(report.descriptors), [program, prepared]);
  for (const what of ["read its code", "WebAssembly", "a thread"])
    assert.doesNotMatch(report.works[what] ?? "", /failed/);
});

test("an attacker with JavaScript of his own in the connector makes sockets of the internet, and reaches nothing else", async (t) => {
  const targets = lay(t);
  const { forbidden, readOnly, readWrite } = targets;
  const plan = connectorPlan(buildWall("require"), { id: "0", version: "test" });
  const nothing = openSync("/dev/null", "r+");
  const all = [
    ...forbidden,
    "/etc/hosts",
    "/etc/resolv.conf",
    readOnly,
    `${readOnly}/text`,
    readWrite,
    `${readWrite}/text`,
  ];
  const report = await attack(t, plan, [nothing, nothing], { ...targets, forbidden: all });
  const sockets = [2, 10].flatMap((family) => [1, 2].map((type) => `socket family ${family} type ${type}`));
  assertDenied(report, all, [...sockets, "socketpair", "socketpair of packets"]);
  assertWalled(report, connectorUser);
  assertUntouched(targets);
  assert.deepEqual(report.environment, []);
  assert.deepEqual(filesAmong(report.descriptors), []);
});
