import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findToolchain } from "../src/cli/demo/toolchain.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { eachOf } from "./support/parallel.ts";
import { cpuMs } from "./support/process.ts";

const count = 100;
const idleMs = 2000;
/** A worker's own timers take a few; a hundred guests that poll ten times a second would take hundreds. */
const cpuMsMax = 100;
/** What a first request starts (compiling in the background, a garbage collection) is over after some of these. */
const triesMax = 8;

test("a hundred idle servers use no CPU time", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const names = Array.from({ length: count }, (_, i) => `s${i}`);
  await eachOf(names, 8, async (name) => {
    await daemon.deploy(name, "c-hello");
  });
  // One of Go's too: its runtime has timers of its own.
  if ((await findToolchain("go")).available) names.push((await daemon.deploy("go", "go-http")).name);
  await eachOf(names, 8, async (name) => {
    assert.equal((await ask(daemon.port, `${name}.localhost`)).status, 200);
  });
  const processes = [daemon.pid, ...daemon.workerPids()];
  const spent: number[] = [];
  for (let tries = 0; tries < triesMax; tries++) {
    const before = processes.map(cpuMs);
    await pause(idleMs);
    const most = Math.max(...processes.map((pid, i) => cpuMs(pid) - (before[i] as number)));
    spent.push(most);
    if (most <= cpuMsMax) break;
  }
  t.diagnostic(`${spent.join(", ")} ms of CPU in ${idleMs} ms`);
  assert.ok((spent.at(-1) as number) <= cpuMsMax, `${spent.join(", ")} ms of CPU in ${idleMs} ms each`);
});
