import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatBytes, formatCount, formatSpan } from "./units.ts";

function check(format: (value: number) => string, cases: readonly [number, string][]): void {
  for (const [value, expected] of cases) assert.equal(format(value), expected);
}

test("formatBytes() has three digits at the most", () => {
  check(formatBytes, [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 KiB"],
    [1536, "1.5 KiB"],
    [64 * 1024 * 1024, "64 MiB"],
    [1023 * 1024, "1 MiB"],
    [123.4 * 1024 ** 3, "123 GiB"],
  ]);
});

test("formatAge() names the largest unit", () => {
  check(formatAge, [
    [-5, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [3_600_000, "1h"],
    [47 * 3_600_000, "47h"],
    [48 * 3_600_000, "2d"],
  ]);
});

test("formatSpan() is as exact as it is useful", () => {
  check(formatSpan, [
    [0, "0ms"],
    [0.44, "0.4ms"],
    [12.3, "12ms"],
    [1234, "1.2s"],
    [200_000, "3m20s"],
    [2 * 3_600_000 + 60_000, "2h1m"],
  ]);
});

test("formatCount() shortens what is long", () => {
  check(formatCount, [
    [0, "0"],
    [9999, "9999"],
    [12_345, "12.3k"],
    [4_500_000, "4.5M"],
  ]);
});
