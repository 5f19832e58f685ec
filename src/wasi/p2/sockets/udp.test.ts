import assert from "node:assert/strict";
import { test } from "node:test";
import { testPeer } from "../../../base/test-peer.ts";
import { DescriptorTable } from "../../descriptor-table.ts";
import { errno } from "../../errno.ts";
import { DatagramSocket } from "../../sockets/datagram.ts";
import { Dialler } from "../../sockets/dialler.ts";
import { OutboundStub } from "../../sockets/testdata/outbound-stub.ts";
import { VirtualNetwork } from "../../sockets/virtual-network.ts";
import { type TestHostOptions, testHost, text } from "../testdata/test-host.ts";
import type { WitSocketAddress } from "./socket-address.ts";

// biome-ignore lint/suspicious/noExplicitAny: as the interface has it
type Any = any;

const trapped = WebAssembly.RuntimeError;

function v4(port: number, ...address: number[]): WitSocketAddress {
  return { tag: "ipv4", val: { port, address: address.length === 0 ? [127, 0, 0, 1] : address } };
}

function fails(result: Any, code: string): void {
  assert.deepEqual(result, { tag: "err", val: code });
}

function guest(options: TestHostOptions = {}) {
  const host = testHost(options);
  const network = host.call("sockets/instance-network", "instance-network");
  const udp = (resource: string, self: unknown, method: string, ...args: unknown[]): Any =>
    host.call("sockets/udp", `[method]${resource}.${method}`, self, ...args);
  const call = (self: unknown, method: string, ...args: unknown[]) => udp("udp-socket", self, method, ...args);
  const bound = (port: number, family: string = "ipv4"): Any => {
    const socket = host.call("sockets/udp-create-socket", "create-udp-socket", family).val;
    assert.equal(call(socket, "start-bind", network, v4(port)).tag, "ok");
    assert.equal(call(socket, "finish-bind").tag, "ok");
    return socket;
  };
  const receive = (self: unknown, max: bigint = 100n) => udp("incoming-datagram-stream", self, "receive", max);
  const send = (self: unknown, ...datagrams: unknown[]) => {
    udp("outgoing-datagram-stream", self, "check-send");
    return udp("outgoing-datagram-stream", self, "send", datagrams);
  };
  return { host, network, call, udp, bound, receive, send };
}

function datagram(data: string | Uint8Array, remoteAddress?: WitSocketAddress) {
  return { data: Buffer.from(data as string), remoteAddress };
}

test("datagrams that a route brings are received with their senders, and answered", () => {
  const network = new VirtualNetwork();
  const { host, call, bound, receive, send } = guest({ network });
  const socket = bound(53);
  const [incoming, outgoing] = call(socket, "stream", undefined).val;
  const pollable = host.call("sockets/udp", "[method]incoming-datagram-stream.subscribe", incoming);
  assert.equal(pollable.ready(), false);
  assert.deepEqual(receive(incoming), { tag: "ok", val: [] });
  const answers: string[] = [];
  const peer = testPeer({ ip: "10.0.0.1", port: 4000 }, (data) => answers.push(data));
  for (const data of ["one", "two", "three"]) network.datagram(53)!.deliver(Buffer.from(data), peer);
  assert.equal(pollable.ready(), true);
  assert.deepEqual(receive(incoming, 0n), { tag: "ok", val: [] });
  const first = receive(incoming, 2n).val;
  assert.deepEqual(
    first.map(({ data, remoteAddress }: Any) => [text(data), remoteAddress]),
    [
      ["one", v4(4000, 10, 0, 0, 1)],
      ["two", v4(4000, 10, 0, 0, 1)],
    ],
  );
  assert.equal(receive(incoming, 2n ** 64n - 1n).val.length, 1);
  assert.deepEqual(send(outgoing, datagram("answer", v4(4000, 10, 0, 0, 1))), { tag: "ok", val: 1n });
  assert.deepEqual(answers, ["answer"]);
  fails(send(outgoing, datagram("x", v4(80, 8, 8, 8, 8))), "access-denied");
  // What was sent before an error counts.
  assert.deepEqual(send(outgoing, datagram("a", v4(4000, 10, 0, 0, 1)), datagram("b", v4(80, 8, 8, 8, 8))), {
    tag: "ok",
    val: 1n,
  });
});

test("sending needs a permit", () => {
  const { call, udp, bound, send } = guest();
  const [, outgoing] = call(bound(53), "stream", undefined).val;
  const to = v4(53);
  assert.throws(() => udp("outgoing-datagram-stream", outgoing, "send", [datagram("a", to)]), trapped);
  assert.deepEqual(udp("outgoing-datagram-stream", outgoing, "send", []), { tag: "ok", val: 0n });
  assert.equal(send(outgoing, datagram("a", to)).val, 1n);
  assert.throws(() => udp("outgoing-datagram-stream", outgoing, "send", [datagram("a", to)]), trapped);
  const many = Array.from({ length: 17 }, () => datagram("a", to));
  assert.throws(() => send(outgoing, ...many), trapped);
});

test("a stream for one peer sends to it and hears of no other", () => {
  const { host, call, bound, receive, send } = guest();
  const [socket, peer, other] = [bound(1000), bound(1001), bound(1002)];
  fails(call(socket, "remote-address"), "invalid-state");
  const [incoming, outgoing] = call(socket, "stream", v4(1001)).val;
  assert.deepEqual(call(socket, "remote-address").val, v4(1001));
  assert.throws(() => call(socket, "stream", undefined), trapped);
  const [peerIn, peerOut] = call(peer, "stream", undefined).val;
  const [, otherOut] = call(other, "stream", undefined).val;
  assert.equal(send(outgoing, datagram("to"), datagram("too", v4(1001))).val, 2n);
  fails(send(outgoing, datagram("no", v4(1002))), "invalid-argument");
  assert.equal(receive(peerIn).val.length, 2);
  send(otherOut, datagram("stranger", v4(1000)));
  send(peerOut, datagram("back", v4(1000)));
  fails(send(peerOut, datagram("nowhere")), "invalid-argument");
  assert.deepEqual(
    receive(incoming).val.map(({ data }: Any) => text(data)),
    ["back"],
  );
  host.call("sockets/udp", "[resource-drop]incoming-datagram-stream", incoming);
  host.call("sockets/udp", "[resource-drop]outgoing-datagram-stream", outgoing);
  assert.equal(call(socket, "stream", undefined).tag, "ok");
  fails(call(socket, "remote-address"), "invalid-state");
});

test("a stream for one peer gives nothing that others sent before, and tells by sending whether it may", () => {
  const { call, bound, receive, send } = guest();
  const [socket, one, other] = [bound(1000), bound(1001), bound(1002)];
  const outs = [one, other].map((peer) => call(peer, "stream", v4(1000)).val[1]);
  for (const i of [0, 1, 0]) send(outs[i], datagram("from a peer"));
  const [incoming] = call(socket, "stream", v4(1002)).val;
  assert.deepEqual(
    receive(incoming).val.map(({ remoteAddress }: Any) => remoteAddress),
    [v4(1002)],
  );
  const away = guest();
  const unspecified = away.host.call("sockets/udp-create-socket", "create-udp-socket", "ipv4").val;
  away.call(unspecified, "start-bind", away.network, v4(7, 0, 0, 0, 0));
  away.call(unspecified, "finish-bind");
  assert.deepEqual(away.call(unspecified, "local-address").val, v4(7, 0, 0, 0, 0));
  const [, outgoing] = away.call(unspecified, "stream", v4(4321)).val;
  assert.deepEqual(away.call(unspecified, "local-address").val, v4(7));
  fails(away.send(outgoing, datagram("a")), "access-denied");
});

test("calls out of order, and addresses that no datagram goes to", () => {
  const { host, network, call, bound, send } = guest();
  const socket = host.call("sockets/udp-create-socket", "create-udp-socket", "ipv4").val;
  fails(call(socket, "finish-bind"), "not-in-progress");
  fails(call(socket, "stream", undefined), "invalid-state");
  fails(call(socket, "local-address"), "invalid-state");
  fails(call(socket, "start-bind", network, v4(1, 224, 0, 0, 1)), "invalid-argument");
  assert.equal(call(socket, "start-bind", network, v4(0)).tag, "ok");
  fails(call(socket, "start-bind", network, v4(0)), "concurrency-conflict");
  assert.equal(call(socket, "finish-bind").tag, "ok");
  fails(call(socket, "start-bind", network, v4(0)), "invalid-state");
  assert.ok(call(socket, "local-address").val.val.port >= 49152);
  for (const address of [v4(0), v4(1, 0, 0, 0, 0), { tag: "ipv6", val: { port: 1, address: Array(8).fill(1) } }]) {
    fails(call(socket, "stream", address), "invalid-argument");
  }
  const [, outgoing] = call(socket, "stream", undefined).val;
  fails(send(outgoing, datagram("a", v4(0))), "invalid-argument");
  fails(send(outgoing, datagram(Buffer.alloc(65_508), v4(1))), "datagram-too-large");
  fails(send(outgoing, datagram("a", v4(1, 8, 8, 8, 8))), "access-denied");
  const [, own] = call(bound(1), "stream", v4(1)).val;
  fails(send(own, datagram(Buffer.alloc(65_508))), "datagram-too-large");
  const again = host.call("sockets/udp-create-socket", "create-udp-socket", "ipv4").val;
  fails(call(again, "start-bind", network, v4(1)), "address-in-use");
});

test("an error of an earlier datagram is told, once", () => {
  const network = new VirtualNetwork();
  const { call, bound, receive } = guest({ network, dialler: new Dialler(network, new OutboundStub()) });
  const [incoming] = call(bound(53), "stream", undefined).val;
  network.datagram(53)!.deliver(Buffer.from("late"), testPeer({ ip: "10.0.0.1", port: 4000 }));
  network.datagram(53)!.fail(errno.CONNREFUSED);
  fails(receive(incoming), "connection-refused");
  assert.equal(receive(incoming).val.length, 1);
});

test("options are kept", () => {
  const { call, bound } = guest();
  const socket = bound(53);
  fails(call(socket, "set-unicast-hop-limit", 0), "invalid-argument");
  assert.equal(call(socket, "set-unicast-hop-limit", 9).tag, "ok");
  assert.equal(call(socket, "unicast-hop-limit").val, 9);
  for (const name of ["receive-buffer-size", "send-buffer-size"]) {
    fails(call(socket, `set-${name}`, 0n), "invalid-argument");
    assert.equal(call(socket, `set-${name}`, 5000n).tag, "ok");
    assert.equal(call(socket, name).val, 5000n);
  }
  assert.equal(call(socket, "address-family"), "ipv4");
  assert.equal(call(socket, "subscribe").ready(), true);
});

test("a socket that the host handed is taken by binding its port", () => {
  const network = new VirtualNetwork();
  const table = new DescriptorTable();
  const handed = new DatagramSocket(true);
  network.bind(handed, { ip: "127.0.0.1", port: 53 });
  const { host, call, bound, receive } = guest({ network, table, handed: new Set([handed]) });
  table.add(handed);
  handed.deliver(Buffer.from("early"), testPeer({ ip: "10.0.0.1", port: 4000 }));
  const size = table.size;
  const socket = bound(53);
  const [incoming, outgoing] = call(socket, "stream", undefined).val;
  assert.equal(text(receive(incoming).val[0].data), "early");
  host.call("sockets/udp", "[resource-drop]udp-socket", socket);
  host.call("sockets/udp", "[resource-drop]incoming-datagram-stream", incoming);
  assert.equal(handed.closed, false);
  host.call("sockets/udp", "[resource-drop]outgoing-datagram-stream", outgoing);
  assert.equal(handed.closed, true);
  assert.equal(table.size, size - 1);
});
