import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { UnixDatagramSocket } from "./unix-datagram.ts";
import { VirtualNetwork } from "./virtual-network.ts";

function bound(network: VirtualNetwork, path: string): UnixDatagramSocket {
  const socket = new UnixDatagramSocket(network);
  assert.equal(network.bindUnix(socket, { path }), 0);
  return socket;
}

const bytes = (text: string) => [Buffer.from(text)];

function heard(socket: UnixDatagramSocket, room = 100): string | number {
  const buffer = Buffer.alloc(room);
  const received = socket.receive([buffer], false);
  if (typeof received === "number") return received;
  return `${buffer.toString("utf8", 0, received.count)} from ${received.from.path}${received.truncated ? ", cut" : ""}`;
}

test("UnixDatagramSocket sends whole datagrams to a name, with its own", () => {
  const network = new VirtualNetwork();
  const [a, b] = [bound(network, "/a"), bound(network, "/b")];
  assert.equal(a.send(bytes("one"), { path: "/b" }), 3);
  assert.equal(a.send(bytes("two"), { path: "/b" }), 3);
  assert.equal(new UnixDatagramSocket(network).send(bytes(""), { path: "/b" }), 0);
  assert.deepEqual(
    [heard(b), heard(b, 2), heard(b), heard(b)],
    ["one from /a", "tw from /a, cut", " from ", -errno.AGAIN],
  );
});

test("UnixDatagramSocket.connect() keeps it to one peer", () => {
  const network = new VirtualNetwork();
  const [a, b, c] = [bound(network, "/a"), bound(network, "/b"), bound(network, "/c")];
  assert.equal(a.write(bytes("x")), -errno.NOTCONN);
  assert.equal(a.connect({ path: "/b" }), 0);
  assert.equal(a.write(bytes("x")), 1);
  assert.equal(heard(b), "x from /a");
  assert.equal(c.send(bytes("x"), { path: "/a" }), -errno.PERM);
  assert.equal(b.send(bytes("y"), { path: "/a" }), 1);
  assert.equal(a.connect(undefined), 0);
  assert.equal(c.send(bytes("x"), { path: "/a" }), 1);
  assert.equal(a.connect({ path: "/none" }), -errno.CONNREFUSED);
});

test("UnixDatagramSocket waits for a receiver that has no room, and is woken when it has or is gone", () => {
  const network = new VirtualNetwork();
  const [a, b] = [bound(network, "/a"), bound(network, "/b")];
  let woken = 0;
  a.wake = () => woken++;
  a.connect({ path: "/b" });
  let sent = 0;
  while (a.write([Buffer.alloc(100_000)]) > 0) sent++;
  assert.equal(sent, 2);
  for (const leave of [() => heard(b), () => b.close()]) {
    const before = woken;
    assert.equal(a.write([Buffer.alloc(100_000)]), -errno.AGAIN);
    leave();
    assert.equal(woken, before + 1);
    a.write([Buffer.alloc(100_000)]);
  }
  assert.equal(a.write(bytes("x")), -errno.CONNREFUSED);
  assert.equal(a.write([Buffer.alloc(300_000)]), -errno.MSGSIZE);
});

test("a name is one socket's, of streams or of datagrams, until it is closed", () => {
  const network = new VirtualNetwork();
  const first = bound(network, "/a");
  assert.equal(network.bindUnix(new UnixDatagramSocket(network), { path: "/a" }), -errno.ADDRINUSE);
  assert.equal(network.listenUnix({ path: "/a" }), -errno.ADDRINUSE);
  first.close();
  const listener = network.listenUnix({ path: "/a" });
  assert.notEqual(typeof listener, "number");
  assert.equal(network.bindUnix(new UnixDatagramSocket(network), { path: "/a" }), -errno.ADDRINUSE);
});

test("UnixDatagramSocket counts what waits in it, and takes no more than the guest may hold", () => {
  let room = true;
  const network = new VirtualNetwork({ hasRoom: () => room });
  const [a, b] = [bound(network, "/a"), bound(network, "/b")];
  a.send(bytes("12345"), { path: "/b" });
  assert.equal(b.heldBytes, 5);
  room = false;
  assert.equal(a.send(bytes("1"), { path: "/b" }), -errno.NOBUFS);
});
