import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "../guests/build.ts";
import { TestDaemon } from "../support/daemon.ts";
import { ask } from "../support/http.ts";
import { assembleAttack } from "./assemble.ts";

const root = join(import.meta.dirname, "../..");

/** Asking for so many random bytes hangs the host that {@link brokenInstallation} makes. */
const deadlyLength = 54_321;

/**
 * The command of a copy whose random_get does not return for one length: code of the host that blocks the event loop while
 * a guest runs, which no check in the guest interrupts.
 */
function brokenInstallation(t: TestContext): string {
  // It refreshes dist/.
  execFileSync(join(root, "warren"), ["--version"]);
  const copy = mkdtempSync(join(tmpdir(), "warren-broken-"));
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  chmodSync(copy, 0o755);
  for (const name of ["warren", "dist", "package.json"])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const file = join(copy, "dist/wasi/p1/process.js");
  const text = readFileSync(file, "utf8");
  const whole = "const target = memory.bytes(at, length);";
  const broken = text.replace(whole, `if (length === ${deadlyLength}) for (;;); ${whole}`);
  assert.notEqual(broken, text);
  writeFileSync(file, broken);
  return join(copy, "warren");
}

test("the watchdog names the guest that ran when the worker hung, and the others come back", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1, command: brokenInstallation(t) });
  await daemon.deploy("steady", "c-hello");
  const text = `(memory (export "memory") 1) (func (export "_start")
    (drop (call $accept (i32.const 3) (i32.const 0) (i32.const 64)))
    (drop (call $random (i32.const 0) (i32.const ${deadlyLength}))))`;
  await daemon.deployBytes("deadly", assembleAttack({ name: "deadly", text }));
  assert.equal((await ask(daemon.port, "steady.localhost")).status, 200);
  const [first] = daemon.workerPids();

  await assert.rejects(ask(daemon.port, "deadly.localhost", "/", { method: "POST" }), { code: "ECONNRESET" });
  const silent = await daemon.logged("a worker does not answer");
  assert.deepEqual([silent.pid, silent.service], [first, "default/deadly"]);
  const hung = await daemon.logged("a worker hung and is ended");
  assert.deepEqual([hung.pid, hung.service], [first, "default/deadly"]);
  for await (const event of daemon.client.events({ signal: t.signal })) {
    if (event.type !== "worker.hung") continue;
    assert.equal(event.service, "deadly");
    break;
  }
  while ((await ask(daemon.port, "steady.localhost").catch(() => undefined))?.status !== 200);
  assert.ok(!daemon.workerPids().includes(first as number));
});
