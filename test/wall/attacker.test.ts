import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { workerUser } from "../../src/daemon/workers/wall-pieces.ts";
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

/** Runs the attacker behind the wall of a worker, as the daemon launches one. */
async function attack(t: TestContext, targets: Targets): Promise<Report> {
  const plan: LaunchPlan = {
    entry: join(import.meta.dirname, "attacker.ts"),
    args: { seal: true, hide: asRoot, targets },
    ...(asRoot ? { user: workerUser } : {}),
    paths: {
      read: [join(root, "src"), import.meta.dirname, join(root, "package.json")],
      mounts: [
        { source: targets.readOnly, mode: "ro" },
        { source: targets.readWrite, mode: "rw" },
      ],
    },
    seccomp: true,
  };
  // In place of the sockets and the page of a worker.
  const nothing = openSync("/dev/null", "r+");
  const secret = openSync("/etc/hostname", "r");
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(root, "src/worker/launcher.ts"), JSON.stringify(plan)],
    {
      stdio: ["ignore", "pipe", "pipe", nothing, nothing, nothing, secret],
      env: { SECRET: "1" },
      cwd: "/",
      detached: true,
    },
  );
  for (const fd of [nothing, secret]) closeSync(fd);
  const [output, errors] = await Promise.all([
    (child.stdout as NodeJS.ReadableStream & { toArray(): Promise<Buffer[]> }).toArray(),
    (child.stderr as NodeJS.ReadableStream & { toArray(): Promise<Buffer[]> }).toArray(),
    once(child, "exit"),
  ]);
  t.diagnostic(`ran for ${Math.round(performance.now() - began)} ms, from source`);
  assert.equal(Buffer.concat(errors).toString(), "");
  return JSON.parse(Buffer.concat(output).toString()) as Report;
}

test("an attacker with JavaScript of his own in a worker reaches nothing outside", async (t) => {
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
  const targets: Targets = {
    daemon: process.pid,
    forbidden: [state, join(state, "warren.db"), foreign, join(foreign, "text"), opened, scratch],
    code: join(root, "src/worker/main.ts"),
    readOnly: folder(join(scratch, "ro"), "read-only"),
    readWrite: folder(join(scratch, "rw"), "read-write"),
  };
  const { attempts, works, threads, environment, descriptors } = await attack(t, targets);

  await t.test("every attempt is denied", () => {
    const got = Object.entries(attempts).filter(([, result]) => result === "allowed");
    assert.deepEqual(got, []);
    assert.ok(Object.keys(attempts).length > 350, `${Object.keys(attempts).length} attempts`);
    for (const path of targets.forbidden) assert.match(attempts[`read ${path}`] as string, /EACCES|EPERM/, path);
  });
  await t.test("system calls are denied by the filter, not by chance", () => {
    const EPERM = "1";
    const ENOSYS = "38";
    for (const [what, result] of Object.entries(attempts))
      if (/^[0-9]+$/.test(result)) assert.equal(result, what === "clone3" ? ENOSYS : EPERM, what);
  });
  await t.test("nothing was changed", () => {
    assert.equal(readFileSync(join(targets.readOnly, "text"), "utf8"), "read-only");
    assert.equal(readFileSync(opened, "utf8"), "secrets");
    assert.equal(readFileSync(join(foreign, "text"), "utf8"), "another tenant's");
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
  await t.test("every thread shows the wall", () => {
    assert.ok(threads.length > 4, `${threads.length} threads`);
    for (const status of threads) {
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^Seccomp:\t2$/m);
      assert.match(status, /^CapEff:\t0+$/m);
      if (asRoot)
        assert.match(status, new RegExp(`^Uid:\t${workerUser}\t${workerUser}\t${workerUser}\t${workerUser}$`, "m"));
    }
  });
  await t.test("it inherits no environment and no descriptor but its own", () => {
    assert.deepEqual(environment, []);
    const files = descriptors.filter((path) => path.startsWith("/") && !path.startsWith("/dev/"));
    // Its own, which keeps the rule for it in force.
    assert.deepEqual(
      files.filter((path) => !/^\/proc\/[0-9]+$/.test(path)),
      [],
    );
  });
});
