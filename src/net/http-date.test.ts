import assert from "node:assert/strict";
import { test } from "node:test";
import { httpDate, parseHttpDate } from "./http-date.ts";

test("parseHttpDate() reads the three forms of RFC 9110 §5.6.7", () => {
  const seconds = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;
  assert.equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), seconds);
  assert.equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), seconds);
  assert.equal(parseHttpDate("Sun Nov  6 08:49:37 1994"), seconds);
  assert.equal(httpDate(seconds), "Sun, 06 Nov 1994 08:49:37 GMT");
});

test("parseHttpDate() takes a year of two digits for one at most 50 years ahead", () => {
  const now = Date.UTC(2026, 0, 1);
  const year = (digits: string) =>
    new Date((parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now) ?? Number.NaN) * 1000).getUTCFullYear();
  assert.deepEqual(["26", "76", "77", "99", "00"].map(year), [2026, 2076, 1977, 1999, 2000]);
});

test("parseHttpDate() refuses what is no date", () => {
  for (const text of [
    "",
    "0",
    "now",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 29 Feb 2023 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nvo 1994 08:49:37 GMT",
    "Sun, 06 Jan 1994 24:00:00 GMT",
    "Sun, 06 Jan 1994 00:60:00 GMT",
    "Sun, 06 Ovd 1994 00:00:00 GMT",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "1994-11-06T08:49:37Z",
  ])
    assert.equal(parseHttpDate(text), undefined, text);
});
