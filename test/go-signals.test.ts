// os/signal of Go programs that `warren build` compiles, as a shell and as a daemon end them.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { requireToolchain } from "./guests/build.ts";
import { buildGoGuest } from "./guests/go.ts";
import { launcher } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-signals-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  line(): Promise<string | undefined>;
}

test("warren run gives a Go program the signals that it asks for", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const program = join(folder, "signals.wasm");
  writeFileSync(program, await buildGoGuest("go-signals"));

  function run(args: readonly string[], options: readonly string[] = []): Running {
    const child = spawn(launcher, ["run", ...options, program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value as string | undefined;
    return { child, line, ended: once(child, "exit") as Running["ended"] };
  }

  await t.test("each that is sent, until it ends", async () => {
    const { child, line, ended } = run(["next"]);
    assert.equal(await line(), "ready");
    for (const [signal, said] of [
      ["SIGHUP", "hangup"],
      ["SIGINT", "interrupt"],
      ["SIGINT", "interrupt"],
      ["SIGQUIT", "quit"],
      ["SIGUSR1", "user defined signal 1"],
      ["SIGUSR2", "user defined signal 2"],
      ["SIGWINCH", "window changed"],
      ["SIGTERM", "terminated"],
    ] as const) {
      child.kill(signal);
      assert.equal((await line())?.toLowerCase(), said);
    }
    assert.deepEqual(await ended, [0, null]);
  });

  await t.test("what it no longer wants ends it", async () => {
    const { child, line, ended } = run(["stop"]);
    assert.equal(await line(), "ready");
    child.kill("SIGINT");
    assert.equal(await line(), "stopped");
    child.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT"]);
  });

  await t.test("what it ignores does nothing", async () => {
    const { child, line, ended } = run(["ignore"]);
    assert.equal(await line(), "ready true false");
    child.kill("SIGTERM");
    child.kill("SIGHUP");
    assert.deepEqual(await ended, [null, "SIGHUP"], "SIGTERM, which came first, did nothing");
  });

  await t.test("the second Ctrl-C ends one that computes and looks at none", async () => {
    const { child, line, ended } = run(["spin"]);
    assert.equal(await line(), "ready");
    child.kill("SIGINT");
    // Two at once would be one to the system.
    await pause(100);
    child.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT"]);
  });

  await t.test("a server ends what it is asked, and says goodbye", async () => {
    const port = await freePort();
    const { child, line, ended } = run(["serve", "bye", String(port)], ["--listen", String(port)]);
    assert.equal(await line(), "ready");
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "hello\n");
    // Its head is there at once, and the rest later.
    const slow = await fetch(`http://127.0.0.1:${port}/slow`);
    child.kill("SIGTERM");
    assert.equal(await line(), "stopping");
    assert.equal(await slow.text(), "slow\n");
    assert.equal(await line(), "bye");
    assert.deepEqual(await ended, [0, null]);
  });
});

test("a service that catches SIGTERM ends by itself when it is stopped, deployed anew or its daemon ends", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const program = await buildGoGuest("go-signals");
  const kept = mkdtempSync(join(folder, "kept-"));
  // Workers have another user where the test has root's.
  for (const path of [folder, kept]) chmodSync(path, 0o777);
  const deploy = (...args: string[]) =>
    daemon.deployBytes("shop", program, {
      args,
      limits: { memory: "128MiB" },
      route: [{ port: 8000 }],
      mount: [{ source: kept, target: "/kept", mode: "rw" }],
    });
  const logs = daemon.client.logs("default", "shop", { follow: true });
  const printed = async (wanted: string) => {
    for (;;) {
      const { value } = await logs.next();
      assert.ok(value, `${wanted} was not printed`);
      if (value.stream === "stdout" && value.text === wanted) return;
    }
  };

  await deploy("serve", "first", "8000");
  const slow = ask(daemon.port, "shop.localhost", "/slow");
  await deploy("serve", "second", "8000");
  assert.equal((await slow).text, "slow\n", "what was in flight has its answer");
  await printed("first");
  assert.equal((await ask(daemon.port, "shop.localhost", "/")).text, "hello\n");
  await daemon.client.stopService("default", "shop");
  await printed("second");

  await deploy("serve", "/kept/third", "8000");
  const ended = await daemon.kill("SIGTERM");
  assert.equal(ended.code, 0);
  assert.equal(readFileSync(join(kept, "third"), "utf8"), "bye\n");
});
