import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "./backoff.ts";

const options = { firstMs: 100, mostMs: 1000, healthyMs: 5000, random: () => 0.5 };

test("ended() restarts at once the first time, then doubles up to the bound", () => {
  const backoff = new Backoff(options);
  assert.deepEqual(
    Array.from({ length: 7 }, () => backoff.ended(10)),
    [0, 100, 200, 400, 800, 1000, 1000],
  );
  assert.equal(backoff.failures, 7);
});

test("ended() starts the count again after a healthy run", () => {
  const backoff = new Backoff(options);
  for (let i = 0; i < 5; i++) backoff.ended(10);
  assert.equal(backoff.ended(5000), 0);
  assert.equal(backoff.failures, 1);
});

test("ended() spreads the waits by a quarter to either side", () => {
  for (const [random, expected] of [
    [0, 75],
    [1, 125],
  ] as const) {
    const backoff = new Backoff({ ...options, random: () => random });
    backoff.ended(0);
    assert.equal(backoff.ended(0), expected);
  }
});
