import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { buildGuest, type GuestName, guestFolder, guests, requireToolchain } from "./guests/build.ts";
import { buildRuby, rubyScripts } from "./guests/ruby.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { freePort } from "./support/ports.ts";

// What the READMEs of the examples promise, on one daemon, deployed as they say: `warren deploy .`

const folder = mkdtempSync(join(tmpdir(), "warren-examples-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of an example with its program beside the manifest, where the build command of its README puts it. */
async function built(name: GuestName): Promise<string> {
  const copy = join(folder, name);
  cpSync(guestFolder(name), copy, { recursive: true });
  copyFileSync(await buildGuest(name), join(copy, `${name}.wasm`));
  return copy;
}

async function deployExample(
  t: TestContext,
  name: GuestName,
  edit = (toml: string) => toml,
): Promise<TestDaemon | undefined> {
  if (!(await requireToolchain(t, guests[name]))) return undefined;
  const daemon = await TestDaemon.start(t);
  // CPython comes from npm, and the manifest says where: nothing is built.
  const directory = name === "python-cgi" ? guestFolder(name) : await built(name);
  if (name !== "python-cgi") {
    const manifest = join(directory, "warren.toml");
    writeFileSync(manifest, edit(readFileSync(manifest, "utf8")));
  }
  const { code, stdout, stderr } = await warren(daemon, ["deploy", "."], { cwd: directory });
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^${name} revision 1 running`));
  return daemon;
}

test("static files, without a program", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { code, stdout, stderr } = await warren(daemon, [
    "deploy",
    join(import.meta.dirname, "../examples/static-site"),
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^static-site revision 1 running/);
  const get = (path: string, headers = {}) => ask(daemon.port, "static.localhost", path, { headers });
  const page = await get("/");
  assert.match(page.text, /A burrow without a rabbit/);
  assert.equal(page.headers["cache-control"], "no-cache");
  const [, style = ""] = /href="(\/assets\/[^"]+)"/.exec(page.text) ?? [];
  assert.equal((await get(style)).headers["cache-control"], "max-age=31536000, immutable");
  assert.equal((await get("/robots.txt")).headers["cache-control"], "max-age=3600");
  assert.equal((await get("/any/other/path", { accept: "text/html,*/*;q=0.8" })).text, page.text);
  assert.equal((await get("/any/other/path")).status, 404);
});

test("Go: net/http", async (t) => {
  const daemon = await deployExample(t, "go-http");
  if (daemon === undefined) return;
  const { port } = daemon;
  const host = "go.localhost";

  await t.test("/ counts its visits", async () => {
    for (const visit of [1, 2, 3]) {
      const { status, text } = await ask(port, host);
      assert.equal(status, 200);
      assert.match(text, new RegExp(`^Hello from Go 1\\.[0-9.]+: visit ${visit}\n$`));
    }
  });

  await t.test("/echo answers while the body still comes", async () => {
    const asked = request({ host: "127.0.0.1", port, path: "/echo", method: "POST", headers: { host } });
    asked.write("first");
    const [answer] = await once(asked, "response");
    assert.equal(answer.statusCode, 200);
    // The request is not over, but what was sent has come back.
    assert.equal(String((await once(answer, "data"))[0]), "first");
    asked.end(" and last");
    assert.equal((await answer.toArray()).join(""), " and last");
  });

  await t.test("/echo gives a megabyte back as it was", async () => {
    const body = Buffer.alloc(1_000_003, "0123456789abcdef");
    const { status, text } = await ask(port, host, "/echo", { method: "POST", body });
    assert.equal(status, 200);
    assert.ok(text === body.toString());
  });

  await t.test("/stream sends each event when it happens", async () => {
    const asked = request({ host: "127.0.0.1", port, path: "/stream", headers: { host } }).end();
    const [answer] = await once(asked, "response");
    assert.match(String(answer.headers["content-type"]), /^text\/event-stream/);
    const pieces: string[] = [];
    for await (const piece of answer) pieces.push(String(piece));
    assert.equal(pieces.join(""), [1, 2, 3, 4, 5].map((tick) => `data: tick ${tick}\n\n`).join(""));
    // Sent 200 ms apart: in one piece only if somebody had kept them back until the end.
    assert.ok(pieces.length > 1, "the events came all at once");
    assert.ok(!String(pieces[0]).includes("tick 5"));
  });

  await t.test("/big sends as many bytes as were asked for", async () => {
    const { status, text } = await ask(port, host, "/big?bytes=3000001");
    assert.equal(status, 200);
    assert.equal(text.length, 3_000_001);
    assert.equal((await ask(port, host, "/big?bytes=-1")).status, 400);
  });

  await t.test("/slow keeps nobody waiting but its caller", async () => {
    const order: string[] = [];
    const slow = ask(port, host, "/slow?ms=1500").then(({ text }) => order.push(text));
    await ask(port, host).then(() => order.push("quick"));
    await slow;
    assert.deepEqual(order, ["quick", "waited 1500 ms\n"]);
  });

  await t.test("/ws is a WebSocket through the upgrade, with text and 70 KB of binary", async () => {
    // The browser's own API, which names the host by its address; so there is one more route, without a host.
    const { service } = await daemon.client.getService("default", "go-http");
    await daemon.client.putService("default", { ...service.spec, route: [{ host }, {}] });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    socket.binaryType = "arraybuffer";
    const next = async (): Promise<unknown> => {
      const [event] = await once(socket as unknown as EventTarget as never, "message");
      return (event as MessageEvent).data;
    };
    await once(socket as never, "open");
    for (const text of ["hello", "", "ünïcödé 🐇", "x".repeat(70_000)]) {
      const answer = next();
      socket.send(text);
      assert.equal(await answer, text);
    }
    const bytes = new Uint8Array(70_000).map((_, i) => i * 31);
    const answer = next();
    socket.send(bytes);
    assert.deepEqual(new Uint8Array((await answer) as ArrayBuffer), bytes);
    const closed = once(socket as never, "close");
    socket.close(1000, "enough");
    const [event] = (await closed) as [CloseEvent];
    assert.deepEqual([event.code, event.wasClean], [1000, true]);
  });

  await t.test("/crash is told by show, and the next call finds it running again", async () => {
    await ask(port, host, "/crash", { method: "POST" }).catch(() => {});
    assert.match((await ask(port, host)).text, /visit 1\n$/);
    const { stdout } = await warren(daemon, ["show", "go-http"]);
    assert.match(stdout, /exited with code 1/);
    const logs = await warren(daemon, ["logs", "go-http"]);
    assert.match(logs.stdout, /crashing because I was asked to/);
  });
});

test("Rust: a server that opens its own port", async (t) => {
  const daemon = await deployExample(t, "rust-http");
  if (daemon === undefined) return;
  assert.equal((await ask(daemon.port, "rust.localhost")).text, "Hello from Rust: visit 1\n");
  assert.equal((await ask(daemon.port, "rust.localhost")).text, "Hello from Rust: visit 2\n");
  assert.equal((await ask(daemon.port, "rust.localhost", "/no")).status, 404);
});

test("C: accept, poll, recv, send", async (t) => {
  const daemon = await deployExample(t, "c-http");
  if (daemon === undefined) return;
  assert.equal((await ask(daemon.port, "c.localhost")).text, "Hello from C: visit 1\n");
  assert.equal((await ask(daemon.port, "c.localhost")).text, "Hello from C: visit 2\n");
});

test("AssemblyScript: a CGI program", async (t) => {
  const daemon = await deployExample(t, "assemblyscript-cgi");
  if (daemon === undefined) return;
  const { port } = daemon;
  const host = "assemblyscript.localhost";
  assert.match((await ask(port, host)).text, /^Hello from AssemblyScript: it is \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  const env = (
    await ask(port, host, "/env?a=b%20c", { headers: { "x-forwarded-for": "203.0.113.9", "x-some": "thing" } })
  ).text;
  assert.match(env, /^REQUEST_METHOD=GET$/m);
  assert.match(env, /^PATH_INFO=\/env$/m);
  assert.match(env, /^QUERY_STRING=a=b%20c$/m);
  assert.match(env, /^HTTP_X_SOME=thing$/m);
  assert.match(env, /^HTTP_X_FORWARDED_FOR=127\.0\.0\.1$/m);
  assert.equal((await ask(port, host, "/echo", { method: "POST", body: "a body" })).text.trimEnd(), "a body");
  assert.equal((await ask(port, host, "/abort")).status, 502);
  assert.equal((await ask(port, host)).status, 200);
  assert.match((await warren(daemon, ["logs", "assemblyscript-cgi"])).stdout, /abort/);
});

test("Python: CPython as a CGI program", async (t) => {
  const daemon = await deployExample(t, "python-cgi");
  if (daemon === undefined) return;
  const host = "python.localhost";
  assert.match((await ask(daemon.port, host)).text, /^Hello from Python 3\.\d+\.\d+: it is \d{4}-\d\d-\d\dT/);
  assert.equal((await ask(daemon.port, host, "/sum?n=1&n=2")).text, "1 + 2 = 3\n");
  assert.equal((await ask(daemon.port, host, "/upper", { method: "POST", body: "hello" })).text, "HELLO\n");
  assert.equal((await ask(daemon.port, host, "/no")).status, 404);
});

test("AssemblyScript: a UDP service", async (t) => {
  const port = await freePort();
  const daemon = await deployExample(t, "udp-echo", (toml) => toml.replace("udp://:7007", `udp://127.0.0.1:${port}`));
  if (daemon === undefined) return;
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  for (const text of ["hello\n", "", "x".repeat(1400)]) {
    const answer = once(socket, "message");
    socket.send(text, port, "127.0.0.1");
    assert.equal(String((await answer)[0]), text);
  }
});

test("Rust's std on the socket it is handed", async (t) => {
  if (!(await requireToolchain(t, "rust"))) return;
  const daemon = await TestDaemon.start(t);
  await daemon.deploy("rust-std", "rust-std");
  assert.equal((await ask(daemon.port, "rust-std.localhost")).text, "hello from rust std: visit 1\n");
  assert.equal((await ask(daemon.port, "rust-std.localhost")).text, "hello from rust std: visit 2\n");
});

test("Ruby as a CGI program, its script in a read-only mount", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deployBytes("ruby", readFileSync(await buildRuby()), {
    kind: "cgi",
    args: ["--disable=gems", "/app/hello.rb"],
    mount: [{ source: rubyScripts, target: "/app" }],
    limits: { memory: "256MiB" },
  });
  const host = "ruby.localhost";
  assert.match((await ask(daemon.port, host)).text, /^Hello from Ruby 3\.4\.\d+: it is /);
  assert.equal((await ask(daemon.port, host, "/echo", { method: "POST", body: "a body" })).text, "a body");
});
