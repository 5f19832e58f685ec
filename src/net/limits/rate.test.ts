import assert from "node:assert/strict";
import { test } from "node:test";
import { Bucket } from "./rate.ts";

test("Bucket gives its count at once, and then one each step", () => {
  const bucket = new Bucket({ count: 4, perMs: 1000 });
  let fullAt = 0;
  const draw = (now: number): number => {
    const waitMs = bucket.waitMs(fullAt, now);
    if (waitMs === 0) fullAt = bucket.drawn(fullAt, now);
    return waitMs;
  };
  assert.deepEqual([draw(5000), draw(5000), draw(5000), draw(5000), draw(5000)], [0, 0, 0, 0, 250]);
  assert.deepEqual([draw(5249), draw(5250), draw(5250)], [1, 0, 250]);
  // Two come back in half a second, and never more than four.
  assert.deepEqual([draw(5750), draw(5750), draw(5750)], [0, 0, 250]);
  assert.deepEqual([draw(90_000), draw(90_000), draw(90_000), draw(90_000), draw(90_000)], [0, 0, 0, 0, 250]);
});

test("Bucket of one gives one a step", () => {
  const bucket = new Bucket({ count: 1, perMs: 3_600_000 });
  assert.equal(bucket.waitMs(0, 1000), 0);
  assert.equal(bucket.waitMs(bucket.drawn(0, 1000), 1000), 3_600_000);
});

test("Bucket gives the whole of its rate however the draws lie", () => {
  for (const [count, perMs] of [
    [100, 1000],
    [3, 1000],
    [7, 60_000],
  ] as const) {
    const bucket = new Bucket({ count, perMs });
    let fullAt = 0;
    let taken = 0;
    for (let now = 0; now < 10 * perMs; now += perMs / 977) {
      for (let tries = 0; tries < 3 && bucket.waitMs(fullAt, now) === 0; tries++) {
        fullAt = bucket.drawn(fullAt, now);
        taken++;
      }
    }
    assert.ok(taken >= 11 * count - 1 && taken <= 11 * count, `${taken} of ${11 * count}`);
  }
});
