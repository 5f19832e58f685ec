import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { DatagramSocket } from "./datagram.ts";
import { VirtualListener } from "./virtual-listener.ts";
import { VirtualNetwork } from "./virtual-network.ts";

function listen(network: VirtualNetwork, port: number): VirtualListener {
  const listener = network.listen({ ip: "127.0.0.1", port });
  assert.ok(listener instanceof VirtualListener);
  return listener;
}

test("listen() refuses a port that is open, until it is closed", () => {
  const network = new VirtualNetwork();
  const listener = listen(network, 80);
  assert.equal(network.listen(listener.address), -errno.ADDRINUSE);
  assert.equal(network.listener(80), listener);
  listener.close();
  assert.equal(network.listener(80), undefined);
  listen(network, 80);
});

test("listener() without a port is the first that listens, or else the first", () => {
  const network = new VirtualNetwork();
  assert.equal(network.listener(), undefined);
  const [first, second] = [listen(network, 80), listen(network, 81)];
  assert.equal(network.listener(), first);
  const ports: number[] = [];
  network.onListen = (port) => ports.push(port);
  second.markListening();
  assert.equal(network.listener(), second);
  first.markListening();
  assert.equal(network.listener(), first);
  assert.deepEqual(ports, [81, 80]);
});

test("listenUnix() refuses a name that is open, until it is closed, and tells no route", () => {
  const network = new VirtualNetwork();
  network.onListen = () => assert.fail("no port");
  const name = { path: "/run/db.sock" };
  const listener = network.listenUnix(name);
  assert.ok(listener instanceof VirtualListener);
  listener.markListening();
  assert.equal(network.listenUnix(name), -errno.ADDRINUSE);
  assert.equal(network.unixListener(name), listener);
  assert.equal(network.listener(), undefined);
  listener.close();
  assert.equal(network.unixListener(name), undefined);
});

test("TCP and UDP have ports of their own", () => {
  const network = new VirtualNetwork();
  const address = { ip: "127.0.0.1", port: 53 };
  listen(network, 53);
  const socket = new DatagramSocket();
  assert.equal(network.bind(socket, address), 0);
  assert.equal(network.bind(new DatagramSocket(), address), -errno.ADDRINUSE);
  assert.equal(network.datagram(), socket);
  socket.close();
  assert.equal(network.datagram(53), undefined);
});

test("IPv4 and IPv6 have ports of their own; a socket on :: takes both, unless it is for IPv6 only", () => {
  const network = new VirtualNetwork();
  const four = listen(network, 80);
  const six = network.listen({ ip: "::1", port: 80 });
  assert.ok(six instanceof VirtualListener);
  assert.deepEqual([network.listener(80, 4), network.listener(80, 6), network.listener(80)], [four, six, four]);
  assert.equal(network.listen({ ip: "::", port: 80 }), -errno.ADDRINUSE);
  six.close();
  assert.equal(network.listener(80, 6), four);
  assert.equal(network.listen({ ip: "::", port: 80 }), -errno.ADDRINUSE);
  assert.ok(network.listen({ ip: "::", port: 80 }, true) instanceof VirtualListener);

  const any = new DatagramSocket();
  const only = new DatagramSocket();
  only.options.set("ipv6Only", 1);
  assert.equal(network.bind(only, { ip: "::", port: 53 }), 0);
  assert.equal(network.bind(any, { ip: "::", port: 53 }), -errno.ADDRINUSE);
  assert.equal(network.bind(any, { ip: "0.0.0.0", port: 53 }, { routed: false }), 0);
  assert.deepEqual([network.ownDatagram(53, 4), network.ownDatagram(53, 6)], [any, only]);
  assert.equal(network.datagram(53), only);
});

test("choosePort() finds a free one", () => {
  const network = new VirtualNetwork();
  assert.equal(network.choosePort("tcp"), 49152);
  listen(network, 49152);
  assert.equal(network.choosePort("tcp"), 49153);
  assert.equal(network.choosePort("udp"), 49152);
});
