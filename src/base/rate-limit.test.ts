import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimit } from "./rate-limit.ts";

test("RateLimit allows a burst, then so many a second", () => {
  const limit = new RateLimit(10, 3);
  const taken = (now: number, tries: number): number =>
    Array.from({ length: tries }, () => limit.take(now)).filter(Boolean).length;
  assert.equal(taken(1000, 5), 3);
  assert.equal(taken(1099, 5), 0);
  assert.equal(taken(1100, 5), 1);
  assert.equal(taken(1300, 5), 2);
  // No more than a burst is saved up.
  assert.equal(taken(100_000, 9), 3);
});
