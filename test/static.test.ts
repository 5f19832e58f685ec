import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { isAlive, residentBytes } from "./support/process.ts";
import { open, readUntil } from "./support/raw.ts";

const host = "site.localhost";

/** A directory with files that every user may read; removed at the test's end. */
function makeSite(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-site-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync("chmod", ["755", folder]);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  }
  return folder;
}

test("a directory is a service: every worker answers, through stops, deploys, lost workers and daemons", async (t) => {
  const source = makeSite(t, { "index.html": "one", "a/b.txt": "0123456789" });
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--wall", "require"] });
  const deploy = async (more: object = {}) =>
    (await daemon.client.putService("default", { name: "site", route: [{ host, static: { source, ...more } }] }))
      .service;
  const view = await deploy();
  assert.deepEqual([view.kind, view.state, view.program], ["static", "running", undefined]);
  // Not on a connection to a worker that is gone.
  const agent = new Agent();
  const text = async (path = "/") => (await ask(daemon.port, host, path, { agent })).text;
  for (let n = 0; n < 8; n++) assert.equal(await text(), "one");
  const part = await ask(daemon.port, host, "/a/b.txt", { headers: { range: "bytes=-3" } });
  assert.deepEqual([part.status, part.text, part.headers["content-range"]], [206, "789", "bytes 7-9/10"]);
  const head = await ask(daemon.port, host, "/a/b.txt", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "10", ""]);
  const fresh = await ask(daemon.port, host, "/a/b.txt", { headers: { "if-none-match": String(head.headers.etag) } });
  assert.deepEqual([fresh.status, fresh.headers["content-length"]], [304, undefined]);
  const posted = await ask(daemon.port, host, "/", { method: "POST", body: "x".repeat(100_000) });
  assert.deepEqual([posted.status, posted.headers.allow], [405, "GET, HEAD, OPTIONS"]);
  assert.equal((await ask(daemon.port, host, "/", { method: "OPTIONS" })).status, 204);

  const counted = async () => (await daemon.client.getService("default", "site")).service.requests;
  assert.equal(await counted(), 13);

  // Files change without a deploy; options by one.
  writeFileSync(join(source, "index.html"), "two");
  assert.equal(await text(), "two");
  await deploy({ cache: "1m" });
  for (let n = 0; n < 4; n++)
    assert.equal((await ask(daemon.port, host, "/a/b.txt")).headers["cache-control"], "max-age=60");
  assert.equal(await counted(), 18);

  await daemon.client.stopService("default", "site");
  assert.equal((await ask(daemon.port, host)).status, 503);
  await daemon.client.startService("default", "site");
  for (let n = 0; n < 4; n++) assert.equal(await text(), "two");
  const [victim] = daemon.workerPids();
  process.kill(victim as number, "SIGKILL");
  while (isAlive(victim as number)) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let n = 0; n < 8; n++) assert.equal(await text(), "two");
  await daemon.kill("SIGKILL");
  assert.equal(await text(), "two");
  const from = daemon.log.length;
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon", from);
  for (let n = 0; n < 8; n++) assert.equal(await text(), "two");
  await daemon.client.deleteService("default", "site");
  assert.equal((await ask(daemon.port, host)).status, 404);
});

test("a manifest names a directory beside it; what cannot be served is refused, and the service before goes on", async (t) => {
  const folder = makeSite(t, { "public/index.html": "hello", "public/docs/index.html": "docs", file: "x" });
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const deploy = (toml: string) => {
    writeFileSync(join(folder, "warren.toml"), `name = "site"\n[[route]]\nhost = "${host}"\n${toml}\n`);
    return warren(daemon, ["deploy", folder]);
  };
  const deployed = await deploy('path = "/shop"\nstatic = "./public"');
  assert.equal(deployed.code, 0, deployed.stderr);
  assert.equal((await ask(daemon.port, host, "/shop/")).text, "hello");
  const moved = await ask(daemon.port, host, "/shop/docs?x=1");
  assert.deepEqual([moved.status, moved.headers.location], [301, "/shop/docs/?x=1"]);
  for (const [toml, expected] of [
    ['static = "./nothing"', /cannot serve .*\/nothing: there is no such file or directory/],
    ['static = "./file"', /cannot serve .*\/file: it is not a directory/],
  ] as const) {
    const { code, stderr } = await deploy(toml);
    assert.equal(code, 1);
    assert.match(stderr, expected);
  }
  assert.equal((await ask(daemon.port, host, "/shop/")).text, "hello");
});

test("beside a guest, a site has a part of its paths", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const source = makeSite(t, { "app.js": "js" });
  const daemon = await TestDaemon.start(t, { workers: 2 });
  const route = [{ host }, { host, path: "/assets", static: source }];
  await daemon.deploy("server", "c-hello", { route });
  for (let n = 0; n < 6; n++) {
    assert.equal((await ask(daemon.port, host, "/assets/app.js")).text, "js");
    assert.equal((await ask(daemon.port, host, "/")).status, 200);
    assert.equal((await ask(daemon.port, host, "/assets/other.js")).status, 404);
  }
  await daemon.deploy("server", "c-hello", { route, isolation: "process", args: ["again"] });
  for (let n = 0; n < 6; n++) assert.equal((await ask(daemon.port, host, "/assets/app.js")).text, "js");
  await assert.rejects(
    daemon.deploy("server", "c-hello", { route: [{ host }, { host, path: "/assets", static: join(source, "no") }] }),
    { code: "mount.missing" },
  );
  assert.equal((await ask(daemon.port, host, "/assets/app.js")).text, "js");
});

test("a volume is served while a guest writes to it", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2, args: ["--wall", "require"] });
  await daemon.deploy("writer", "c-store", { mount: [{ volume: "data", target: "/data", size: "2MiB" }] });
  const route = [{ host, static: { volume: "data" } }];
  await daemon.client.putService("default", { name: "site", route });
  const put = async (path: string) => (await ask(daemon.port, "writer.localhost", path)).text;
  for (let n = 0; n < 4; n++) assert.equal((await ask(daemon.port, host, "/file.txt")).status, 404);
  assert.equal(await put("/put/500000/data/file.txt"), "");
  for (let n = 0; n < 4; n++) assert.equal((await ask(daemon.port, host, "/file.txt")).text.length, 500_000);
  const [view] = await daemon.client.listVolumes("default");
  assert.deepEqual(view?.services, ["site", "writer"]);
  // What somebody still reads counts until it is read: the volume cannot be overrun by removing it.
  const socket = await open(daemon.port);
  t.after(() => socket.destroy());
  assert.equal(await put("/put/1500000/data/big"), "");
  socket.write(`GET /big HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await readUntil(socket, "HTTP/1.1 200 OK");
  socket.pause();
  assert.equal(await put("/rm/data/big"), "");
  await daemon.client.deleteService("default", "writer");
  await assert.rejects(daemon.client.deleteVolume("default", "data"), { code: "volume.in-use" });
  assert.equal((await ask(daemon.port, host, "/file.txt")).text.length, 500_000);
});

test("a hostile tree gives nothing away, blocks nobody and survives being changed under the hand", async (t) => {
  const outside = makeSite(t, { secret: "secret", "index.html": "secret" });
  const source = makeSite(t, { "ok.txt": "fine", "in/a.txt": "fine", ".env": "secret", ".well-known/x": "fine" });
  symlinkSync(join(outside, "secret"), join(source, "link"));
  symlinkSync(outside, join(source, "directory"));
  symlinkSync(`../${outside.split("/").at(-1)}`, join(source, "relative"));
  symlinkSync("/proc/self/environ", join(source, "environ"));
  execFileSync("mkfifo", [join(source, "fifo"), join(source, "ok.txt.gz")]);
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.client.putService("default", { name: "site", route: [{ host, static: { source, spa: "ok.txt" } }] });
  const raw = async (path: string): Promise<string> => {
    const socket = await open(daemon.port);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, "latin1");
    return (await socket.toArray()).join("");
  };
  assert.equal((await ask(daemon.port, host, "/ok.txt", { headers: { "accept-encoding": "gzip" } })).text, "fine");
  assert.equal((await ask(daemon.port, host, "/.well-known/x")).text, "fine");
  for (const path of [
    "/link",
    "/directory/secret",
    "/directory/",
    "/relative/secret",
    "/environ",
    "/fifo",
    "/.env",
    "/%2eenv",
    "/../secret",
    "/in/../../secret",
    "/%2e%2e/secret",
    "/..%2fsecret",
    "/..%5csecret",
    "/in/%2e%2e/%2e%2e/secret",
    "/ok.txt%00.html",
    "/ok.txt%",
    "/in//a.txt",
    "//evil.example.com/",
    "/\xff\xfe",
    "/%c0%ae%c0%ae/secret",
    `/${"a".repeat(4000)}`,
    `/${"a/".repeat(3000)}`,
  ]) {
    const answer = await raw(path);
    assert.match(answer, /^HTTP\/1\.1 (400|404) /, path);
    assert.ok(!answer.includes("secret"), path);
  }
  // A directory on the way is swapped for a link to the outside and back, all the time.
  const swapping = new AbortController();
  const inside = join(source, "in");
  const swaps = (async () => {
    for (; !swapping.signal.aborted; await new Promise((resolve) => setImmediate(resolve))) {
      renameSync(inside, join(source, "aside"));
      symlinkSync(outside, inside);
      await new Promise((resolve) => setImmediate(resolve));
      unlinkSync(inside);
      renameSync(join(source, "aside"), inside);
    }
  })();
  const seen = new Set<string>();
  for (let n = 0; n < 600; n++) {
    const { status, text } = await ask(daemon.port, host, n % 2 === 0 ? "/in/a.txt" : "/in/secret");
    seen.add(`${status} ${text.trim()}`);
  }
  swapping.abort();
  await swaps;
  assert.deepEqual(
    [...seen].filter((answer) => answer !== "200 fine" && answer !== "404 there is no such file"),
    [],
  );
});

test("large files: many slow clients at once, whole and in parts, and one that goes away", async (t) => {
  const bytes = Buffer.alloc(20_000_000, "0123456789abcdef");
  const source = makeSite(t, { "big.bin": bytes, "big.js": bytes, "big.js.br": brotliCompressSync(bytes) });
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.client.putService("default", { name: "site", route: [{ host, static: source }] });
  // The one that had no right to the directory goes.
  while (daemon.workerPids().length > 1) await new Promise((resolve) => setTimeout(resolve, 10));
  const [worker] = daemon.workerPids();
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open(daemon.port)));
  t.after(() => sockets.forEach((socket) => void socket.destroy()));
  for (const socket of sockets) {
    socket.pause();
    socket.write(`GET /big.bin HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  }
  // Those that do not read hold nobody up.
  const whole = await Promise.all(Array.from({ length: 5 }, () => ask(daemon.port, host, "/big.bin")));
  for (const { text } of whole) assert.ok(text === bytes.toString());
  const rss = residentBytes(worker as number) / 2 ** 20;
  assert.ok(rss > 0 && rss < 400, `${rss} MiB with 50 slow readers of 20 MB`);
  for (const socket of sockets) socket.destroy();
  const { text, headers } = await ask(daemon.port, host, "/big.bin", { headers: { range: "bytes=5-9,19999990-" } });
  const boundary = /boundary=(.*)$/.exec(String(headers["content-type"]))?.[1];
  assert.equal(text.split(`--${boundary}`).length, 4);
  assert.ok(text.includes("56789") && text.includes("6789abcdef"));
  const { status } = await ask(daemon.port, host, "/big.js", { headers: { "accept-encoding": "br" } });
  assert.equal(status, 200);
  const socket = await open(daemon.port);
  socket.write(`GET /big.js HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: br\r\nConnection: close\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray());
  const body = answer.subarray(answer.indexOf("\r\n\r\n") + 4);
  assert.ok(brotliDecompressSync(body).equals(bytes));
  cpSync(join(source, "big.bin"), join(source, "copy.bin"));
  assert.equal((await ask(daemon.port, host, "/copy.bin")).text.length, bytes.length);
});
