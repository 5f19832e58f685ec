import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { Agent } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { requireToolchain } from "./guests/build.ts";
import { makePair, type TestPair } from "./support/certificates.ts";
import { type DaemonSettings, TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { askSecurely, connectSecurely } from "./support/https.ts";

const hosts = { route: ["hello.test", "other.test", "deep.wild.test"].map((host) => ({ host })) };

/** A daemon with an HTTPS listener, and the directory of its certificates. */
async function secureDaemon(
  t: TestContext,
  pairs: Readonly<Record<string, TestPair>>,
  settings: DaemonSettings = {},
): Promise<{ daemon: TestDaemon; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), "warren-tls-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, pair] of Object.entries(pairs)) write(directory, name, pair);
  const args = ["--https", "127.0.0.1:0", "--tls", directory, ...(settings.args ?? [])];
  return { daemon: await TestDaemon.start(t, { ...settings, args }), directory };
}

function write(directory: string, name: string, { chain, key }: TestPair): void {
  writeFileSync(join(directory, `${name}.crt`), chain);
  writeFileSync(join(directory, `${name}.key`), key);
}

test("services answer over TLS with the certificate of the host that was asked for", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const hello = makePair(["hello.test"]);
  const wild = makePair(["*.wild.test", "wild.test"]);
  const { daemon, directory } = await secureDaemon(t, { hello });
  writeFileSync(join(directory, "wild.pem"), wild.key + wild.chain);
  await daemon.deploy("hello", "c-hello", hosts);
  const port = daemon.httpsPort;
  for (let i = 0; i < 10; i++) {
    const answer = await askSecurely(port, "hello.test", { ca: hello.chain });
    assert.equal(answer.status, 200);
    assert.equal(answer.shown, "DNS:hello.test");
  }
  await daemon.loggedWhere(({ msg, name }) => msg === "certificate read" && name === "wild");
  assert.equal((await askSecurely(port, "deep.wild.test", { ca: wild.chain })).status, 200);
  // One label only, and the standard one for names that have none.
  assert.match((await askSecurely(port, "too.deep.wild.test")).shown, /^DNS:hello.test$/);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let i = 0; i < 20; i++) assert.equal((await askSecurely(port, "hello.test", { agent })).status, 200);
  assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
});

test("certificates are read again when they change; what is broken takes nothing away", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const first = makePair(["hello.test"]);
  const { daemon, directory } = await secureDaemon(t, { hello: first });
  await daemon.deploy("hello", "c-hello", hosts);
  const port = daemon.httpsPort;
  assert.equal((await askSecurely(port, "hello.test", { ca: first.chain })).status, 200);

  const second = makePair(["hello.test", "other.test"]);
  let from = daemon.log.length;
  writeFileSync(join(directory, "hello.crt"), second.chain);
  await daemon.loggedWhere(({ problem }) => problem === "the key is not that of the certificate", from);
  assert.equal((await askSecurely(port, "hello.test", { ca: first.chain })).status, 200);
  from = daemon.log.length;
  writeFileSync(join(directory, "next"), second.key);
  renameSync(join(directory, "next"), join(directory, "hello.key"));
  await daemon.logged("certificate read", from);
  assert.equal((await askSecurely(port, "other.test", { ca: second.chain })).status, 200);

  from = daemon.log.length;
  writeFileSync(join(directory, "hello.key"), "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n");
  await daemon.loggedWhere(({ problem }) => String(problem).startsWith("the key cannot be read"), from);
  assert.equal((await askSecurely(port, "hello.test", { ca: second.chain })).status, 200);

  from = daemon.log.length;
  rmSync(join(directory, "hello.crt"));
  await daemon.logged("certificate removed", from);
  assert.match((await askSecurely(port, "hello.test")).shown, /^DNS:localhost, /);
  const log = JSON.stringify(daemon.log);
  assert.doesNotMatch(log, /PRIVATE KEY|secret/);
});

test("a guest in another worker answers over TLS, bodies and upgrades too", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const { daemon } = await secureDaemon(t, { all: makePair(["*.test"]) }, { workers: 3 });
  for (let i = 0; i < 4; i++) await daemon.deploy(`s${i}`, "c-http", { route: [{ host: `s${i}.test` }] });
  const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  t.after(() => {
    for (const agent of agents) agent.destroy();
  });
  await Promise.all(
    agents.map(async (agent, index) => {
      for (let i = 0; i < 12; i++) {
        const answer = await askSecurely(daemon.httpsPort, `s${(index + i) % 4}.test`, { agent });
        assert.equal(answer.status, 200);
      }
    }),
  );
});

test("clients that do not finish, send garbage or speak plain HTTP cost nobody else anything", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const { daemon } = await secureDaemon(t, { hello: makePair(["hello.test"]) });
  await daemon.deploy("hello", "c-hello", hosts);
  const port = daemon.httpsPort;
  const open = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  for (const [index, socket] of open.entries()) {
    socket.on("error", () => {});
    if (index % 2 === 0) socket.write(Buffer.of(22, 3, 1, 2, 0, 1, 0));
  }
  for (const bytes of [Buffer.alloc(20_000, 0x55), Buffer.of(22, 3, 1, 0, 0), Buffer.alloc(100_000, 22)]) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(bytes);
    socket.resume();
    await once(socket, "close");
  }
  const plain = connect(port, "127.0.0.1");
  plain.write("GET / HTTP/1.1\r\nHost: hello.test\r\n\r\n");
  assert.match((await plain.toArray()).join(""), /^HTTP\/1\.1 400 .*https:/s);
  await assert.rejects(connectSecurely(port, { servername: "hello.test", maxVersion: "TLSv1.1", minVersion: "TLSv1" }));
  await assert.rejects(connectSecurely(port, { servername: "hello.test", ALPNProtocols: ["nothing"] }));
  const old = await connectSecurely(port, { servername: "hello.test", maxVersion: "TLSv1.2" });
  await new Promise<void>((resolve) => {
    old.on("error", () => resolve());
    old.on("close", () => resolve());
    // RFC 5746: refused with an alert or the end of the connection.
    old.renegotiate({}, (error) => error && resolve());
  });
  old.destroy();
  assert.equal((await askSecurely(port, "hello.test")).status, 200);
  assert.equal((await ask(daemon.port, "hello.test")).status, 308);
});

test("a session begun at one worker goes on at another", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const { daemon } = await secureDaemon(t, { hello: makePair(["hello.test"]) }, { workers: 3 });
  await daemon.deploy("hello", "c-hello", hosts);
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const options = { servername: "hello.test", maxVersion };
    const first = await connectSecurely(daemon.httpsPort, options);
    const taken = once(first, "session");
    first.write("GET / HTTP/1.1\r\nHost: hello.test\r\nConnection: close\r\n\r\n");
    first.resume();
    const [session] = maxVersion === "TLSv1.3" ? await taken : [first.getSession()];
    first.destroy();
    for (let i = 0; i < 30; i++) {
      const socket = await connectSecurely(daemon.httpsPort, { ...options, session: session as Buffer });
      assert.equal(socket.isSessionReused(), true, `${maxVersion}, connection ${i}`);
      socket.destroy();
    }
  }
});

test("HTTP/2 is offered; a host that another certificate is for gets a 421 in both versions", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const { daemon } = await secureDaemon(t, {
    hello: makePair(["hello.test", "other.test"]),
    wild: makePair(["*.wild.test"]),
  });
  await daemon.deploy("hello", "c-hello", hosts);
  const session = http2.connect(`https://hello.test`, {
    createConnection: () =>
      tlsConnect({
        port: daemon.httpsPort,
        host: "127.0.0.1",
        servername: "hello.test",
        ALPNProtocols: ["h2"],
        rejectUnauthorized: false,
      }),
  });
  t.after(() => session.destroy());
  for (const [host, status] of [
    ["hello.test", 200],
    ["other.test", 200],
    ["deep.wild.test", 421],
    ["unknown.test", 404],
  ] as const) {
    const stream = session.request({ ":authority": host, ":path": "/" });
    const [headers] = await once(stream, "response");
    assert.equal(headers[":status"], status, host);
    stream.resume();
    await once(stream, "close");
    assert.equal((await askSecurely(daemon.httpsPort, "hello.test", { host })).status, status, host);
  }
  // Who names no host for TLS may ask for any.
  const nameless = await connectSecurely(daemon.httpsPort, { host: "127.0.0.1", ALPNProtocols: ["http/1.1"] });
  nameless.end("GET / HTTP/1.1\r\nHost: deep.wild.test\r\nConnection: close\r\n\r\n");
  assert.match((await nameless.toArray()).join(""), /^HTTP\/1\.1 200 /);
});

test("kill -9 of the daemon loses no connection over TLS, and its successor shows the same certificates", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const pair = makePair(["hello.test"]);
  const { daemon } = await secureDaemon(t, { hello: pair });
  await daemon.deploy("hello", "c-hello", hosts);
  const failures: string[] = [];
  const ended = new AbortController();
  let done = 0;
  const clients = Array.from({ length: 4 }, async () => {
    while (!ended.signal.aborted) {
      try {
        const { status } = await askSecurely(daemon.httpsPort, "hello.test", { ca: pair.chain });
        if (status !== 200) failures.push(String(status));
      } catch (error) {
        failures.push(String(error));
      }
      done++;
    }
  });
  const more = async (count: number) => {
    for (const until = done + count; done < until; ) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await more(50);
  for (let kills = 0; kills < 2; kills++) {
    await daemon.kill("SIGKILL");
    await more(50);
    const from = daemon.log.length;
    await daemon.launch();
    await daemon.logged("took over from an earlier daemon", from);
    await more(50);
  }
  ended.abort();
  await Promise.all(clients);
  assert.deepEqual(failures, []);
});

test("plain HTTP is redirected where there is a certificate; a guest that does TLS itself gets its connections as they are", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const own = makePair(["own.test"]);
  const { daemon } = await secureDaemon(t, { all: makePair(["*.test"]) }, { workers: 3 });
  const { routes } = await daemon.deploy("own", "go-tls", {
    env: { CERTIFICATE: own.chain, KEY: own.key },
    route: [{ host: "own.test", tls: "passthrough" }],
  });
  assert.deepEqual(routes, [`https://own.test:${daemon.httpsPort}/`]);
  await daemon.deploy("hello", "c-hello", {
    route: [{ host: "hello.test" }, { host: "both.test", tls: "off" }, { host: "only.test", tls: "only" }],
  });
  for (let i = 0; i < 8; i++) {
    const answer = await askSecurely(daemon.httpsPort, "own.test", { ca: own.chain, path: `/${i}` });
    assert.equal(answer.text, `own.test asked for /${i}`);
    assert.equal((await askSecurely(daemon.httpsPort, "hello.test")).shown, "DNS:*.test");
  }
  const { status, headers } = await ask(daemon.port, "hello.test", "/a?b");
  assert.equal(status, 308);
  assert.equal(headers.location, `https://hello.test:${daemon.httpsPort}/a?b`);
  assert.equal((await ask(daemon.port, "both.test")).status, 200);
  assert.equal((await ask(daemon.port, "own.test")).status, 308);
  assert.equal((await ask(daemon.port, "only.test")).status, 403);
  assert.equal((await askSecurely(daemon.httpsPort, "only.test")).status, 200);
  assert.equal((await askSecurely(daemon.httpsPort, "hello.test", { host: "own.test" })).status, 421);
});

test("hosts of this machine are certified by its own authority, at deploy and again by the next daemon", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { args: ["--https", "127.0.0.1:0"] });
  await daemon.deploy("hello", "c-hello", { route: [{ host: "hello.localhost" }, { host: "*.dev.example" }] });
  const { certificate: ca, path } = await daemon.client.localAuthority();
  assert.equal(readFileSync(path, "utf8"), ca);
  for (const host of ["hello.localhost", "a.dev.example", "b.dev.example"])
    assert.equal((await askSecurely(daemon.httpsPort, host, { ca })).status, 200);
  const nameless = await connectSecurely(daemon.httpsPort, { ca, rejectUnauthorized: true, host: "127.0.0.1" });
  nameless.destroy();
  // Browsers do not know them: nobody is sent there.
  assert.equal((await ask(daemon.port, "hello.localhost")).status, 200);
  const before = await daemon.client.listCertificates();
  assert.deepEqual(
    before.map(({ source, name }) => `${source} ${name}`),
    ["local *.dev.example", "local hello.localhost", "local localhost"],
  );
  // What a client invents makes none.
  assert.equal(
    (await askSecurely(daemon.httpsPort, "nobody.localhost")).shown,
    "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
  await daemon.kill("SIGKILL");
  await daemon.launch();
  assert.deepEqual(await daemon.client.listCertificates(), before);
  await daemon.client.deleteService("default", "hello");
  while ((await daemon.client.listCertificates()).length > 1) await new Promise((resolve) => setTimeout(resolve, 10));
});

test("a service with a worker of its own answers over TLS, and that worker is given no key", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const pair = makePair(["alone.test"]);
  const { daemon } = await secureDaemon(t, { alone: pair }, { workers: 2 });
  await daemon.deploy("alone", "c-hello", { isolation: "process", route: [{ host: "alone.test" }] });
  for (let i = 0; i < 6; i++) assert.equal((await askSecurely(daemon.httpsPort, "alone.test")).status, 200);
  assert.equal((await ask(daemon.port, "alone.test")).status, 308);
  const pids = daemon.workerPids();
  assert.equal(pids.length, 3);
  // Only root may read the memory of others.
  if (process.getuid?.() !== 0) return;
  const secret = Buffer.from(pair.key.split("\n")[1] as string);
  assert.equal(pids.filter((pid) => holds(pid, secret)).length, 2);
});

/** Whether bytes lie somewhere in the memory of a process. */
function holds(pid: number, bytes: Buffer): boolean {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    const used = /^([0-9a-f]+)-([0-9a-f]+) rw.p [\s\S]*?^Rss: +([0-9]+) kB/gm;
    for (const [, from, to, residentKb] of readFileSync(`/proc/${pid}/smaps`, "utf8").matchAll(used)) {
      if (residentKb === "0") continue;
      const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
      const piece = Buffer.alloc(2 ** 20 + bytes.length);
      for (let at = start; at < end; at += 2n ** 20n) {
        const size = Math.min(piece.length, Number(end - at));
        try {
          if (piece.subarray(0, readSync(memory, piece, 0, size, at)).includes(bytes)) return true;
        } catch {
          // What is reserved and was never used cannot be read.
        }
      }
    }
    return false;
  } finally {
    closeSync(memory);
  }
}
