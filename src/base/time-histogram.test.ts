import assert from "node:assert/strict";
import { test } from "node:test";
import { TimeHistogram } from "./time-histogram.ts";

test("percentile() is an upper bound and at most 19 % too high", () => {
  const times = new TimeHistogram();
  const all = Array.from({ length: 1000 }, (_, i) => (i + 1) * 0.013);
  for (const ms of all) times.add(ms);
  for (const part of [0.01, 0.5, 0.9, 0.99, 1]) {
    const exact = all[Math.ceil(part * all.length) - 1] as number;
    const told = times.percentile(part);
    assert.ok(told >= exact - 1e-9 && told <= exact * 1.19, `${part}: ${told} for ${exact}`);
  }
  assert.equal(times.count, 1000);
  assert.equal(times.maxMs, 13);
});

test("TimeHistogram takes nothing, less than a microsecond and days", () => {
  const times = new TimeHistogram();
  assert.deepEqual([times.percentile(0.5), times.maxMs, times.counts.counts], [0, 0, []]);
  for (const ms of [0, 0.0001, 86_400_000]) times.add(ms);
  assert.deepEqual([times.count, times.maxMs], [3, 86_400_000]);
  assert.ok(times.percentile(0.5) <= 0.001);
});

test("merge() adds up what was sent as counts()", () => {
  const [a, b, both] = [new TimeHistogram(), new TimeHistogram(), new TimeHistogram()];
  for (const ms of [1, 2, 3]) a.add(ms);
  for (const ms of [2, 500]) b.add(ms);
  for (const one of [a, b]) both.merge(JSON.parse(JSON.stringify(one.counts)));
  assert.deepEqual([both.count, both.totalMs, both.maxMs], [5, 508, 500]);
  assert.equal(both.percentile(1), 500);
});

test("merge() takes no counts that are none", () => {
  const times = new TimeHistogram();
  times.merge({ totalMs: Number.NaN, maxMs: 1, counts: [-1, 5, 2.5, 1, 7, -3, 1e9, 1, 3, "x" as never, 4] });
  assert.equal(times.count, 0);
  assert.equal(times.totalMs, 0);
});
