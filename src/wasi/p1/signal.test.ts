import assert from "node:assert/strict";
import { test } from "node:test";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { signalNumber } from "../signals.ts";
import { processFunctions } from "./process.ts";
import { signalFunctions } from "./signal.ts";
import { streamFunctions } from "./stream.ts";
import { call, Exited, testHost } from "./testdata/test-host.ts";

const { SIGTERM, SIGINT } = signalNumber;

function guest() {
  const host = testHost();
  const view = new DataView(host.wasm.buffer);
  return { host, view, wasi: { ...signalFunctions(host), ...streamFunctions(host), ...processFunctions(host) } };
}

test("a guest waits for a signal that it catches", async () => {
  const { host, view, wasi } = guest();
  assert.equal(wasi.warren_signal_action(SIGTERM, 2), errno.SUCCESS);
  assert.equal(wasi.warren_signal_open(0), errno.SUCCESS);
  const fd = view.getUint32(0, true);
  view.setUint32(8, 64, true);
  view.setUint32(12, 16, true);
  const waiting = call(wasi.fd_read, fd, 8, 1, 4);
  host.signals.send(SIGTERM);
  assert.equal(await waiting, errno.SUCCESS);
  assert.deepEqual([view.getUint32(4, true), view.getUint8(64)], [1, SIGTERM]);
  assert.equal(wasi.fd_fdstat_set_flags(fd, fdflags.nonblock), errno.SUCCESS);
  assert.equal(await call(wasi.fd_read, fd, 8, 1, 4), errno.AGAIN);
});

test("the descriptor is one at a time, and one of those that a guest may have", () => {
  const { host, view, wasi } = guest();
  assert.equal(wasi.warren_signal_open(0), errno.SUCCESS);
  assert.equal(wasi.warren_signal_open(0), errno.BUSY);
  assert.ok(!wasi.fd_close(view.getUint32(0, true)));
  while (!host.table.full) host.table.add(host.table.get(1)!);
  assert.equal(wasi.warren_signal_open(0), errno.MFILE);
});

test("pointers and numbers of any kind are harmless", () => {
  const { host, wasi } = guest();
  const before = host.table.size;
  for (const at of [-1, 65533, 65536]) assert.throws(() => wasi.warren_signal_open(at), { errno: errno.FAULT });
  assert.equal(host.table.size, before);
  for (const signal of [-1, 0, 9, 31, 2 ** 31]) assert.equal(wasi.warren_signal_action(signal, 2), errno.INVAL);
  for (const action of [-1, 3]) assert.equal(wasi.warren_signal_action(SIGINT, action), errno.INVAL);
});

test("a guest that raises a signal which it catches reads it, and does not end by it", () => {
  const { host, wasi } = guest();
  wasi.warren_signal_action(SIGINT, 2);
  assert.equal(wasi.proc_raise(SIGINT), errno.SUCCESS);
  assert.equal(host.signals.take(), SIGINT);
  wasi.warren_signal_action(SIGINT, 0);
  assert.throws(() => wasi.proc_raise(SIGINT), Exited);
});
