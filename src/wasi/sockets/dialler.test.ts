import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../base/address.ts";
import { errno } from "../errno.ts";
import { Connection } from "./connection.ts";
import { DatagramSocket } from "./datagram.ts";
import { Dialler, type DiallerLimits, type Refusal } from "./dialler.ts";
import { OutboundStub, outsidePair } from "./testdata/outbound-stub.ts";
import { VirtualListener } from "./virtual-listener.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const outside: Address = { ip: "8.8.8.8", port: 443 };
const never = new AbortController().signal;

function make(limits: Partial<DiallerLimits> = {}, now?: () => number) {
  const network = new VirtualNetwork();
  const outbound = new OutboundStub();
  return { network, outbound, dialler: new Dialler(network, outbound, limits, now) };
}

function listen(network: VirtualNetwork, ip: string, port: number): VirtualListener {
  const listener = network.listen({ ip, port });
  assert.ok(listener instanceof VirtualListener);
  return listener;
}

test("connect() reaches the guest's own ports in memory, by every name of loopback", () => {
  const { network, outbound, dialler } = make();
  const listener = listen(network, "0.0.0.0", 80);
  for (const [ip, seen] of [
    ["127.0.0.1", "127.0.0.1"],
    ["127.9.9.9", "127.0.0.1"],
    ["0.0.0.0", "127.0.0.1"],
    ["::1", "::1"],
    ["::", "::1"],
  ] as const) {
    const end = dialler.connect({ ip, port: 80 }, never);
    assert.ok(typeof end === "object" && "output" in end);
    assert.deepEqual(end.remote, { ip: seen, port: 80 });
    assert.equal(listener.accept()?.remote.ip, seen);
  }
  assert.equal(outbound.connects.length, 0);
});

test("connectUnix() reaches what the guest listens on in memory, and goes out for another name", () => {
  const { network, outbound, dialler } = make();
  const remote = { path: "/tmp/own" };
  const listener = network.listenUnix(remote);
  assert.ok(listener instanceof VirtualListener);
  const ends = { local: { path: "/tmp/me" }, remote };
  const end = dialler.connectUnix(ends, never);
  assert.ok(typeof end === "object" && "output" in end);
  const accepted = listener.accept();
  assert.deepEqual(accepted?.remote, { ip: "/tmp/me", port: 0 });
  end.output.push(Buffer.from("x"));
  assert.equal(accepted.input.bytes, 1);
  assert.equal(outbound.connects.length, 0);
  listener.close();
  assert.ok(dialler.connectUnix(ends, never) instanceof Promise);
  assert.equal(outbound.connects.length, 1);
});

test("connect() to a port of its own never seems to come from that port", () => {
  const { network, dialler } = make();
  const port = network.choosePort("tcp");
  listen(network, "127.0.0.1", port);
  const end = dialler.connect({ ip: "127.0.0.1", port }, never);
  assert.ok(typeof end === "object" && "local" in end);
  assert.notEqual(end.local.port, port);
});

test("connect() goes out for everything else, loopback without a listener included", async () => {
  const { network, outbound, dialler } = make();
  listen(network, "127.0.0.1", 80);
  const others = [outside, { ip: "127.0.0.1", port: 81 }, { ip: "10.0.0.1", port: 80 }];
  const opening = others.map((to) => dialler.connect(to, never));
  assert.deepEqual(
    outbound.connects.map(({ to }) => to),
    others,
  );
  const [guest] = outsidePair(outside);
  outbound.connects[0]!.settle(guest);
  assert.equal(await opening[0], guest);
});

test("connect() is bounded, and an attempt that is over makes room", async () => {
  const { outbound, dialler } = make({ connectsMax: 2 });
  const first = dialler.connect(outside, never);
  void dialler.connect(outside, never);
  assert.equal(dialler.connect(outside, never), -errno.NOBUFS);
  outbound.connects[0]!.settle(-errno.CONNREFUSED);
  assert.equal(await first, -errno.CONNREFUSED);
  assert.ok(dialler.connect(outside, never) instanceof Promise);
});

test("connect() asks whether the guest may hold one more", () => {
  const network = new VirtualNetwork({ hasRoom: () => false });
  const dialler = new Dialler(network, new OutboundStub());
  assert.equal(dialler.connect(outside, never), -errno.NOBUFS);
});

test("resolve() is bounded at a time and by time", async () => {
  let now = 0;
  const { outbound, dialler } = make({ lookupsMax: 2, lookupsPerSecondMax: 3 }, () => now);
  const first = dialler.resolve("a.example", 4);
  void dialler.resolve("b.example", 4);
  assert.equal(dialler.resolve("c.example", 4), -errno.NOBUFS);
  outbound.lookups[0]!.settle(["8.8.8.8"]);
  assert.deepEqual(await first, ["8.8.8.8"]);
  const third = dialler.resolve("c.example", 4);
  outbound.lookups[2]!.settle(-errno.NOENT);
  assert.equal(await third, -errno.NOENT);
  assert.equal(dialler.resolve("d.example", 4), -errno.AGAIN);
  now += 400;
  assert.ok(dialler.resolve("d.example", 4) instanceof Promise);
});

test("what no grant allows is told, with and without a way out", async () => {
  const told: Refusal[] = [];
  const { outbound, dialler } = make();
  dialler.onRefused = (refusal) => told.push(refusal);
  const opening = dialler.connect(outside, never);
  outbound.connects[0]!.settle(-errno.ACCES);
  assert.equal(await opening, -errno.ACCES);
  outbound.datagramResult = -errno.ACCES;
  assert.equal(dialler.send(new DatagramSocket(false, dialler), new Uint8Array(1), outside), -errno.ACCES);
  const asking = dialler.resolve("api.example", 4);
  outbound.lookups[0]!.settle([outside.ip]);
  await asking;
  const again = dialler.connect(outside, never);
  outbound.connects[1]!.settle(-errno.ACCES);
  await again;
  assert.deepEqual(told.pop(), { kind: "connect", to: outside, name: "api.example" });
  const none = new Dialler(new VirtualNetwork());
  none.onRefused = (refusal) => told.push(refusal);
  assert.equal(none.connect(outside, never), -errno.ACCES);
  assert.equal(none.connectUnix({ local: { path: "" }, remote: { path: "/x" } }, never), -errno.ACCES);
  assert.equal(none.resolve("a.example", undefined), -errno.ACCES);
  assert.deepEqual(told, [
    { kind: "connect", to: outside },
    { kind: "send", to: outside },
    { kind: "connect", to: outside },
    { kind: "connect-unix", path: "/x" },
    { kind: "resolve", name: "a.example" },
  ]);
});

test("a socket that sends has a port, which no route finds, and answers come to it", () => {
  const { network, outbound, dialler } = make();
  const socket = new DatagramSocket(false, dialler);
  const buffer = Buffer.alloc(16);
  assert.equal(socket.send([Buffer.from("out")], outside), 3);
  assert.ok((socket.local?.port ?? 0) >= 49152);
  assert.equal(network.datagram(), undefined);
  const { receiver } = outbound.sent[0]!;
  receiver.deliver(Buffer.from("answer"), outside);
  assert.deepEqual(socket.receive([buffer], false), { count: 6, from: outside, truncated: false });
  assert.equal(socket.listening, true);
  receiver.fail(errno.CONNREFUSED);
  assert.deepEqual(socket.poll("read"), { bytes: 0, hangup: false });
  assert.equal(socket.receive([buffer], false), -errno.CONNREFUSED);
  assert.equal(socket.receive([buffer], false), -errno.AGAIN);
  assert.equal(outbound.open, 1);
  socket.close();
  assert.equal(outbound.open, 0);
});

test("the guest's own sockets send to each other, and a connected one hears of its peer only", () => {
  const { network, dialler } = make();
  const [one, two] = [new DatagramSocket(false, dialler), new DatagramSocket(false, dialler)];
  network.bind(one, { ip: "127.0.0.1", port: 5000 });
  assert.equal(two.connect({ ip: "127.0.0.1", port: 5000 }), 0);
  assert.equal(two.write([Buffer.from("hello")]), 5);
  const buffer = Buffer.alloc(16);
  const received = one.receive([buffer], false);
  assert.ok(typeof received === "object");
  assert.equal(received.from.port, two.local?.port);
  assert.equal(one.send([Buffer.from("back")], received.from), 4);
  assert.equal(two.read([buffer]), 4);
  assert.equal(two.answer(Buffer.from("x"), outside), false);
  assert.equal(two.shutdown(true, false), 0);
  assert.equal(two.read([buffer]), 0);
  assert.equal(one.shutdown(true, true), -errno.NOTCONN);
});

test("a connection that is being opened is told of its end, and given up when it is closed", async () => {
  const { outbound, dialler } = make();
  const connection = new Connection();
  let wakes = 0;
  connection.wake = () => wakes++;
  assert.equal(
    connection.connect((signal) => dialler.connect(outside, signal)),
    -errno.INPROGRESS,
  );
  assert.equal(
    connection.connect(() => 0),
    -errno.ALREADY,
  );
  assert.equal(connection.poll("write"), undefined);
  assert.equal(connection.read([new Uint8Array(1)]), -errno.AGAIN);
  assert.equal(connection.write([new Uint8Array(1)]), -errno.AGAIN);
  outbound.connects[0]!.settle(-errno.CONNREFUSED);
  await new Promise(setImmediate);
  assert.equal(wakes, 1);
  assert.deepEqual(connection.poll("write"), { bytes: 0, hangup: true });
  assert.equal(connection.takeError(), errno.CONNREFUSED);
  assert.equal(connection.takeError(), 0);
  assert.equal(connection.read([new Uint8Array(1)]), -errno.NOTCONN);

  connection.connect((signal) => dialler.connect(outside, signal));
  connection.close();
  assert.equal(outbound.connects[1]!.signal.aborted, true);

  // One that was opened although it had been given up is closed.
  const late = new Connection();
  const opened = Promise.withResolvers<ReturnType<typeof outsidePair>[0]>();
  late.connect(() => opened.promise);
  late.close();
  const [guest, far] = outsidePair(outside);
  opened.resolve(guest);
  await new Promise(setImmediate);
  assert.equal(far.input.closed && far.output.cancelled, true);
});

test("SO_LINGER of no time resets, and the way out is closed with its guest", () => {
  const { outbound, dialler } = make();
  const [guest, far] = outsidePair(outside);
  const connection = new Connection(guest);
  connection.options.linger = 0;
  connection.close();
  assert.equal(far.input.failure?.code, "connection.reset");
  dialler.close();
  assert.equal(outbound.closed, 1);
});
