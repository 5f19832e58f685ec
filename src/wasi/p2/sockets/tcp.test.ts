import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { conduitPair, resetConduit } from "../../../base/conduit.ts";
import { DescriptorTable } from "../../descriptor-table.ts";
import { errno } from "../../errno.ts";
import { Dialler } from "../../sockets/dialler.ts";
import { ListenerSocket } from "../../sockets/listener-socket.ts";
import { OutboundStub } from "../../sockets/testdata/outbound-stub.ts";
import { VirtualNetwork } from "../../sockets/virtual-network.ts";
import { type TestHost, type TestHostOptions, testHost, text } from "../testdata/test-host.ts";
import type { WitSocketAddress } from "./socket-address.ts";

// biome-ignore lint/suspicious/noExplicitAny: as the interface has it
type Any = any;

const done = { tag: "ok", val: undefined };

function v4(port: number, ...address: number[]): WitSocketAddress {
  return { tag: "ipv4", val: { port, address: address.length === 0 ? [127, 0, 0, 1] : address } };
}

function v6(port: number, ...address: number[]): WitSocketAddress {
  return {
    tag: "ipv6",
    val: { port, flowInfo: 0, address: [...address, 0, 0, 0, 0, 0, 0, 0].slice(0, 8), scopeId: 0 },
  };
}

function fails(result: Any, code: string): void {
  assert.deepEqual(result, { tag: "err", val: code });
}

function guest(options: TestHostOptions = {}) {
  const host = testHost(options);
  const network = host.call("sockets/instance-network", "instance-network");
  const call = (self: unknown, method: string, ...args: unknown[]): Any =>
    host.call("sockets/tcp", `[method]tcp-socket.${method}`, self, ...args);
  const get = (self: unknown, method: string, ...args: unknown[]): Any => {
    const result = call(self, method, ...args);
    assert.equal(result.tag, "ok", `${method} gave ${result.val}`);
    return result.val;
  };
  const create = (family: string = "ipv4"): Any =>
    host.call("sockets/tcp-create-socket", "create-tcp-socket", family).val;
  const listen = (address: WitSocketAddress): Any => {
    const socket = create(address.tag);
    get(socket, "start-bind", network, address);
    get(socket, "finish-bind");
    get(socket, "start-listen");
    get(socket, "finish-listen");
    return socket;
  };
  return { host, network, call, get, create, listen };
}

function read(host: TestHost, input: unknown): string {
  const { tag, val } = host.call("io/streams", "[method]input-stream.read", input, 100n);
  return tag === "ok" ? text(val) : val.tag;
}

function write(host: TestHost, output: unknown, contents: string): Any {
  return host.call("io/streams", "[method]output-stream.blocking-write-and-flush", output, Buffer.from(contents));
}

test("a guest listens in its own network, and the host finds it there", () => {
  const told: number[] = [];
  const network = new VirtualNetwork();
  network.onListen = (port) => told.push(port);
  const { host, get, call, listen } = guest({ network });
  const socket = listen(v4(8080, 0, 0, 0, 0));
  assert.deepEqual(told, [8080]);
  assert.equal(call(socket, "is-listening"), true);
  assert.equal(call(socket, "address-family"), "ipv4");
  assert.deepEqual(get(socket, "local-address"), v4(8080, 0, 0, 0, 0));
  fails(call(socket, "accept"), "would-block");
  const pollable = call(socket, "subscribe");
  assert.equal(pollable.ready(), false);
  const peer = network.listener(8080)!.connect({ ip: "10.0.0.1", port: 4000 }, { ip: "10.0.0.9", port: 8080 });
  assert.equal(pollable.ready(), true);
  const [accepted, input, output] = get(socket, "accept");
  assert.deepEqual(get(accepted, "remote-address"), v4(4000, 10, 0, 0, 1));
  assert.deepEqual(get(accepted, "local-address"), v4(8080, 10, 0, 0, 9));
  peer.output.push(Buffer.from("ping"));
  assert.equal(read(host, input), "ping");
  assert.equal(read(host, input), "");
  assert.deepEqual(write(host, output, "pong"), done);
  assert.equal(text(peer.input.shift()!), "pong");
  peer.output.end();
  assert.equal(read(host, input), "closed");
  // The socket may be dropped before its streams, which hold the connection.
  host.call("sockets/tcp", "[resource-drop]tcp-socket", accepted);
  assert.deepEqual(write(host, output, "still"), done);
  host.call("io/streams", "[resource-drop]output-stream", output);
  assert.equal(peer.input.closed, false);
  host.call("io/streams", "[resource-drop]input-stream", input);
  assert.equal(peer.input.closed, true);
  host.call("sockets/tcp", "[resource-drop]tcp-socket", socket);
  assert.equal(network.listener(8080), undefined);
});

test("a guest connects to itself", () => {
  const { host, network, get, create, listen } = guest();
  const listener = listen(v4(0));
  const socket = create();
  get(socket, "start-connect", network, get(listener, "local-address"));
  const [input, output] = get(socket, "finish-connect");
  const [, otherInput, otherOutput] = get(listener, "accept");
  write(host, output, "there");
  assert.equal(read(host, otherInput), "there");
  write(host, otherOutput, "back");
  assert.equal(read(host, input), "back");
  get(socket, "shutdown", "send");
  assert.equal(read(host, otherInput), "closed");
  assert.equal(write(host, output, "more").val.tag, "closed");
  write(host, otherOutput, "late");
  get(socket, "shutdown", "receive");
  get(socket, "shutdown", "both");
  assert.equal(read(host, input), "closed");
});

test("a connection to the outside is waited for", async () => {
  const outbound = new OutboundStub();
  const opened = Promise.withResolvers<Any>();
  outbound.connect = () => opened.promise;
  const network = new VirtualNetwork();
  const { host, network: handle, call, get, create } = guest({ network, dialler: new Dialler(network, outbound) });
  const socket = create();
  get(socket, "start-connect", handle, v4(80, 8, 8, 8, 8));
  fails(call(socket, "finish-connect"), "would-block");
  fails(call(socket, "start-connect", handle, v4(80, 8, 8, 8, 8)), "concurrency-conflict");
  const blocked = call(socket, "subscribe").block();
  assert.ok(host.thread.parked);
  const [end, peer] = conduitPair({ ip: "10.0.0.1", port: 1 }, { ip: "8.8.8.8", port: 80 });
  opened.resolve(end);
  await blocked;
  const [input, output] = get(socket, "finish-connect");
  fails(call(socket, "finish-connect"), "not-in-progress");
  fails(call(socket, "start-listen"), "invalid-state");
  assert.deepEqual(get(socket, "remote-address"), v4(80, 8, 8, 8, 8));
  peer.output.push(Buffer.from("a"));
  resetConduit(peer);
  assert.equal(read(host, input), "a");
  const failed = host.call("io/streams", "[method]input-stream.read", input, 1n).val;
  assert.equal(host.call("sockets/network", "network-error-code", failed.val), "connection-reset");
  assert.equal(read(host, input), "closed");
  assert.equal(write(host, output, "x").val.tag, "closed");
});

test("what cannot be connected to leaves the socket closed", async () => {
  const outbound = new OutboundStub();
  outbound.connect = async () => -errno.CONNREFUSED;
  const network = new VirtualNetwork();
  for (const [dialler, code] of [
    [new Dialler(network), "access-denied"],
    [new Dialler(network, outbound), "connection-refused"],
  ] as const) {
    const { network: handle, call, get, create } = guest({ network, dialler });
    const socket = create();
    get(socket, "start-connect", handle, v4(80, 8, 8, 8, 8));
    await turn();
    assert.equal(call(socket, "subscribe").ready(), true);
    fails(call(socket, "finish-connect"), code);
    fails(call(socket, "start-connect", handle, v4(80, 8, 8, 8, 8)), "invalid-state");
    fails(call(socket, "start-bind", handle, v4(80)), "invalid-state");
    fails(call(socket, "keep-alive-enabled"), "invalid-state");
    fails(call(socket, "local-address"), "invalid-state");
  }
});

test("calls out of order", () => {
  const { network, call, get, create, listen } = guest();
  const socket = create();
  for (const name of ["finish-bind", "finish-connect", "finish-listen"]) fails(call(socket, name), "not-in-progress");
  for (const name of ["start-listen", "accept", "local-address", "remote-address"])
    fails(call(socket, name), "invalid-state");
  fails(call(socket, "shutdown", "both"), "invalid-state");
  get(socket, "start-bind", network, v4(80));
  fails(call(socket, "local-address"), "invalid-state");
  fails(call(socket, "start-bind", network, v4(80)), "concurrency-conflict");
  fails(call(socket, "start-connect", network, v4(80)), "concurrency-conflict");
  get(socket, "finish-bind");
  fails(call(socket, "start-bind", network, v4(80)), "invalid-state");
  get(socket, "start-listen");
  fails(call(socket, "accept"), "invalid-state");
  get(socket, "finish-listen");
  fails(call(socket, "start-connect", network, v4(80)), "invalid-state");
  fails(call(create(), "start-bind", network, v4(80)), "address-in-use");
  const others = [create(), create()];
  for (const other of others) {
    get(other, "start-bind", network, v4(81));
    get(other, "finish-bind");
  }
  get(others[0], "start-listen");
  fails(call(others[1], "start-listen"), "address-in-use");
  assert.equal(call(listen(v6(80, 0)), "is-listening"), true);
});

test("addresses that no socket has", () => {
  const { network, call, create } = guest();
  const mapped = [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1];
  for (const [family, address] of [
    ["ipv4", v6(80, 0)],
    ["ipv6", v4(80)],
    ["ipv4", v4(80, 224, 0, 0, 1)],
    ["ipv4", v4(80, 255, 255, 255, 255)],
    ["ipv6", v6(80, 0xff02)],
    ["ipv6", v6(80, ...mapped)],
  ] as const) {
    fails(call(create(family), "start-bind", network, address), "invalid-argument");
    fails(call(create(family), "start-connect", network, address), "invalid-argument");
  }
  for (const [family, address] of [
    ["ipv4", v4(0)],
    ["ipv4", v4(80, 0, 0, 0, 0)],
    ["ipv6", v6(80)],
  ] as const) {
    fails(call(create(family), "start-connect", network, address), "invalid-argument");
  }
});

test("options are kept, and inherited by what is accepted", () => {
  const { host, network, call, get, create, listen } = guest();
  const socket = listen(v4(80));
  for (const name of ["keep-alive-idle-time", "keep-alive-interval"]) {
    fails(call(socket, `set-${name}`, 0n), "invalid-argument");
    get(socket, `set-${name}`, 1_500_000_000n);
    assert.equal(get(socket, name), 2_000_000_000n);
    get(socket, `set-${name}`, 2n ** 64n - 1n);
    assert.equal(get(socket, name), 32_767_000_000_000n);
  }
  fails(call(socket, "set-hop-limit", 0), "invalid-argument");
  fails(call(socket, "set-keep-alive-count", 0), "invalid-argument");
  fails(call(socket, "set-listen-backlog-size", 0n), "invalid-argument");
  get(socket, "set-listen-backlog-size", 2n ** 64n - 1n);
  get(socket, "set-hop-limit", 7);
  get(socket, "set-keep-alive-count", 2 ** 32 - 1);
  get(socket, "set-keep-alive-enabled", true);
  for (const name of ["receive-buffer-size", "send-buffer-size"]) {
    fails(call(socket, `set-${name}`, 0n), "invalid-argument");
    get(socket, `set-${name}`, 2n ** 64n - 1n);
    assert.equal(get(socket, name), 2n ** 31n - 1n);
  }
  const client = create();
  get(client, "start-connect", network, v4(80));
  get(client, "finish-connect");
  fails(call(client, "set-listen-backlog-size", 1n), "invalid-state");
  const [accepted] = get(socket, "accept");
  assert.deepEqual(
    ["keep-alive-enabled", "keep-alive-count", "hop-limit", "send-buffer-size"].map((name) => get(accepted, name)),
    [true, 127, 7, 2n ** 31n - 1n],
  );
  assert.ok(host.table.size > 0);
});

test("a listener that the host handed is taken by binding its port", () => {
  const network = new VirtualNetwork();
  const table = new DescriptorTable();
  const listener = network.listen({ ip: "127.0.0.1", port: 8080 });
  assert.ok(typeof listener !== "number");
  const handed = new ListenerSocket(listener, { handed: true });
  const { host, get, listen } = guest({ network, table, handed: new Set([handed]) });
  table.add(handed);
  const peer = listener.connect({ ip: "10.0.0.1", port: 1 });
  const size = table.size;
  const socket = listen(v4(8080, 0, 0, 0, 0));
  assert.equal(table.size, size);
  assert.ok(listener.listening);
  const [, input] = get(socket, "accept");
  peer.output.push(Buffer.from("hello"));
  assert.equal(read(host, input), "hello");
});

test("a guest has no more sockets than its descriptors", () => {
  const network = new VirtualNetwork();
  const { host, call, listen } = guest({ network, table: new DescriptorTable({ descriptorsMax: 4 }) });
  const socket = listen(v4(80));
  fails(host.call("sockets/tcp-create-socket", "create-tcp-socket", "ipv4"), "new-socket-limit");
  fails(host.call("sockets/udp-create-socket", "create-udp-socket", "ipv4"), "new-socket-limit");
  network.listener(80)!.connect({ ip: "10.0.0.1", port: 1 });
  fails(call(socket, "accept"), "new-socket-limit");
  assert.equal(network.listener(80)!.pending, 1);
});

test("a connection that is dropped while it is being opened is broken off", async () => {
  const outbound = new OutboundStub();
  let aborted = false;
  outbound.connect = (_to, signal) => {
    signal.addEventListener("abort", () => (aborted = true));
    return new Promise(() => {});
  };
  const network = new VirtualNetwork();
  const { host, network: handle, get, call, create } = guest({ network, dialler: new Dialler(network, outbound) });
  const socket = create();
  get(socket, "start-connect", handle, v4(80, 8, 8, 8, 8));
  const pollable = call(socket, "subscribe");
  host.call("sockets/tcp", "[resource-drop]tcp-socket", socket);
  assert.ok(aborted);
  assert.equal(pollable.ready(), true);
});
