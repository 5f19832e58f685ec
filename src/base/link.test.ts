import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { test } from "node:test";
import { WarrenError } from "./errors.ts";
import type { Handler } from "./link.ts";
import { Link } from "./link.ts";
import {
  boundAddress,
  listenTcp,
  listenUnix,
  receiveDescriptors,
  sendDescriptors,
  socketPair,
} from "./native-socket.ts";

function linkPair(handlers: Record<string, Handler>): [Link, Link] {
  const [stream, otherStream] = socketPair("stream");
  const [lane, otherLane] = socketPair("seqpacket");
  return [
    new Link(new Socket({ fd: stream }), lane, {}),
    new Link(new Socket({ fd: otherStream }), otherLane, handlers),
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
