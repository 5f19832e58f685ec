import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

/** What a service of `c-store` answers. */
async function told(daemon: TestDaemon, name: string, path: string): Promise<string> {
  const { status, text } = await ask(daemon.port, `${name}.localhost`, path);
  return status === 200 ? text : `error: ${text}`;
}

const full = "error: No space left on device";

test("a volume outlives its services, deploys, workers and daemons, and is removed by name", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const spec = { mount: [{ volume: "data", target: "/data" }] };
  await daemon.deploy("shop", "c-store", spec);
  assert.equal(await told(daemon, "shop", "/put/5/data/file"), "");
  await daemon.deploy("shop", "c-store", { ...spec, args: ["again"] });
  assert.equal(await told(daemon, "shop", "/get/data/file"), "xxxxx");
  await daemon.deploy("reader", "c-store", { mount: [{ volume: "data", target: "/other", mode: "ro" }] });
  assert.equal(await told(daemon, "reader", "/get/other/file"), "xxxxx");
  assert.equal(await told(daemon, "reader", "/put/1/other/file"), "error: Read-only file system");
  await daemon.kill("SIGKILL");
  await daemon.launch();
  assert.equal(await told(daemon, "shop", "/get/data/file"), "xxxxx");

  const [view] = await daemon.client.listVolumes("default");
  assert.deepEqual(view, { name: "data", bytes: 4608, services: ["reader", "shop"] });
  const removed = (name: string) => daemon.client.deleteVolume("default", name);
  await assert.rejects(removed("data"), { code: "volume.in-use" });
  await assert.rejects(removed("none"), { code: "volume.unknown" });
  for (const name of ["shop", "reader"]) await daemon.client.deleteService("default", name);
  assert.equal(readFileSync(join(daemon.state, "volumes/default/data/file"), "utf8"), "xxxxx");
  const listed = await warren(daemon, ["volume", "ls"]);
  assert.match(listed.stdout, /^NAME +USED +SIZE +SERVICES\ndata +4\.5 KiB/);
  assert.equal((await warren(daemon, ["volume", "rm", "data"])).stdout, "data\n");
  assert.equal(existsSync(join(daemon.state, "volumes/default/data")), false);
  // A new one of that name is empty.
  await daemon.deploy("shop", "c-store", spec);
  assert.equal(await told(daemon, "shop", "/ls/data"), "");
});

test("a volume's size holds for all that write to it, in every worker, and can be changed", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--wall", "require"] });
  const sized = (size: string) => ({ mount: [{ volume: "data", target: "/data", size }] });
  await daemon.deploy("server", "c-store", sized("1MiB"));
  // CGI runs in every worker.
  await daemon.deploy("cgi", "c-store", { kind: "cgi", ...sized("2MiB") });
  assert.equal(await told(daemon, "server", "/put/600000/data/one"), "");
  for (let n = 0; n < 8; n++) assert.equal(await told(daemon, "cgi", "/put/600000/data/two"), full);
  assert.equal(await told(daemon, "server", "/put/600000/data/three"), full);
  for (const name of ["two", "three"]) assert.equal(await told(daemon, "cgi", `/rm/data/${name}`), "");
  for (let n = 0; n < 8; n++) {
    assert.equal(await told(daemon, "cgi", "/put/400000/data/two"), "");
    assert.equal(await told(daemon, "server", "/put/400000/data/three"), full);
    assert.equal(await told(daemon, n % 2 === 0 ? "cgi" : "server", "/rm/data/two"), "");
    assert.equal(await told(daemon, "server", "/rm/data/three"), "");
  }
  const [view] = await daemon.client.listVolumes("default");
  assert.deepEqual(view, { name: "data", bytes: 512 + 602_112, bytesMax: 2 ** 20, services: ["cgi", "server"] });
  // Larger, for a server that runs on.
  await daemon.client.deleteService("default", "server");
  await daemon.deploy("other", "c-store", sized("4MiB"));
  assert.equal(await told(daemon, "other", "/put/1000000/data/two"), "");
  assert.equal(await told(daemon, "other", "/put/1000000/data/three"), full);
  // Counted anew by the next daemon.
  await daemon.kill("SIGKILL");
  const from = daemon.log.length;
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon", from);
  assert.equal(await told(daemon, "other", "/rm/data/three"), "");
  assert.equal(await told(daemon, "other", "/put/1000000/data/three"), full);
  assert.deepEqual(readdirSync(join(daemon.state, "volumes/default/data")).sort(), ["one", "three", "two"]);
});
