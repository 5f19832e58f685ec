import assert from "node:assert/strict";
import { test } from "node:test";
import { describeSpent, formatMs } from "./spent.ts";

test("describeSpent() tells time by the clock, of the CPU, and what the program was at", () => {
  assert.equal(describeSpent(2100, 0.42, "waiting"), "2.1 s, 0.4 ms of CPU time; the program was waiting");
  assert.equal(describeSpent(2100, 2000, "computing"), "2.1 s, 2.0 s of CPU time; the program was computing for it");
  assert.equal(describeSpent(30_000, 0, "untouched"), "30.0 s, 0 ms of CPU time; the program had read nothing of it");
  assert.equal(describeSpent(12.4, undefined, undefined), "12 ms");
});

test("formatMs() gives two or three digits", () => {
  assert.deepEqual([0, 0.04, 9.96, 10.2, 999.4, 1000, 123_456].map(formatMs), [
    "0 ms",
    "0.0 ms",
    "10.0 ms",
    "10 ms",
    "999 ms",
    "1.0 s",
    "123 s",
  ]);
});
