import assert from "node:assert/strict";
import { test } from "node:test";
import { resetConduit } from "../../base/conduit.ts";
import { WarrenError } from "../../base/errors.ts";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { Connection } from "./connection.ts";
import { ListenerSocket } from "./listener-socket.ts";
import { VirtualListener } from "./virtual-listener.ts";

const address = { ip: "127.0.0.1", port: 8080 };
const client = { ip: "192.0.2.1", port: 4000 };

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof WarrenError && error.code === expected && error.status === 503;
}

test("connect() queues connections that accept() gives in order, with both addresses", () => {
  const listener = new VirtualListener(address);
  const socket = new ListenerSocket(listener, { handed: true });
  assert.equal(socket.accept(), -errno.AGAIN);
  const dialled = [1, 2].map((port) => listener.connect({ ip: "192.0.2.1", port }));
  assert.equal(listener.pending, 2);
  for (const [i, end] of dialled.entries()) {
    const connection = socket.accept();
    assert.ok(connection instanceof Connection);
    assert.deepEqual([connection.local, connection.remote], [address, { ip: "192.0.2.1", port: i + 1 }]);
    end.output.push(Buffer.from(`from ${i}`));
    const buffer = new Uint8Array(16);
    assert.equal(connection.read([buffer]), 6);
  }
});

test("connect() refuses when the backlog is full of clients that still wait", () => {
  const listener = new VirtualListener(address, { backlogMax: 2 });
  const first = listener.connect(client);
  listener.connect(client);
  assert.throws(() => listener.connect(client), code("service.backlog-full"));
  resetConduit(first);
  listener.connect(client);
  assert.throws(() => listener.connect(client), code("service.backlog-full"));
});

test("connect() refuses when there is no room, and tells who decides how many wait", () => {
  const asked: number[] = [];
  const listener = new VirtualListener(address, { hasRoom: (waiting) => asked.push(waiting) < 3 });
  listener.connect(client).output.push(Buffer.from("abc"));
  listener.connect(client).output.push(Buffer.from("d"));
  assert.throws(() => listener.connect(client), code("limits.memory"));
  assert.deepEqual(asked, [0, 1, 2]);
  assert.equal(listener.waitingBytes, 4);
});

test("accept() passes over clients that have gone", () => {
  const listener = new VirtualListener(address);
  resetConduit(listener.connect(client));
  listener.connect({ ip: "192.0.2.1", port: 2 });
  assert.equal(listener.accept()?.remote.port, 2);
  assert.equal(listener.accept(), undefined);
});

test("accept() gives a connection that its client closed in order, with what it sent", () => {
  const listener = new VirtualListener(address);
  const { input, output } = listener.connect(client);
  output.push(Buffer.from("all"));
  output.end();
  input.cancel();
  const accepted = listener.accept();
  const bytes = new Uint8Array(8);
  assert.equal(accepted?.input.read(bytes), 3);
  assert.equal(accepted?.input.finished, true);
});

test("close() resets those that wait and refuses new ones", () => {
  const listener = new VirtualListener(address);
  const socket = new ListenerSocket(listener, { handed: true });
  const end = listener.connect(client);
  socket.close();
  assert.equal(end.input.failure?.code, "connection.reset");
  assert.throws(() => listener.connect(client), code("service.unavailable"));
});

test("a listener listens once the guest accepts or polls, and says so once", () => {
  for (const look of [(socket: ListenerSocket) => socket.accept(), (socket: ListenerSocket) => socket.poll("read")]) {
    const listener = new VirtualListener(address);
    const socket = new ListenerSocket(listener, { handed: true });
    let told = 0;
    listener.onListen = () => told++;
    assert.equal(listener.listening, false);
    look(socket);
    look(socket);
    assert.equal(listener.listening, true);
    assert.equal(told, 1);
  }
});

test("a handed listener blocks those who just accept, and is non-blocking for those who ask or poll", () => {
  const make = () => new ListenerSocket(new VirtualListener(address), { handed: true });
  const plain = make();
  plain.accept();
  assert.equal(plain.flags & fdflags.nonblock, 0);
  const asked = make();
  assert.equal(asked.tellFlags() & fdflags.nonblock, fdflags.nonblock);
  assert.equal(asked.flags & fdflags.nonblock, fdflags.nonblock);
  const polled = make();
  polled.poll("read");
  assert.equal(polled.flags & fdflags.nonblock, fdflags.nonblock);
  polled.flags = 0;
  polled.poll("read");
  assert.equal(polled.flags, 0);
});

test("a listener wakes and is ready when a connection comes", () => {
  const listener = new VirtualListener(address);
  const socket = new ListenerSocket(listener, { handed: true });
  let wakes = 0;
  socket.wake = () => wakes++;
  assert.equal(socket.poll("read"), undefined);
  listener.connect(client);
  assert.equal(wakes, 1);
  assert.deepEqual(socket.poll("read"), { bytes: 1, hangup: false });
});
