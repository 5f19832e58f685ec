// Programs of other languages than those of the examples, by the real daemon and by `warren run`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { launcher } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

test("Rust: hyper on tokio", async (t) => {
  if (!(await requireToolchain(t, "rust"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("hyper", "rust-hyper");
  const call = (path: string, options = {}) => ask(daemon.port, "hyper.localhost", path, options);

  await t.test("answers, keeps its state, and gives a megabyte back", async () => {
    for (const visit of [1, 2]) assert.equal((await call("/")).text, `hello from hyper: visit ${visit}\n`);
    assert.equal((await call("/no")).status, 404);
    const body = Buffer.alloc(1_000_003, "0123456789abcdef");
    assert.ok((await call("/echo", { method: "POST", body })).text === body.toString());
  });

  await t.test("tasks wait side by side", async () => {
    const order: string[] = [];
    const slow = call("/slow").then(({ text }) => order.push(text));
    const ticks = call("/ticks").then(({ text }) =>
      assert.equal(text, [1, 2, 3, 4, 5].map((i) => `tick ${i}\n`).join("")),
    );
    await call("/").then(() => order.push("quick"));
    await Promise.all([slow, ticks]);
    assert.deepEqual(order, ["quick", "slow\n"]);
  });

  await t.test("uses next to no CPU while its connections are open and idle", async () => {
    // Connections that are kept for the next request can be written to, which is all that mio looks at.
    const cpuMs = async () => {
      const { service } = await daemon.client.getService("default", "hyper");
      return service.instances[0]?.cpuMs ?? 0;
    };
    await Promise.all([1, 2, 3, 4].map(() => call("/slow")));
    const before = await cpuMs();
    // 0.3 s each in which nothing happens but that.
    for (let i = 0; i < 3; i++) await call("/slow");
    const used = (await cpuMs()) - before;
    assert.ok(used < 400, `${used} ms of CPU time in a second of waiting`);
  });
});

test("C++: streams, containers, clocks and randomness of libc++", async (t) => {
  if (!(await requireToolchain(t, "cpp"))) return;
  const program = await buildGuest("cpp-words");
  const folder = mkdtempSync(join(tmpdir(), "warren-cpp-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "words.txt"), "one two\ntwo three\nthree three");
  const run = (args: string[], input = "") =>
    spawnSync(launcher, ["run", ...args], { cwd: folder, input, encoding: "utf8" });
  assert.equal(run([program], "b a b\n").stdout, "2 b\n1 a\n");
  assert.equal(run(["--ro", "words.txt", program, "words.txt"]).stdout, "3 three\n2 two\n1 one\n");
  const refused = run([program, "words.txt"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^cannot read words\.txt\n/);
});
