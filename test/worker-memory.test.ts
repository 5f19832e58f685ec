import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encodeUnsigned } from "../src/base/leb128.ts";
import type { ServiceView } from "../src/control/service.ts";
import { decodeModule } from "../src/wasm/decode.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

const budget = (size: string): readonly string[] => ["--worker-memory", size];

async function until<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function shown(daemon: TestDaemon, name: string): Promise<ServiceView> {
  return (await daemon.client.getService("default", name)).service;
}

function workerOf({ instances: [instance] }: ServiceView): string | undefined {
  return instance?.worker;
}

test("a worker over its memory budget starts no instance: deploys go elsewhere or are refused, CGI is answered with 503", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: budget("16MiB") });
  await daemon.deploy("cgi", "c-files-cgi", { kind: "cgi" });
  await daemon.deploy("falls", "c-crash");
  assert.notEqual((await ask(daemon.port, "cgi.localhost")).status, 503);
  const grows = { limits: { memory: "20MiB" } };
  const beside = workerOf(await shown(daemon, "falls"));

  // What was counted may be a tenth of a second old: until then a worker that is full may take one more.
  const first = await daemon.deploy("first", "c-memory-grower", grows);
  assert.notEqual(workerOf(first), beside);
  await ask(daemon.port, "first.localhost", "/grow");
  for (const name of ["second", "third"])
    await until(
      () => daemon.deploy(name, "c-memory-grower", grows),
      (view) => view.instances.every(({ worker }) => worker === beside),
    );

  await ask(daemon.port, "second.localhost", "/grow");
  const refused = { code: "worker.memory-budget", status: 503, message: /hold [0-9]+ of the 16 MiB that they may/ };
  await assert.rejects(async () => {
    for (let i = 0; ; i++) await daemon.deploy(`late-${i}`, "c-hello");
  }, refused);
  const answer = await until(
    () => ask(daemon.port, "cgi.localhost"),
    ({ status }) => status === 503,
  );
  assert.equal(answer.headers["retry-after"], "1");
  const { limitsHit, lastLimits } = await shown(daemon, "cgi");
  assert.ok(limitsHit > 0);
  assert.match(lastLimits[0]?.reason ?? "", /^a request was refused: one more instance needs/);

  // What runs goes on. What ends is tried again until there is room.
  await ask(daemon.port, "falls.localhost", "/trap");
  const fallen = await until(
    () => shown(daemon, "falls"),
    ({ reason }) => reason?.includes("one more instance needs") === true,
  );
  assert.ok(fallen.state === "restarting" || fallen.state === "crash-loop", fallen.state);
  assert.equal((await ask(daemon.port, "second.localhost")).status, 200);
  await daemon.client.deleteService("default", "second", {});
  await until(
    () => shown(daemon, "falls"),
    ({ state }) => state === "running",
  );
  assert.equal((await ask(daemon.port, "falls.localhost")).status, 200);
});

test("services that come back are started in a worker that has memory for them", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: budget("12MiB") });
  const small = readFileSync(await buildGuest("c-hello"));
  const large = withMemory(small, 128);
  // By the number of servers both large ones would come to the same worker.
  await daemon.deployBytes("a", large);
  await daemon.deployBytes("b", small);
  await daemon.deployBytes("c", large);
  const together = async () => Promise.all(["a", "c"].map(async (name) => workerOf(await shown(daemon, name))));
  assert.equal(new Set(await together()).size, 2);

  await daemon.kill("SIGTERM");
  await daemon.launch();
  for (const name of ["a", "b", "c"])
    await until(
      () => shown(daemon, name),
      ({ state }) => state === "running",
    );
  assert.equal(new Set(await together()).size, 2);
  await assert.rejects(daemon.deployBytes("d", large), { code: "worker.memory-budget", status: 503 });

  // A worker has room for one of them: what it cannot take is tried again there, and the reason is shown.
  await daemon.kill("SIGTERM");
  const alone = await TestDaemon.start(t, { workers: 1, state: daemon.state, args: budget("12MiB") });
  const states = () => Promise.all(["a", "c"].map((name) => shown(alone, name)));
  const views = await until(
    states,
    (all) =>
      all.some(({ reason }) => reason?.includes("of the 12 MiB") === true) &&
      all.some(({ state }) => state === "running"),
  );
  assert.equal(views.filter(({ state }) => state === "running").length, 1);
});

test("the kernel ends a worker before the daemon when memory is short", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const score = (pid: number): number => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));
  const [worker] = daemon.workerPids();
  assert.equal(score(worker as number), Math.max(700, score(daemon.pid)));
});

/** The same program with a memory of so many pages. */
function withMemory(program: Uint8Array, pages: number): Uint8Array {
  const { sections } = decodeModule(program);
  const section = sections.find(({ id }) => id === 5);
  assert.ok(section);
  const content = [1, 0, ...encodeUnsigned(pages)];
  return Buffer.concat([
    program.subarray(0, section.headerStart),
    Uint8Array.from([5, content.length, ...content]),
    program.subarray(section.end),
  ]);
}
