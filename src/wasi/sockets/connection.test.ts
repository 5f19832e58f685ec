import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conduit, conduitPair, resetConduit } from "../../base/conduit.ts";
import { errno } from "../errno.ts";
import { Connection } from "./connection.ts";

const client = { ip: "192.0.2.1", port: 4000 };
const server = { ip: "127.0.0.1", port: 80 };

function connect(bytesMax?: number): { end: Conduit; connection: Connection } {
  const [end, accepted] = conduitPair(client, server, bytesMax);
  return { end, connection: new Connection(accepted) };
}

function read(connection: Connection, ...sizes: number[]): string | number {
  const buffers = sizes.map((size) => new Uint8Array(size));
  const count = connection.read(buffers);
  return count < 0 ? count : Buffer.concat(buffers).subarray(0, count).toString();
}

test("read() fills buffers across chunks, then says AGAIN, then the end", () => {
  const { end, connection } = connect();
  assert.equal(read(connection, 4), -errno.AGAIN);
  end.output.push(Buffer.from("abc"));
  end.output.push(Buffer.from("defgh"));
  assert.equal(read(connection, 2, 3), "abcde");
  assert.equal(read(connection, 16), "fgh");
  assert.equal(read(connection, 4), -errno.AGAIN);
  assert.equal(read(connection), "");
  end.output.end();
  assert.equal(read(connection, 4), "");
});

test("receive() with peek leaves the bytes", () => {
  const { end, connection } = connect();
  end.output.push(Buffer.from("abc"));
  const buffer = Buffer.alloc(2);
  assert.equal(connection.receive([buffer], true), 2);
  assert.equal(buffer.toString(), "ab");
  assert.equal(read(connection, 8), "abc");
});

test("read() gives what came before a reset, then CONNRESET", () => {
  const { end, connection } = connect();
  end.output.push(Buffer.from("abc"));
  resetConduit(end);
  assert.equal(read(connection, 8), "abc");
  assert.equal(read(connection, 8), -errno.CONNRESET);
  assert.equal(connection.write([Buffer.from("x")]), -errno.PIPE);
});

test("write() takes one queue's length at most and says AGAIN when it is full", () => {
  const { end, connection } = connect(8);
  assert.equal(connection.write([Buffer.from("abcdef"), Buffer.from("ghijkl")]), 8);
  assert.equal(connection.poll("write"), undefined);
  assert.equal(connection.write([Buffer.from("x")]), -errno.AGAIN);
  let wakes = 0;
  connection.wake = () => wakes++;
  assert.equal(Buffer.from(end.input.shift() ?? []).toString(), "abcdefgh");
  assert.equal(wakes, 1);
  assert.deepEqual(connection.poll("write"), { bytes: 8, hangup: false });
});

test("write() copies: the guest may use its buffer again", () => {
  const { end, connection } = connect();
  const buffer = Buffer.from("abc");
  connection.write([buffer]);
  buffer.fill(0);
  assert.equal(Buffer.from(end.input.shift() ?? []).toString(), "abc");
});

test("write() says PIPE once the reader has gone, and shutdown closes one direction", () => {
  const { end, connection } = connect();
  assert.equal(connection.shutdown(false, false), -errno.INVAL);
  assert.equal(connection.shutdown(false, true), 0);
  assert.ok(end.input.finished);
  assert.equal(connection.write([Buffer.from("x")]), -errno.PIPE);
  end.output.push(Buffer.from("late"));
  assert.equal(read(connection, 8), "late");
  assert.equal(connection.shutdown(true, false), 0);
  assert.equal(read(connection, 8), "");
  assert.ok(end.output.cancelled);
});

test("poll() reports bytes, half-closed and broken connections", () => {
  const { end, connection } = connect();
  assert.equal(connection.poll("read"), undefined);
  end.output.push(Buffer.from("abc"));
  assert.deepEqual(connection.poll("read"), { bytes: 3, hangup: false });
  end.output.end();
  assert.deepEqual(connection.poll("read"), { bytes: 3, hangup: false });
  assert.deepEqual(connection.poll("write"), { bytes: 65536, hangup: false });
  read(connection, 8);
  assert.deepEqual(connection.poll("read"), { bytes: 0, hangup: true });
  end.input.cancel();
  assert.deepEqual(connection.poll("write"), { bytes: 0, hangup: true });
});

test("a reset wakes and hangs up both directions", () => {
  const { end, connection } = connect();
  let wakes = 0;
  connection.wake = () => wakes++;
  resetConduit(end);
  assert.ok(wakes > 0);
  for (const interest of ["read", "write"] as const) assert.equal(connection.poll(interest)?.hangup, true);
});

test("close() ends what was written and refuses the rest; reset() makes the reader see a failure", () => {
  const closed = connect();
  closed.connection.write([Buffer.from("abc")]);
  closed.connection.close();
  assert.equal(closed.end.input.bytes, 3);
  assert.equal(closed.end.input.failure, undefined);
  assert.ok(closed.end.input.closed && closed.end.output.cancelled);
  const reset = connect();
  reset.connection.reset("why");
  assert.equal(reset.end.input.failure?.message, "why");
  assert.ok(reset.end.output.cancelled);
});
