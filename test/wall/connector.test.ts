import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { parseIp } from "../../src/base/ip.ts";
import { parseOutboundGrant } from "../../src/base/outbound-grant.ts";
import { errno } from "../../src/wasi/errno.ts";
import { formatAnswer, parseQuestion, responseCode } from "../../src/wasi/sockets/dns-message.ts";
import { TestNameServer } from "../../src/wasi/sockets/testdata/name-server.ts";
import { encodeFrame, FrameReader, frameKind } from "../../src/worker/connector/datagram-frames.ts";
import { isAlive } from "../support/process.ts";
import { ConnectorRig } from "./connector-rig.ts";

const own = { service: "default/shop", revision: 1 };
const ACCES = { error: -errno.ACCES };

async function echo(t: TestContext): Promise<number> {
  const server: Server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

function grants(...texts: string[]): { grants: ReturnType<typeof parseOutboundGrant>[] } {
  return { grants: texts.map(parseOutboundGrant) };
}

async function said(fd: number, text: string): Promise<string> {
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.end(text);
  let all = "";
  for await (const chunk of socket) all += chunk;
  return all;
}

test("what the connector does for workers", async (whole) => {
  const rig = await ConnectorRig.start(whole);

  await whole.test(
    "a worker gets a connected socket where a service of its own is granted, and nothing else",
    async (t) => {
      const port = await echo(t);
      const link = await rig.worker(t, "w0");
      const other = await rig.worker(t, "v0");
      await rig.grant("w0", own.service, grants(`127.0.0.1:${port}`));
      const connect = (on: typeof link, body: object) =>
        on.callForDescriptors("connect", { id: 1, ip: "127.0.0.1", port, ...body });
      const { body, fds } = await connect(link, own);
      assert.deepEqual(body, {});
      assert.equal(await said(fds[0] as number, "hello"), "hello");
      const refused: [typeof link, object][] = [
        [link, { ...own, port: port === 65_535 ? 1 : port + 1 }],
        [link, { ...own, ip: "127.0.0.2" }],
        [link, { ...own, ip: "::ffff:127.0.0.2" }],
        [link, { ...own, ip: "10.0.0.1" }],
        [link, { ...own, ip: "169.254.169.254", port: 80 }],
        [link, { ...own, ip: "0.0.0.0" }],
        [link, { ...own, revision: 2 }],
        [link, { service: "default/other", revision: 1 }],
        [other, own],
      ];
      for (const [on, request] of refused) {
        const answer = await connect(on, request);
        assert.deepEqual([answer.body, answer.fds], [ACCES, []], JSON.stringify(request));
      }
      for (const bad of [
        { ip: 5 },
        { ip: "localhost" },
        { ip: "127.1" },
        { ip: "" },
        { port: "80" },
        { port: 0 },
        { port: 1e9 },
        { port: 1.5 },
      ])
        assert.deepEqual((await connect(link, { ...own, ...bad })).body, { error: -errno.INVAL });
      // The daemon takes it back.
      await rig.order("revoke", { worker: "w0", ...own });
      assert.deepEqual((await connect(link, own)).body, ACCES);
    },
  );

  await whole.test("names are looked up only where granted, and lead nowhere that no name may", async (t) => {
    const port = await echo(t);
    const hosts = {
      "api.example.com": ["192.0.2.1", "127.0.0.1"],
      "db.corp.example": ["10.1.2.3"],
      "public.example.com": ["93.184.216.34", "2606:2800:220:1::1"],
    };
    await rig.order("names", { servers: [], hosts });
    const link = await rig.worker(t, "w1");
    await rig.grant("w1", own.service, grants(`*.example.com:${port}`, "db.corp.example:5432"));
    const resolve = (name: unknown, more = {}) => link.call("resolve", { ...own, name, ...more });
    assert.deepEqual(await resolve("public.example.com"), { addresses: ["93.184.216.34", "2606:2800:220:1::1"] });
    assert.deepEqual(await resolve("public.example.com", { family: 6 }), { addresses: ["2606:2800:220:1::1"] });
    // It rebinds to this machine.
    assert.deepEqual(await resolve("api.example.com"), { ...ACCES, address: "192.0.2.1" });
    assert.deepEqual(await resolve("db.corp.example"), { ...ACCES, address: "10.1.2.3" });
    const body = { ...own, id: 1, ip: "127.0.0.1", port };
    assert.deepEqual((await link.callForDescriptors("connect", body)).body, ACCES);
    assert.deepEqual(await resolve("localhost"), ACCES);
    await rig.grant("w1", own.service, grants(`*.example.com:${port}`, "localhost:9"));
    assert.deepEqual(await resolve("localhost"), { addresses: ["127.0.0.1", "::1"] });
    // Only on that name's port.
    assert.deepEqual((await link.callForDescriptors("connect", body)).body, ACCES);
    for (const name of [
      "example.com",
      "evil.test",
      "",
      "a b",
      "x".repeat(300),
      5,
      null,
      "127.0.0.1",
      "api.example.com\0",
    ])
      assert.deepEqual(await resolve(name), ACCES, String(name));
    // No server to ask.
    assert.deepEqual(await resolve("other.example.com"), { error: -errno.AGAIN });
  });

  await whole.test("a name that changes where it leads to leads nowhere new that no name may", async (t) => {
    let answers: string[] | undefined = ["93.184.216.34"];
    await using server = await TestNameServer.start(() => answers);
    const link = await rig.worker(t, "dns");
    await rig.grant("dns", own.service, grants("*.example.com:80"));
    const ask = () => link.call("resolve", { ...own, name: "rebind.example.com", family: 4 });
    const resolve = async () => {
      // As when the time of the last answer is over.
      await rig.order("names", { servers: [server.address], hosts: {} });
      return ask();
    };
    assert.deepEqual(await resolve(), { addresses: ["93.184.216.34"] });
    assert.deepEqual(await ask(), { addresses: ["93.184.216.34"] });
    assert.equal(server.questions.length, 1);
    for (const address of ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"]) {
      answers = [address];
      assert.deepEqual(await resolve(), { ...ACCES, address });
      const answer = await link.callForDescriptors("connect", { ...own, id: 1, ip: address, port: 80 });
      assert.deepEqual(answer.body, ACCES);
    }
    answers = ["127.0.0.1", "93.184.216.34"];
    assert.deepEqual(await resolve(), { addresses: ["93.184.216.34"] });
    answers = [];
    assert.deepEqual(await resolve(), { error: -errno.NOENT });
    answers = undefined;
    assert.deepEqual(await resolve(), { error: -errno.NOENT });
    assert.ok(server.questions.every((name) => name === "rebind.example.com"));
  });

  await whole.test("IPv6, by TCP and UDP", async (t) => {
    const tcp = createServer((socket) => socket.pipe(socket)).listen(0, "::1");
    const failed = await Promise.race([
      once(tcp, "listening").then(() => false),
      once(tcp, "error").then(() => true),
    ]).catch(() => true);
    if (failed) return t.skip("this machine has no IPv6");
    const { port } = tcp.address() as { port: number };
    const udp = createSocket("udp6");
    udp.on("message", (data, from) => udp.send(data, from.port, from.address));
    udp.bind(0, "::1");
    await once(udp, "listening");
    t.after(() => {
      tcp.close();
      udp.close();
    });
    const udpPort = udp.address().port;
    const link = await rig.worker(t, "six");
    await rig.grant("six", own.service, grants(`[::1]:${port}`, `[::1]:${udpPort}/udp`));
    const { fds } = await link.callForDescriptors("connect", { ...own, id: 1, ip: "::1", port });
    assert.equal(await said(fds[0] as number, "six"), "six");
    const opened = await link.callForDescriptors("datagrams", own);
    const stream = new Socket({ fd: opened.fds[0] as number, readable: true, writable: true });
    const ip = parseIp("::1") as Uint8Array;
    stream.write(encodeFrame({ kind: frameKind.datagram, ip, port: udpPort, data: Buffer.from("six") }));
    const [chunk] = (await once(stream, "data")) as [Buffer];
    const [frame] = [...new FrameReader().push(chunk)];
    assert.deepEqual(
      [frame?.kind, frame?.port, String(Buffer.from(frame?.data ?? []))],
      [frameKind.datagram, udpPort, "six"],
    );
    stream.destroy();
  });

  await whole.test("an answer that is too long for a datagram comes by TCP", async (t) => {
    const udp = createSocket("udp4");
    const byTcp = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (data: Buffer) => {
        const query = data.subarray(2);
        const question = parseQuestion(query);
        if (question === undefined) return;
        const answer = formatAnswer(query, question, responseCode.ok, ["93.184.216.34"]);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        socket.end(Buffer.concat([length, answer]));
      });
    }).listen(0, "127.0.0.1");
    await once(byTcp, "listening");
    const { port } = byTcp.address() as { port: number };
    udp.on("message", (query, from) => {
      const question = parseQuestion(query);
      if (question === undefined) return;
      const answer = Buffer.from(formatAnswer(query, question, responseCode.ok, []));
      // TC (RFC 1035 §4.1.1).
      answer.writeUInt16BE(answer.readUInt16BE(2) | 0x0200, 2);
      udp.send(answer, from.port, from.address);
    });
    udp.bind(port, "127.0.0.1");
    await once(udp, "listening");
    t.after(() => {
      udp.close();
      byTcp.close();
    });
    await rig.order("names", { servers: [`127.0.0.1:${port}`], hosts: {} });
    const link = await rig.worker(t, "long");
    await rig.grant("long", own.service, grants("*.example.com:80"));
    assert.deepEqual(await link.call("resolve", { ...own, name: "long.example.com", family: 4 }), {
      addresses: ["93.184.216.34"],
    });
  });

  await whole.test("datagrams go to granted addresses only, by a socket that no worker holds", async (t) => {
    const server = createSocket("udp4");
    server.on("message", (data, { port, address }) => server.send(data, port, address));
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address();
    const link = await rig.worker(t, "v2");
    assert.deepEqual((await link.callForDescriptors("datagrams", own)).body, ACCES);
    await rig.grant("v2", own.service, grants("127.0.0.1:1"));
    assert.deepEqual((await link.callForDescriptors("datagrams", own)).body, ACCES);
    await rig.grant("v2", own.service, grants(`127.0.0.1:${port}/udp`));
    const { fds } = await link.callForDescriptors("datagrams", own);
    const stream = new Socket({ fd: fds[0] as number, readable: true, writable: true });
    const reader = new FrameReader();
    const frames: { kind: number; port: number; text: string }[] = [];
    stream.on("data", (chunk: Buffer) => {
      for (const { kind, port: from, data } of reader.push(chunk))
        frames.push({ kind, port: from, text: Buffer.from(data).toString() });
    });
    const arrived = async (count: number) => {
      while (frames.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const send = (text: string, to: number, ip = "127.0.0.1") =>
      stream.write(
        encodeFrame({ kind: frameKind.datagram, ip: parseIp(ip) as Uint8Array, port: to, data: Buffer.from(text) }),
      );
    send("ping", port);
    await arrived(1);
    assert.deepEqual(frames, [{ kind: frameKind.datagram, port, text: "ping" }]);
    send("no", port, "127.0.0.2");
    send("no", port === 65_535 ? 1 : port + 1);
    await arrived(3);
    assert.deepEqual(
      frames.slice(1).map(({ kind }) => kind),
      [frameKind.refused, frameKind.refused],
    );
    // Its end comes with the grant's.
    const closed = once(stream, "close");
    await rig.order("revoke", { worker: "v2", ...own });
    await closed;
  });

  await whole.test(
    "a service reaches another in the worker that has it, by grant, and whatever that worker answers",
    async (t) => {
      const link = await rig.worker(t, "w3");
      let answer: unknown = {};
      await rig.worker(t, "v3", {
        accept: (body: { service: string; port: number }, fds: number[]) => {
          const socket = new Socket({ fd: fds[0] as number, readable: true, writable: true });
          if (answer !== null && JSON.stringify(answer) === "{}") socket.pipe(socket.on("error", () => {}));
          else socket.destroy();
          assert.deepEqual(body, { service: "default/db", port: 5432 });
          return answer;
        },
      } as never);
      await rig.grant("w3", own.service, { services: [{ service: "default/db", firstPort: 5432, lastPort: 5432 }] });
      const dial = (body = {}) =>
        link.callForDescriptors("dial", { ...own, to: "default/db", port: 5432, worker: "v3", ...body });
      const { fds } = await dial();
      assert.equal(await said(fds[0] as number, "query"), "query");
      for (const body of [
        { port: 5433 },
        { port: 0 },
        { to: "default/shop" },
        { to: "other/db" },
        { to: 5 },
        { revision: 9 },
      ])
        assert.deepEqual((await dial(body)).body, ACCES, JSON.stringify(body));
      for (const worker of ["w3", "", 7, null]) assert.deepEqual((await dial({ worker })).body, { elsewhere: true });
      const verdicts: [unknown, unknown][] = [
        [{ elsewhere: true }, { elsewhere: true }],
        [{ error: -errno.CONNREFUSED }, { error: -errno.CONNREFUSED }],
        [{ error: 3 }, { error: -errno.CONNREFUSED }],
        [{ error: "x" }, { error: -errno.CONNREFUSED }],
        [7, { elsewhere: true }],
        ["fd", { elsewhere: true }],
      ];
      for (const [say, expected] of verdicts) {
        answer = say;
        const got = await dial();
        assert.deepEqual([got.body, got.fds], [expected, []], JSON.stringify(say));
      }
    },
  );

  await whole.test("a worker that floods or talks nonsense is cut off, and the others are served", async (t) => {
    const port = await echo(t);
    const good = await rig.worker(t, "good");
    await rig.grant("good", own.service, grants(`127.0.0.1:${port}`));
    await rig.grant("bad", own.service, grants("*:*", "127.0.0.1:9"));
    for (const text of ["null\n", "[]\n5\n", '{"op":"grant","body":{}}\nx\n', "x".repeat(100_000)]) {
      const { lane, stream } = await rig.workerEnds("bad");
      const socket = new Socket({ fd: stream, readable: true, writable: true });
      socket.on("error", () => {});
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(text);
      socket.resume();
      await closed;
      closeSync(lane);
    }
    const bad = await rig.worker(t, "bad");
    await assert.rejects(bad.call("grant", { worker: "bad", ...own }), { code: "link.unknown-order" });
    await assert.rejects(bad.call("retire", {}), { code: "link.unknown-order" });
    // More lookups than are reasonable: some are refused, none waits for the others.
    const names = Array.from({ length: 500 }, (_, i) => `n${i}.example.com`);
    const answers = await Promise.all(names.map((name) => bad.call<{ error: number }>("resolve", { ...own, name })));
    assert.ok(answers.some(({ error }) => error === -errno.NOBUFS));
    for (const body of [null, 5, "x", [], {}])
      for (const op of ["resolve", "connect", "dial", "datagrams"]) await bad.call(op, body).catch(() => {});
    const { fds } = await good.callForDescriptors("connect", { ...own, id: 1, ip: "127.0.0.1", port });
    assert.equal(await said(fds[0] as number, "still here"), "still here");
    assert.ok(isAlive(rig.pid));
  });

  await whole.test("a connection that is not wanted any more is given up, and one to nobody fails", async (t) => {
    const link = await rig.worker(t, "w5");
    await rig.grant("w5", own.service, grants("127.0.0.1:*", "192.0.2.0/24:*"));
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as { port: number };
    free.close();
    await once(free, "close");
    const refused = await link.callForDescriptors("connect", { ...own, id: 1, ip: "127.0.0.1", port });
    assert.deepEqual(refused.body, { error: -errno.CONNREFUSED });
    // Nobody answers there (RFC 5737), or the network says so at once.
    const waiting = link.callForDescriptors<{ error: number }>("connect", { ...own, id: 2, ip: "192.0.2.1", port: 80 });
    link.note("cancel", { id: 2 });
    const { body } = await waiting;
    assert.ok([-errno.CANCELED, -errno.NETUNREACH, -errno.HOSTUNREACH].includes(body.error), String(body.error));
  });
});

test("it outlives its daemon while a worker is connected, and ends with the last", async (t) => {
  const rig = await ConnectorRig.start(t);
  const link = await rig.worker(t, "w1");
  await rig.order("retire", {});
  assert.deepEqual(await link.call("resolve", { ...own, name: "a.example" }), ACCES);
  link.close();
  while (isAlive(rig.pid)) await new Promise((resolve) => setTimeout(resolve, 10));
});
