import assert from "node:assert/strict";
import { test } from "node:test";
import { conduitPair } from "../../base/conduit.ts";
import { errno } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { UnconnectedSocket } from "../sockets/unconnected-socket.ts";
import { VirtualListener } from "../sockets/virtual-listener.ts";
import { attempt } from "../transfer.ts";
import { testHost } from "./testdata/test-host.ts";
import { getOption, setOption } from "./wasmedge-options.ts";

const here = { ip: "127.0.0.1", port: 80 };

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function timeval(seconds: bigint, micros: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(seconds, micros).buffer);
}

function read(bytes: Uint8Array | undefined): number | undefined {
  return bytes && new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}

test("getOption() knows types, and what accepts", () => {
  const listener = new ListenerSocket(new VirtualListener(here));
  for (const [socket, type, accepts] of [
    [new UnconnectedSocket(), 2, 0],
    [new DatagramSocket(), 1, 0],
    [listener, 2, 1],
  ] as const) {
    assert.equal(read(getOption(socket, 0, 1)), type);
    assert.equal(read(getOption(socket, 0, 13)), accepts);
    assert.equal(read(getOption(socket, 0, 2)), 0);
  }
});

test("setOption() keeps what it is told, by the numbers of WasmEdge, of wasi-go and of Linux", () => {
  const socket = new UnconnectedSocket();
  for (const [level, name] of [
    [0, 0],
    [0, 5],
    [0, 6],
    [0, 7],
    [6, 1],
    [6, 15],
    [6, 4],
    [41, 26],
  ] as const) {
    assert.equal(setOption(socket, level, name, int(3)), 0);
    assert.equal(read(getOption(socket, level, name)), 3, `${level} ${name}`);
  }
  assert.equal(setOption(socket, 0, 5, new Uint8Array(2)), errno.INVAL);
  assert.equal(setOption(socket, 0, 2, int(1)), errno.NOPROTOOPT);
  assert.equal(setOption(socket, 0, 14, int(1)), errno.PERM);
  assert.equal(setOption(socket, 0, 99, int(1)), errno.NOPROTOOPT);
  assert.equal(setOption(socket, 99, 1, int(1)), 0);
  assert.equal(getOption(socket, 0, 99), undefined);
});

test("setOption() takes timeouts and linger, and gives them back", () => {
  const socket = new UnconnectedSocket();
  assert.equal(setOption(socket, 0, 11, timeval(2n, 500_000n)), 0);
  assert.equal(socket.options.receiveTimeout, 2_500_000_000n);
  assert.deepEqual(getOption(socket, 0, 11), Buffer.from(timeval(2n, 500_000n)));
  assert.equal(setOption(socket, 0, 11, timeval(0n, 0n)), 0);
  assert.equal(socket.options.receiveTimeout, undefined);
  assert.equal(setOption(socket, 0, 12, timeval(0n, 1_000_000n)), errno.DOM);
  assert.equal(setOption(socket, 0, 12, timeval(-1n, 0n)), errno.DOM);
  assert.equal(setOption(socket, 0, 12, new Uint8Array(8)), errno.INVAL);
  assert.equal(setOption(socket, 0, 9, Buffer.concat([int(1), int(0)])), 0);
  assert.equal(socket.options.linger, 0);
  assert.deepEqual(getOption(socket, 0, 9), Buffer.concat([int(1), int(0)]));
});

test("an accepted connection has its listener's options", () => {
  const listener = new VirtualListener(here);
  const socket = new ListenerSocket(listener);
  setOption(socket, 6, 1, int(1));
  setOption(socket, 0, 11, timeval(1n, 0n));
  listener.connect(here);
  const accepted = socket.accept();
  assert.ok(accepted instanceof Connection);
  assert.equal(read(getOption(accepted, 6, 1)), 1);
  assert.equal(accepted.timeout("read"), 1_000_000_000n);
});

test("a blocking call gives up at the descriptor's timeout, and not before", async () => {
  let now = 0n;
  const host = testHost({ clocks: { monotonic: () => now, realtime: () => 0n } });
  const [far, near] = conduitPair(here, here);
  const connection = new Connection(near);
  connection.options.receiveTimeout = 1_000_000_000n;
  const buffer = new Uint8Array(4);
  const wait = () =>
    attempt(
      host,
      connection,
      "read",
      () => connection.read([buffer]),
      (result) => (result < 0 ? -result : 100 + result),
    );
  const early = wait();
  far.output.push(Buffer.from("ab"));
  assert.equal(await early, 102);
  const late = wait();
  now = 1_000_000_000n;
  connection.wake?.();
  assert.equal(await late, errno.AGAIN);
});
