import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { test } from "node:test";
import { WarrenError } from "./errors.ts";
import type { Handler, LinkLimits } from "./link.ts";
import { AnswerWithDescriptors, Link } from "./link.ts";
import {
  boundAddress,
  listenTcp,
  listenUnix,
  receiveDescriptors,
  sendDescriptors,
  socketPair,
} from "./native-socket.ts";

function linkPair(handlers: Record<string, Handler>, limits: LinkLimits = {}): [Link, Link] {
  const [stream, otherStream] = socketPair("stream");
  const [lane, otherLane] = socketPair("seqpacket");
  return [
    new Link(new Socket({ fd: stream }), lane, {}),
    new Link(new Socket({ fd: otherStream }), otherLane, handlers, limits),
  ];
}

test("call() carries an answer, an error with its code, and descriptors", async () => {
  const inode = fstatSync(0).ino;
  const [here, there] = linkPair({
    double: (body: { n: number }) => ({ n: body.n * 2 }),
    fail: () => {
      throw new WarrenError("test.no", "no", { status: 418, hint: "do not" });
    },
    inode: (_body: never, fds: number[]) => {
      const inodes = fds.map((fd) => fstatSync(fd).ino);
      for (const fd of fds) closeSync(fd);
      return inodes;
    },
  });
  assert.deepEqual(await here.call("double", { n: 21 }), { n: 42 });
  await assert.rejects(here.call("fail"), { code: "test.no", status: 418, hint: "do not" });
  await assert.rejects(here.call("constructor"), { code: "link.unknown-order" });
  const file = openSync(import.meta.filename, "r");
  assert.deepEqual(await here.call("inode", {}, [0, file, file]), [inode, fstatSync(file).ino, fstatSync(file).ino]);
  // Interleaved: each order gets its own descriptors.
  const answers = await Promise.all([
    here.call("inode", {}, [file]),
    here.call("inode", {}, [0]),
    here.call("inode", {}, [file]),
  ]);
  assert.deepEqual(answers.flat(), [fstatSync(file).ino, inode, fstatSync(file).ino]);
  closeSync(file);
  here.close();
  there.close();
});

test("call() rejects when the other side goes away", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const [here, there] = linkPair({ hang: () => never });
  const answer = here.call("hang");
  there.close();
  await assert.rejects(answer, { code: "link.closed" });
  await assert.rejects(here.call("hang"), { code: "link.closed" });
});

test("a line that is not JSON ends the link", async () => {
  const [raw, fd] = socketPair("stream");
  const closed = Promise.withResolvers<void>();
  const link = new Link(new Socket({ fd }), undefined, {});
  link.onClose = () => closed.resolve();
  const other = new Socket({ fd: raw });
  other.on("error", () => {});
  other.write("{not json\n");
  await closed.promise;
  assert.equal(link.closed, true);
  other.destroy();
});

test("messages carry bytes and descriptors, and say when there is none and no more", () => {
  const [a, b] = socketPair("seqpacket");
  assert.equal(receiveDescriptors(b), undefined);
  assert.equal(sendDescriptors(a, [a], Buffer.from("one "), Buffer.from("two")), true);
  const message = receiveDescriptors(b);
  assert.ok(message !== undefined && message !== "closed");
  assert.equal(message.bytes.toString(), "one two");
  assert.equal(message.fds.length, 1);
  for (const fd of message.fds) closeSync(fd);
  closeSync(a);
  assert.equal(receiveDescriptors(b), "closed");
  closeSync(b);
});

test("listenTcp() gives a socket's real address, and errors that say what to do", () => {
  for (const ip of ["127.0.0.1", "::1", "0.0.0.0", "::"]) {
    const fd = listenTcp({ ip, port: 0 });
    const address = boundAddress(fd);
    assert.equal(address.ip, ip);
    assert.ok(address.port > 0);
    assert.throws(() => listenTcp(address), { code: "listener.in-use" });
    closeSync(fd);
  }
  assert.throws(() => listenTcp({ ip: "203.0.113.1", port: 0 }), { code: "listener.no-address" });
  assert.throws(() => listenTcp({ ip: "localhost", port: 0 }), { code: "listener.address" });
  assert.throws(() => listenUnix(`/tmp/${"x".repeat(120)}`, "stream"), { code: "state.path-too-long" });
});

test("descriptors are close-on-exec", () => {
  const [a, b] = socketPair("stream");
  for (const fd of [a, b]) {
    const flags = Number.parseInt(
      /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] as string,
      8,
    );
    assert.equal(flags & 0o2000000, 0o2000000);
    closeSync(fd);
  }
});

test("callForDescriptors() gets those of its own answer, and the answerer's are closed", async () => {
  const given: number[] = [];
  const [here, there] = linkPair({
    open: async (body: { path: string; turns: number }) => {
      for (let i = 0; i < body.turns; i++) await Promise.resolve();
      const fd = openSync(body.path, "r");
      given.push(fd);
      return new AnswerWithDescriptors({ path: body.path }, [fd]);
    },
    none: () => ({}),
    fail: () => {
      throw new WarrenError("test.no", "no");
    },
  });
  const paths = [import.meta.filename, "/dev/null", "/etc/hostname", "/proc/self/maps"];
  const answers = await Promise.all(
    paths.map((path, i) => here.callForDescriptors<{ path: string }>("open", { path, turns: 2 * (i % 3) })),
  );
  for (const [i, { body, fds }] of answers.entries()) {
    assert.equal(body.path, paths[i]);
    assert.equal(fds.length, 1);
    assert.equal(fstatSync(fds[0] as number).ino, statSync(body.path).ino);
    closeSync(fds[0] as number);
  }
  assert.equal(given.length, paths.length);
  assert.deepEqual((await here.callForDescriptors("none")).fds, []);
  await assert.rejects(here.callForDescriptors("fail"), { code: "test.no" });
  // Not asked for: nothing stays open, and the next one gets its own.
  assert.deepEqual(await here.call("open", { path: "/dev/null", turns: 0 }), { path: "/dev/null" });
  const { fds } = await here.callForDescriptors("open", { path: import.meta.filename, turns: 0 });
  assert.equal(fstatSync(fds[0] as number).size, statSync(import.meta.filename).size);
  here.close();
  there.close();
});

test("a link closes on what no link sends, on too long a line, and when too much waits to be read", async (t) => {
  for (const line of ["null", "5", "[", '{"op":5}', '"x"', '{"n":1,"op":{}}', "x".repeat(2000)]) {
    await t.test(line.slice(0, 20), async () => {
      const [stream, other] = socketPair("stream");
      const writer = new Socket({ fd: stream });
      writer.on("error", () => {});
      const link = new Link(new Socket({ fd: other }), undefined, {}, { lineBytesMax: 1000 });
      const closed = new Promise<void>((resolve) => {
        link.onClose = resolve;
      });
      writer.write(line.length > 1000 ? line : `${line}\n`);
      await closed;
      writer.destroy();
    });
  }
  const [stream, other] = socketPair("stream");
  const silent = new Socket({ fd: stream });
  silent.on("error", () => {});
  silent.pause();
  const link = new Link(
    new Socket({ fd: other }),
    undefined,
    { much: () => "x".repeat(100_000) },
    { queueBytesMax: 500_000 },
  );
  const closed = new Promise<void>((resolve) => {
    link.onClose = resolve;
  });
  // More than the kernel holds for one who does not read.
  for (let n = 1; n <= 40; n++) silent.write(`{"n":${n},"op":"much"}\n`);
  await closed;
  silent.destroy();
});
