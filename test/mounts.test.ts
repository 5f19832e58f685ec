import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

/** A folder with two files, open to every user. */
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "warren-mounts-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const name of ["app.conf", "log", "secret"]) {
    writeFileSync(join(path, name), name);
    chmodSync(join(path, name), 0o666);
  }
  chmodSync(path, 0o755);
  return path;
}

/** What a service of `c-store` answers. */
async function told(daemon: TestDaemon, name: string, path: string): Promise<string> {
  const { status, text } = await ask(daemon.port, `${name}.localhost`, path);
  return status === 200 ? text : `error: ${text}`;
}

test("a service sees a mounted file and nothing beside it, and writes it where it may", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--wall", "require"] });
  const path = folder(t);
  const mount = [
    { source: join(path, "app.conf"), target: "/etc/shop/conf" },
    { source: join(path, "log"), target: "/etc/shop/log", mode: "rw" as const },
  ];
  await daemon.deploy("server", "c-store", { mount });
  await daemon.deploy("cgi", "c-store", { kind: "cgi", mount });
  for (const name of ["server", "cgi"]) {
    assert.equal(await told(daemon, name, "/ls/etc/shop"), "conf\nlog\n");
    assert.equal(await told(daemon, name, "/get/etc/shop/conf"), "app.conf");
    assert.equal(await told(daemon, name, "/get/etc/shop/secret"), "error: No such file or directory");
    assert.equal(await told(daemon, name, "/put/3/etc/shop/conf"), "error: Read-only file system");
    assert.equal(await told(daemon, name, "/put/3/etc/shop/new"), "error: Read-only file system");
    assert.equal(await told(daemon, name, "/rm/etc/shop/log"), "error: Resource busy");
    assert.equal(await told(daemon, name, "/put/5/etc/shop/log"), "");
    assert.equal(readFileSync(join(path, "log"), "utf8"), "xxxxx");
    writeFileSync(join(path, "log"), "log");
  }
});

test("a directory in memory has its size, counts as memory, and ends with the instance", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const mount = [{ tmp: "2MiB", target: "/tmp" }];
  const limits = { memory: "8MiB" };
  await daemon.deploy("server", "c-store", { mount, limits });
  await daemon.deploy("cgi", "c-store", { kind: "cgi", mount, limits });
  const before = (await daemon.client.getService("default", "server")).service.memoryBytes;
  assert.equal(await told(daemon, "server", "/put/1000000/tmp/one"), "");
  assert.equal(await told(daemon, "server", "/put/1500000/tmp/two"), "error: No space left on device");
  assert.equal(await told(daemon, "server", "/ls/tmp"), "one\ntwo\n");
  const { memoryBytes } = (await daemon.client.getService("default", "server")).service;
  assert.ok(memoryBytes >= before + 1_900_000 && memoryBytes <= before + 2 ** 21 + 2 ** 20, String(memoryBytes));
  assert.equal(await told(daemon, "server", "/rm/tmp/two"), "");
  assert.equal(await told(daemon, "server", "/put/1000000/tmp/two"), "");
  await daemon.client.restartService("default", "server");
  assert.equal(await told(daemon, "server", "/ls/tmp"), "");
  assert.equal(await told(daemon, "cgi", "/put/1000000/tmp/one"), "");
  assert.equal(await told(daemon, "cgi", "/ls/tmp"), "");
});
