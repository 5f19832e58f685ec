import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Address } from "../../base/address.ts";
import type { Conduit } from "../../base/conduit.ts";
import { parseOutboundGrant } from "../../base/outbound-grant.ts";
import { errno } from "../errno.ts";
import { type DirectOutboundOptions, directOutbound } from "./direct-outbound.ts";
import type { Outbound } from "./outbound.ts";
import { TestNameServer } from "./testdata/name-server.ts";

const never = new AbortController().signal;

function outbound(t: TestContext, grants: readonly string[], options: DirectOutboundOptions = {}): Outbound {
  const made = directOutbound(grants.map(parseOutboundGrant), options);
  t.after(() => made.close());
  return made;
}

async function listen(t: TestContext, where: object, onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, onSocket);
  server.listen(where);
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function connected(opening: Promise<Conduit | number>): Promise<Conduit> {
  const conduit = await opening;
  assert.ok(typeof conduit !== "number", `connect gave ${conduit}`);
  return conduit;
}

/** Everything that comes until the other end has ended. */
async function drain({ input }: Conduit): Promise<string> {
  const parts: Uint8Array[] = [];
  for (;;) {
    for (let chunk = input.shift(); chunk !== undefined; chunk = input.shift()) parts.push(chunk);
    if (input.finished) return Buffer.concat(parts).toString();
    await new Promise<void>((resolve) => {
      input.onReadable = resolve;
    });
  }
}

const echo = (socket: Socket): void => {
  socket.pipe(socket);
};

test("connect() opens a granted connection, which carries bytes and each side's end", async (t) => {
  const port = await listen(t, { port: 0, host: "127.0.0.1" }, echo);
  const conduit = await connected(outbound(t, [`127.0.0.1:${port}`]).connect({ ip: "127.0.0.1", port }, never));
  assert.deepEqual(conduit.remote, { ip: "127.0.0.1", port });
  assert.equal(conduit.local.ip, "127.0.0.1");
  conduit.output.push(Buffer.from("hello "));
  conduit.output.push(Buffer.from("world"));
  conduit.output.end();
  assert.equal(await drain(conduit), "hello world");
});

test("connect() says what is not granted, refused, or called off", async (t) => {
  const port = await listen(t, { port: 0, host: "127.0.0.1" }, echo);
  const one = outbound(t, ["localhost:1", `127.0.0.2:${port}`]);
  assert.equal(await one.connect({ ip: "127.0.0.1", port }, never), -errno.ACCES);
  assert.equal(await one.connect({ ip: "127.0.0.1", port: 1 }, never), -errno.CONNREFUSED);
  assert.equal(await one.connect({ ip: "::1", port: 1 }, never), -errno.CONNREFUSED);
  const cancel = new AbortController();
  const opening = one.connect({ ip: "127.0.0.2", port }, cancel.signal);
  cancel.abort();
  assert.equal(await opening, -errno.CANCELED);
  assert.equal(await one.connect({ ip: "127.0.0.2", port }, cancel.signal), -errno.CANCELED);
});

test("connectUnix() opens the sockets that were granted, by the guest's name for them", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-unix-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, "socket");
  await listen(t, { path: source }, echo);
  const unix = [
    { path: "/run/db.sock", source },
    { path: "/run/gone.sock", source: join(folder, "gone") },
  ];
  const one = outbound(t, [], { unix });
  const conduit = await connected(one.connectUnix("/run/db.sock", never));
  conduit.output.push(Buffer.from("x"));
  conduit.output.end();
  assert.equal(await drain(conduit), "x");
  assert.equal(await one.connectUnix(source, never), -errno.ACCES);
  assert.equal(await one.connectUnix("/run/gone.sock", never), -errno.NOENT);
});

test("datagrams go to what is granted, and only their answers come back", async (t) => {
  const server = createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address();
  const stranger = createSocket("udp4");
  t.after(() => stranger.close());
  server.on("message", (data, from) => {
    // The stranger writes first, so that it would be delivered first.
    stranger.send("not asked for", from.port, "127.0.0.1", () => server.send(`re: ${data}`, from.port, from.address));
  });
  const got: [string, Address][] = [];
  const arrived = Promise.withResolvers<void>();
  const one = outbound(t, [`127.0.0.1:${port}/udp`]);
  const datagrams = one.openDatagrams({
    deliver(data, from) {
      got.push([Buffer.from(data).toString(), from]);
      arrived.resolve();
    },
    fail: (error) => arrived.reject(new Error(`errno ${error}`)),
  });
  assert.ok(typeof datagrams !== "number");
  assert.equal(datagrams.send(Buffer.from("x"), { ip: "127.0.0.1", port: port === 1 ? 2 : 1 }), -errno.ACCES);
  assert.equal(datagrams.send(Buffer.from("hello"), { ip: "127.0.0.1", port }), 0);
  await arrived.promise;
  assert.deepEqual(got, [["re: hello", { ip: "127.0.0.1", port }]]);
  assert.equal(outbound(t, [`127.0.0.1:${port}`]).openDatagrams({ deliver() {}, fail() {} }), -errno.ACCES);
});

test("resolve() asks the system about granted names only", async (t) => {
  const one = outbound(t, ["localhost:80", "surely.invalid:80"]);
  assert.deepEqual(await one.resolve("localhost", 4, never), ["127.0.0.1"]);
  assert.equal(await one.resolve("example.com", 4, never), -errno.ACCES);
  assert.ok([-errno.NOENT, -errno.AGAIN].includes((await one.resolve("surely.invalid", 4, never)) as number));
  const cancel = new AbortController();
  const asking = one.resolve("localhost", 4, cancel.signal);
  cancel.abort();
  assert.equal(await asking, -errno.CANCELED);
});

test("checklist 8: a name that is rebound to a private address leads nowhere, and what it gave before stays public", async (t) => {
  const port = await listen(t, { port: 0, host: "127.0.0.1" }, (socket) => socket.end("secret"));
  const answers = [["8.8.8.8"], ["127.0.0.1"], ["169.254.169.254", "::1"], ["10.0.0.1", "8.8.4.4"]];
  await using names = await TestNameServer.start((name) => (name === "rebind.test" ? answers.shift() : undefined));
  const resolver = new Resolver({ tries: 1 });
  resolver.setServers([names.address]);
  const one = outbound(t, [`rebind.test:${port}`, "*.rebind.test:1"], { lookup: (name) => resolver.resolve4(name) });
  assert.deepEqual(await one.resolve("rebind.test", undefined, never), ["8.8.8.8"]);
  assert.equal(await one.resolve("rebind.test", undefined, never), -errno.ACCES);
  for (const ip of ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::1", "169.254.169.254"]) {
    assert.equal(await one.connect({ ip, port }, never), -errno.ACCES);
  }
  assert.equal(await one.resolve("rebind.test", undefined, never), -errno.ACCES);
  assert.deepEqual(await one.resolve("rebind.test", undefined, never), ["8.8.4.4"]);
  assert.equal(await one.connect({ ip: "10.0.0.1", port }, never), -errno.ACCES);
  assert.equal(await one.resolve("other.rebind.test", undefined, never), -errno.NOENT);
  assert.deepEqual(names.questions, [...new Array(4).fill("rebind.test"), "other.rebind.test"]);
});

test("close() ends what is under way", async (t) => {
  const waiting = Promise.withResolvers<readonly string[]>();
  const one = outbound(t, ["*:80", "192.0.2.1:80"], { lookup: () => waiting.promise });
  const asking = one.resolve("slow.test", undefined, never);
  const opening = one.connect({ ip: "192.0.2.1", port: 80 }, never);
  one.close();
  assert.equal(await asking, -errno.CANCELED);
  // A machine without a route says so at once.
  assert.ok([-errno.CANCELED, -errno.NETUNREACH, -errno.HOSTUNREACH].includes((await opening) as number));
  waiting.resolve([]);
});
