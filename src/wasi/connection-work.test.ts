import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkLedger } from "./connection-work.ts";
import { CpuMeter } from "./guest-thread.ts";

/** Times are given, but for what touch() reads itself: that one is in the far past, so it must not matter. */
function ledger(): { meter: CpuMeter; work: WorkLedger } {
  const meter = new CpuMeter();
  return { meter, work: new WorkLedger(meter) };
}

test("a turn that touches one connection counts for it from its beginning", () => {
  const { work } = ledger();
  const one = work.open();
  work.started(100);
  one.touch();
  one.touch();
  work.stopped(107);
  assert.equal(one.cpuMs, 7);
});

test("a turn that touches no connection counts for none", () => {
  const { work } = ledger();
  const one = work.open();
  work.started(100);
  one.touch();
  work.stopped(101);
  work.parked();
  assert.equal(one.doing, "waiting");
  work.started(200);
  work.stopped(300);
  assert.equal(one.cpuMs, 1);
});

test("a guest that gave way goes on for the same connection", () => {
  const { work } = ledger();
  const [one, other] = [work.open(), work.open()];
  work.started(100);
  one.touch();
  work.stopped(102);
  assert.deepEqual([one.doing, other.doing], ["computing", "behind"]);
  work.started(110);
  work.stopped(113);
  assert.equal(one.cpuMs, 5);
});

test("time of another guest that ran in between counts for neither", () => {
  const { meter, work } = ledger();
  const one = work.open();
  work.started(100);
  one.touch();
  meter.lastStop = 108;
  work.stopped(110);
  assert.equal(one.cpuMs, 2);
});

test("connections' times add up to the guest's, whatever it touches in turn", () => {
  const { work } = ledger();
  const all = Array.from({ length: 3 }, () => work.open());
  const began = performance.now();
  work.started(began);
  for (let i = 0; i < 1000; i++) (all[i % 3] as (typeof all)[number]).touch();
  const running = all.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const ended = performance.now();
  work.stopped(ended);
  const sum = all.reduce((total, { cpuMs }) => total + cpuMs, 0);
  assert.ok(Math.abs(sum - (ended - began)) < 1e-6, `${sum}`);
  assert.ok(running <= sum);
});
