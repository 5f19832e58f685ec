import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "./errno.ts";
import { Signals, signalAction, signalNumber } from "./signals.ts";

const { SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGSTOP } = signalNumber;

function read(stream: ReturnType<Signals["open"]>, bytes: number): number[] {
  const buffer = new Uint8Array(bytes);
  const count = stream?.read([buffer]) ?? 0;
  return count < 0 ? [count] : [...buffer.subarray(0, count)];
}

test("a signal that is caught is read once, in order of numbers, however often it was sent", () => {
  const signals = new Signals();
  const stream = signals.open();
  let woken = 0;
  assert.ok(stream);
  stream.wake = () => void woken++;
  for (const signal of [SIGTERM, SIGINT]) signals.setAction(signal, signalAction.catch);
  assert.equal(stream.poll("read"), undefined);
  for (const signal of [SIGTERM, SIGINT, SIGTERM]) assert.equal(signals.send(signal), signalAction.catch);
  assert.equal(woken, 3);
  assert.deepEqual(stream.poll("read"), { bytes: 2, hangup: false });
  assert.equal(stream.poll("write"), undefined);
  assert.deepEqual(read(stream, 1), [SIGINT]);
  assert.deepEqual(read(stream, 8), [SIGTERM]);
  assert.deepEqual(read(stream, 8), [-errno.AGAIN]);
});

test("what is not caught is the sender's to do, what is ignored nobody's", () => {
  const signals = new Signals();
  assert.equal(signals.send(SIGTERM), signalAction.default);
  signals.setAction(SIGTERM, signalAction.ignore);
  assert.equal(signals.send(SIGTERM), signalAction.ignore);
  assert.equal(signals.pending, 0);
});

test("to ignore a signal takes it back; the default leaves one that waits (os/signal.Stop)", () => {
  const signals = new Signals();
  const stream = signals.open();
  for (const signal of [SIGTERM, SIGHUP]) {
    signals.setAction(signal, signalAction.catch);
    signals.send(signal);
  }
  signals.setAction(SIGHUP, signalAction.ignore);
  signals.setAction(SIGTERM, signalAction.default);
  assert.deepEqual(read(stream, 8), [SIGTERM]);
});

test("setAction() refuses what is no signal, and tells of changes only", () => {
  const signals = new Signals();
  const told: number[][] = [];
  signals.onAction = (...change) => told.push(change);
  for (const [signal, action] of [
    [0, 2],
    [31, 2],
    [4294967295, 2],
    [SIGKILL, 2],
    [SIGSTOP, 1],
    [SIGTERM, 3],
  ] as const)
    assert.equal(signals.setAction(signal, action), -errno.INVAL, `${signal} ${action}`);
  for (const action of [2, 2, 0, 0]) assert.equal(signals.setAction(SIGTERM, action), 0);
  assert.deepEqual(told, [
    [SIGTERM, 2],
    [SIGTERM, 0],
  ]);
});

test("there is one descriptor at a time; a signal that came without one waits", () => {
  const signals = new Signals();
  const first = signals.open();
  assert.equal(signals.open(), undefined);
  first?.close();
  signals.setAction(SIGTERM, signalAction.catch);
  signals.send(SIGTERM);
  assert.deepEqual(read(signals.open(), 1), [SIGTERM]);
});
