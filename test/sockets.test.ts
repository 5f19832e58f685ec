// Programs with sockets of every dialect against real servers and clients of this machine.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseOutboundGrant } from "../src/base/outbound-grant.ts";
import { testTerms } from "../src/engine/cpu/test-terms.ts";
import type { HandedSocket } from "../src/engine/guest-options.ts";
import { type Instance, startInstance } from "../src/engine/instance.ts";
import { compileProgram } from "../src/engine/program.ts";
import { openPublicPort } from "../src/engine/public-port.ts";
import type { Refusal } from "../src/wasi/sockets/dialler.ts";
import { type DirectOutboundOptions, directOutbound } from "../src/wasi/sockets/direct-outbound.ts";
import { TestNameServer } from "../src/wasi/sockets/testdata/name-server.ts";
import { buildGuest, type GuestName, guests, requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";

const dialects = ["c-sockets", "c-sockets-wamr", "rust-sockets", "go-sockets"] as const satisfies GuestName[];

interface Options extends DirectOutboundOptions {
  readonly grants?: readonly string[];
  readonly sockets?: readonly HandedSocket[];
}

interface Running {
  readonly instance: Instance;
  readonly refused: Refusal[];
  /** What it wrote until its end. */
  finished(): Promise<string>;
}

async function start(
  t: TestContext,
  name: GuestName,
  args: readonly string[],
  { grants = [], sockets = [], ...options }: Options = {},
): Promise<Running | undefined> {
  if (!(await requireToolchain(t, guests[name]))) return undefined;
  const chunks: Uint8Array[] = [];
  const refused: Refusal[] = [];
  const collect = (chunk: Uint8Array) => void chunks.push(chunk);
  const program = await compileProgram(readFileSync(await buildGuest(name)), { memoryMax: 256 * 1024 * 1024 });
  const instance = startInstance(program, {
    args: [name, ...args],
    stdout: collect,
    stderr: collect,
    sockets,
    cpu: testTerms(),
    outbound: directOutbound(grants.map(parseOutboundGrant), options),
    onRefused: (refusal) => refused.push(refusal),
  });
  t.after(() => instance.kill("the test is over"));
  return {
    instance,
    refused,
    async finished() {
      await instance.exited;
      return Buffer.concat(chunks).toString();
    },
  };
}

/** Runs a guest to its end; what it wrote, or undefined when its toolchain is missing. */
async function run(t: TestContext, name: GuestName, args: readonly string[], options: Options = {}) {
  const running = await start(t, name, args, options);
  return running?.finished();
}

/** A server that answers each connection once its client has ended its side. */
async function answering(t: TestContext, where: object = { port: 0, host: "127.0.0.1" }): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (part: string) => {
      text += part;
    });
    socket.on("end", () => socket.end(`re: ${text}`));
  });
  server.listen(where);
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function answeringUdp(t: TestContext): Promise<number> {
  const server = createSocket("udp4");
  server.on("message", (data, from) => server.send(`re: ${data}`, from.port, from.address));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return server.address().port;
}

async function ask(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.setEncoding("utf8");
  socket.write(text);
  let answer = "";
  for await (const part of socket) answer += part;
  return answer;
}

for (const name of dialects) {
  test(`${name}: a client of a name, which sends, ends its side and reads to the end`, async (t) => {
    const port = await answering(t);
    const output = await run(t, name, ["client", "server.test", `${port}`, "hello"], {
      grants: [`server.test:${port}`, `127.0.0.1:${port}`],
      lookup: async () => ["127.0.0.1"],
    });
    if (output === undefined) return;
    assert.match(output, new RegExp(`${port}[^]*\nre: hello\nended\n$`), output);
  });

  test(`${name}: datagrams to a server and its answer`, async (t) => {
    const port = await answeringUdp(t);
    const output = await run(t, name, ["udp", "127.0.0.1", `${port}`, "hello"], { grants: [`127.0.0.1:${port}/udp`] });
    if (output === undefined) return;
    assert.match(output, new RegExp(`^re: hello from .*${port}`, "m"), output);
  });

  test(`${name}: a server on a public port`, async (t) => {
    const running = await start(t, name, ["server"]);
    if (running === undefined) return;
    const port = await openPublicPort("tcp", { ip: "127.0.0.1", port: 0 });
    t.after(() => port.close());
    port.attach(running.instance, 8080);
    // Before and after it listens.
    assert.equal(await ask(port.address.port, "one"), "port 8080: one");
    assert.equal(await ask(port.address.port, "two"), "port 8080: two");
  });

  test(`${name}: a client by warren run --net`, async (t) => {
    if (!(await requireToolchain(t, guests[name]))) return;
    const port = await answering(t);
    const program = await buildGuest(name);
    const done = await warren(undefined, [
      "run",
      "--net",
      `127.0.0.1:${port}`,
      program,
      "client",
      "127.0.0.1",
      `${port}`,
      "hello",
    ]);
    assert.deepEqual([done.code, done.stderr], [0, ""]);
    assert.match(done.stdout, /re: hello\nended\n$/);
  });

  test(`${name}: what is not granted is refused, and told`, async (t) => {
    // Go's own resolver asks the name server in the guest's network, the others by a function.
    const running = await start(t, name, ["client", "server.test", "80", "hello"], { grants: ["other.test:80"] });
    if (running === undefined) return;
    assert.match(await running.finished(), /errno 2\n|[Pp]ermission denied|misbehaving/);
    assert.deepEqual(running.refused[0], { kind: "resolve", name: "server.test" });
  });
}

test("a client by warren run, refused, is told the option that grants what it wanted", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const net = `127.0.0.1:${await answering(t)}`;
  const args = ["client", ...net.split(":"), "x"];
  const { code, stderr } = await warren(undefined, [
    "run",
    "--net",
    "example.com:443",
    await buildGuest("c-sockets"),
    ...args,
  ]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${net}: not granted; add --net ${net}\n$`));
});

test("a non-blocking connection: EINPROGRESS, ready to write, SO_ERROR", async (t) => {
  const port = await answering(t);
  const options = { grants: [`127.0.0.1:${port}`, "127.0.0.1:1"] };
  const output = await run(t, "c-sockets", ["later", "127.0.0.1", `${port}`, "hello"], options);
  if (output === undefined) return;
  assert.equal(output, `connect: errno 26\nSO_ERROR 0\npeer port ${port}\nre: hello\nended\n`);
  assert.equal(
    await run(t, "c-sockets", ["later", "127.0.0.1", "1", "x"], options),
    "connect: errno 26\nSO_ERROR 14\n",
  );
});

test("IPv6, and IPv4 in its clothes", async (t) => {
  const port = await answering(t);
  const mapped = ["later", "0:0:0:0:0:ffff:7f00:1", `${port}`, "hello"];
  const output = await run(t, "c-sockets", mapped, { grants: [`127.0.0.1:${port}`] });
  if (output === undefined) return;
  assert.match(output, /re: hello\nended\n$/);
  let six: number;
  try {
    six = await answering(t, { port: 0, host: "::1" });
  } catch {
    t.diagnostic("this machine has no IPv6");
    return;
  }
  const plain = ["later", "0:0:0:0:0:0:0:1", `${six}`, "hello"];
  assert.match((await run(t, "c-sockets", plain, { grants: [`[::1]:${six}`] })) ?? "", /re: hello\nended\n$/);
});

test("a connected datagram socket", async (t) => {
  const port = await answeringUdp(t);
  const args = ["connected-udp", "127.0.0.1", `${port}`, "hello"];
  const output = await run(t, "c-sockets", args, { grants: [`127.0.0.1:${port}/udp`] });
  if (output !== undefined) assert.equal(output, `peer port ${port}\nre: hello from port ${port}\n`);
});

test("a unix socket that was granted, by the guest's name for it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-unix-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, "socket");
  await answering(t, { path: source });
  const options = { unix: [{ path: "/run/db.sock", source }] };
  const output = await run(t, "c-sockets", ["unix", "/run/db.sock", "hello"], options);
  if (output === undefined) return;
  assert.equal(output, "re: hello\nended\n");
  assert.equal(await run(t, "c-sockets", ["unix", source, "hello"], options), "connect: errno 2\n");
});

test("a unix socket by warren run --net and by a file of grants", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-unix-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, "socket");
  await answering(t, { path: source });
  const file = join(folder, "grants.toml");
  writeFileSync(file, '[[outbound]]\nunix = "./socket"\nas = "/run/db.sock"\n');
  const program = await buildGuest("c-sockets");
  const client = (flags: readonly string[], path: string) =>
    warren(undefined, ["run", ...flags, program, "unix", path, "hello"]);
  for (const [flags, path] of [
    [["--net", `unix:${source}`], source],
    [["--net", `unix:${source}:/run/db.sock`], "/run/db.sock"],
    [["--grants", file], "/run/db.sock"],
  ] as const) {
    const { code, stdout, stderr } = await client(flags, path);
    assert.deepEqual([code, stdout, stderr], [0, "re: hello\nended\n", ""], flags.join(" "));
  }
  // What is granted is the guest's name, and no other of that folder's, nor the daemon's.
  for (const path of [source, join(folder, "other"), "/run/warren.sock"]) {
    const { code, stdout, stderr } = await client(["--net", `unix:${source}:/run/db.sock`], path);
    assert.deepEqual([code, stdout], [1, "connect: errno 2\n"]);
    assert.match(stderr, new RegExp(`: ${path}: not granted; add --net unix:${path}\n$`));
  }
  const gone = await client(["--net", `unix:${join(folder, "gone")}:/g`], "/g");
  assert.deepEqual([gone.stdout, gone.stderr], ["connect: errno 44\n", ""]);
  const explained = await warren(undefined, ["run", "--explain", "--net", `unix:${source}:/run/db.sock`, program]);
  assert.match(explained.stdout, new RegExp(`^connections: unix:/run/db\\.sock = ${source}$`, "m"));
  assert.doesNotMatch(explained.stdout, /connections: none/);
});

test("a file of grants that mixes a unix socket with a host is refused", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-unix-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "grants.toml");
  for (const [text, message] of [
    ['unix = "/s"\nhost = "a.example"', '"host" of [[outbound]] 1 cannot be used with a unix socket'],
    ['unix = "/s"\nport = 1', '"port" of [[outbound]] 1 cannot be used with a unix socket'],
    ['host = "a.example"\nas = "/s"', '"as" of [[outbound]] 1 is for unix sockets only'],
    ['unix = ""', '"unix" of [[outbound]] 1 '],
  ] as const) {
    writeFileSync(file, `[[outbound]]\n${text}\n`);
    const { code, stderr } = await warren(undefined, ["run", "--explain", "--grants", file, "x.wasm"]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(message), stderr);
  }
});

test("SO_RCVTIMEO ends a call that nobody answers", async (t) => {
  const port = await answering(t);
  const output = await run(t, "c-sockets", ["timeout", "127.0.0.1", `${port}`], { grants: [`127.0.0.1:${port}`] });
  if (output !== undefined) assert.equal(output, "recv -1 errno 6\n");
});

test("a program connects to itself, in memory and with no grant", async (t) => {
  const c = await run(t, "c-sockets", ["self"]);
  if (c !== undefined) assert.equal(c, "9 bytes: to myself\nconnect to nobody: errno 2\n");
  const go = await run(t, "go-sockets", ["self"]);
  if (go !== undefined) assert.equal(go, "200 OK to myself: /path\n");
});

test("a Go program's HTTP client", async (t) => {
  const { createServer: createHttpServer } = await import("node:http");
  const server = createHttpServer((request, response) => response.end(`you asked for ${request.url}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { port } = address;
  const output = await run(t, "go-sockets", ["get", `http://127.0.0.1:${port}/x`], { grants: [`127.0.0.1:${port}`] });
  if (output !== undefined) assert.equal(output, "200 OK you asked for /x\n");
});

test("a program listens on several ports", async (t) => {
  const running = await start(t, "c-sockets", ["server"]);
  if (running === undefined) return;
  for (const guestPort of [8080, 8081]) {
    const port = await openPublicPort("tcp", { ip: "127.0.0.1", port: 0 });
    t.after(() => port.close());
    port.attach(running.instance, guestPort);
    assert.equal(await ask(port.address.port, "x"), `port ${guestPort}: x`);
  }
});

test("a public UDP port leads to a guest's, and a port in use is said to be", async (t) => {
  const running = await start(t, "c-sockets", ["udp-server"]);
  if (running === undefined) return;
  const port = await openPublicPort("udp", { ip: "0.0.0.0", port: 0 });
  t.after(() => port.close());
  port.attach(running.instance, 5353);
  await running.instance.whenListening();
  const client = createSocket("udp4");
  t.after(() => client.close());
  // Hears of no other address than the one that it dialled.
  client.connect(port.address.port, "127.0.0.2");
  await once(client, "connect");
  client.send("hello");
  const [answer] = await once(client, "message");
  assert.equal(String(answer), "re: hello");
  await assert.rejects(openPublicPort("udp", port.address), { code: "listener.in-use" });
  const tcp = await openPublicPort("tcp", { ip: "127.0.0.1", port: 0 });
  t.after(() => tcp.close());
  await assert.rejects(openPublicPort("tcp", tcp.address), { code: "listener.in-use" });
  await assert.rejects(openPublicPort("tcp", { ip: "192.0.2.1", port: 80 }), { code: "listener.no-address" });
});

test("checklist 7: no guest reaches this machine, its network or a cloud's metadata without a grant of just that", async (t) => {
  let reached = 0;
  const server = createServer(() => reached++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { port } = address;
  const probes = [
    ...["127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"],
    ...["0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:0", "fd00:0:0:0:0:0:0:1", "fe80:0:0:0:0:0:0:1"],
    ...["0:0:0:0:0:ffff:7f00:1", "0:0:0:0:0:ffff:a9fe:a9fe", "0:0:0:0:0:0:7f00:1"],
    ...["64:ff9b:0:0:0:0:7f00:1", "2002:7f00:1:0:0:0:0:1"],
  ].map((ip) => `${ip}:${port}`);
  // Everything public is granted.
  const grants = ["*:*", "*:*/udp", "0.0.0.0/0:*", "0.0.0.0/0:*/udp", "[::/0]:*", "[::/0]:*/udp"];
  const output = await run(t, "c-sockets", ["probe", ...probes], { grants });
  if (output === undefined) return;
  assert.deepEqual(
    output.trim().split("\n"),
    probes.map((probe) => `${probe} tcp 2 udp 2`),
  );
  assert.equal(reached, 0);
});

test("checklist 7: the daemon's control socket is no path of a guest's", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-control-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, "warren.sock");
  await answering(t, { path: source });
  const output = await run(t, "c-sockets", ["unix", source, "x"], { grants: ["*:*", "0.0.0.0/0:*"] });
  if (output !== undefined) assert.equal(output, "connect: errno 2\n");
});

test("checklist 8: a name that is rebound to this machine leads no guest here", async (t) => {
  const port = await answering(t);
  await using names = await TestNameServer.start(() => ["127.0.0.1"]);
  const resolver = new Resolver({ tries: 1 });
  resolver.setServers([names.address]);
  const options = {
    grants: [`rebind.test:${port}`, "*:*", "0.0.0.0/0:*"],
    lookup: (name: string) => resolver.resolve4(name),
  };
  const output = await run(t, "c-sockets", ["client", "rebind.test", `${port}`, "x"], options);
  if (output === undefined) return;
  assert.equal(output, "getaddrinfo: errno 2\n");
  assert.deepEqual(names.questions, ["rebind.test"]);
  assert.match(
    (await run(t, "c-sockets", ["later", "127.0.0.1", `${port}`, "x"], options)) ?? "",
    /^connect: errno 26\nSO_ERROR 2\n$/,
  );
});
