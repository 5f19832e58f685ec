import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../base/address.ts";
import { testPeer } from "../../base/test-peer.ts";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { DatagramSocket } from "./datagram.ts";

const peer = { ip: "192.0.2.1", port: 4000 };

function bound(): DatagramSocket {
  const socket = new DatagramSocket();
  socket.bind({ ip: "127.0.0.1", port: 53 });
  return socket;
}

test("receive() takes whole datagrams and cuts off what does not fit", () => {
  const socket = bound();
  assert.equal(socket.receive([new Uint8Array(8)], false), -errno.AGAIN);
  socket.deliver(Buffer.from("abcdef"), testPeer(peer));
  socket.deliver(Buffer.from("second"), testPeer(peer));
  assert.equal(socket.poll("read")?.bytes, 6);
  const parts = [Buffer.alloc(2), Buffer.alloc(2)];
  assert.deepEqual(socket.receive(parts, true), { count: 4, from: peer, truncated: true });
  assert.deepEqual(socket.receive(parts, false), { count: 4, from: peer, truncated: true });
  assert.equal(Buffer.concat(parts).toString(), "abcd");
  const whole = Buffer.alloc(16);
  assert.equal(socket.read([whole]), 6);
  assert.equal(whole.toString("latin1", 0, 6), "second");
});

test("deliver() drops what a bounded queue does not hold", () => {
  const socket = bound();
  for (let i = 0; i < 1024; i++) assert.ok(socket.deliver(new Uint8Array(1), testPeer(peer)));
  assert.equal(socket.deliver(new Uint8Array(1), testPeer(peer)), false);
  const large = bound();
  while (large.deliver(new Uint8Array(65507), testPeer(peer)));
  assert.equal(large.dropped, 1);
  assert.ok(large.read([new Uint8Array(10)]) > 0);
  assert.ok(large.deliver(new Uint8Array(65507), testPeer(peer)));
  large.close();
  assert.equal(large.deliver(new Uint8Array(1), testPeer(peer)), false);
});

test("send() answers those who wrote, and nobody else", () => {
  const socket = bound();
  const sent: [string, Address][] = [];
  assert.equal(socket.write([Buffer.from("x")]), -errno.DESTADDRREQ);
  assert.equal(socket.send([Buffer.from("x")], peer), -errno.ACCES);
  socket.deliver(
    Buffer.from("hello"),
    testPeer(peer, (answer) => sent.push([answer, peer])),
  );
  assert.equal(socket.send([Buffer.from("a"), Buffer.from("b")], peer), 2);
  assert.equal(socket.send([Buffer.from("x")], { ...peer, port: 1 }), -errno.ACCES);
  assert.equal(socket.send([new Uint8Array(65508)], peer), -errno.MSGSIZE);
  socket.read([new Uint8Array(8)]);
  assert.equal(socket.write([Buffer.from("plain")]), 5);
  assert.deepEqual(sent, [
    ["ab", peer],
    ["plain", peer],
  ]);
});

test("a peer that is forgotten may be answered no more; one that comes another way is answered that way", () => {
  const socket = bound();
  const sent: string[] = [];
  const first = testPeer(peer, (answer) => sent.push(`first ${answer}`));
  socket.deliver(new Uint8Array(0), first);
  socket.deliver(
    new Uint8Array(0),
    testPeer(peer, (answer) => sent.push(`second ${answer}`)),
  );
  first.onEnd?.();
  assert.equal(socket.send([Buffer.from("x")], peer), 1);
  assert.deepEqual(sent, ["second x"]);
  socket.deliver(new Uint8Array(0), first);
  first.onEnd?.();
  assert.equal(socket.send([], peer), -errno.ACCES);
});

test("a datagram wakes, and the socket listens once the guest waits", () => {
  const socket = new DatagramSocket(true);
  socket.bind({ ip: "127.0.0.1", port: 53 });
  let listening = 0;
  let wakes = 0;
  socket.onListen = () => listening++;
  socket.wake = () => wakes++;
  socket.deliver(new Uint8Array(1), testPeer(peer));
  assert.deepEqual([socket.listening, wakes, socket.flags], [false, 1, 0]);
  assert.ok(socket.poll("read"));
  assert.deepEqual([socket.listening, listening, socket.flags], [true, 1, fdflags.nonblock]);
});
