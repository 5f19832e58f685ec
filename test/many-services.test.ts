import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { digestOf } from "../src/base/digest.ts";
import type { ServiceView } from "../src/control/service.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask, keepAliveAgent } from "./support/http.ts";
import { eachOf } from "./support/parallel.ts";
import { residentBytes } from "./support/process.ts";

const count = 1000;
/** Several times what is measured: enough to see a leak or a module compiled a thousand times over. */
const bytesPerServiceMax = 1024 * 1024;

test("a thousand services on one port, each by its host, also after the daemon was started again", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const program = readFileSync(await buildGuest("c-hello"));
  const digest = digestOf(program);
  await daemon.client.uploadProgram("default", program, digest);
  const names = Array.from({ length: count }, (_, i) => `s${i}`);
  const memory = () =>
    daemon.workerPids().reduce((total, pid) => total + residentBytes(pid), residentBytes(daemon.pid));
  const before = memory();

  await eachOf(names, 8, async (name) => {
    await daemon.client.putService("default", { name, program: digest, env: { NAME: name } });
  });

  const agent = keepAliveAgent(16);
  t.after(() => agent.destroy());
  const everyoneAnswers = () =>
    eachOf(names, 16, async (name) => {
      const { status, text } = await ask(daemon.port, `${name}.localhost`, "/", { agent });
      assert.equal(status, 200, `${name}: ${text}`);
      assert.match(text, new RegExp(`^hello from ${name}: visit `));
    });
  const everyoneIsListed = async () => {
    const { code, stdout, stderr } = await warren(daemon, ["ls", "--json"]);
    assert.equal(code, 0, stderr);
    const services = JSON.parse(stdout) as ServiceView[];
    assert.equal(services.length, count);
    assert.deepEqual(new Set(services.map(({ name }) => name)), new Set(names));
    assert.deepEqual([...new Set(services.map(({ state }) => state))], ["running"]);
    assert.equal((await warren(daemon, ["ls"])).stdout.trimEnd().split("\n").length, 1 + count);
  };

  await everyoneAnswers();
  await everyoneIsListed();
  const perService = (memory() - before) / count;
  t.diagnostic(`${Math.round(perService / 1024)} KiB of memory for each service`);
  assert.ok(perService < bytesPerServiceMax, `${perService} bytes for each service`);

  assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
  assert.deepEqual(daemon.workerPids(), []);
  await daemon.launch();
  // From the moment it listens: a service that is still starting lets its callers wait.
  await everyoneAnswers();
  await everyoneIsListed();
});
