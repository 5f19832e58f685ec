import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeptCertificate } from "./name-record.ts";
import { Rests } from "./rests.ts";
import { retryAfter } from "./retry-after.ts";
import { askTime, failureWait, renewalTime, restWait, withWindow } from "./timing.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const certificate: KeptCertificate = {
  ca: "https://ca.test/dir",
  chain: "",
  key: "",
  challenge: "http-01",
  from: 0,
  to: 90 * dayMs,
  renewAt: 60 * dayMs,
  askAt: 0,
};

test("renewalTime() is at two thirds of a certificate's life, or a little earlier", () => {
  assert.equal(
    renewalTime(0, 90 * dayMs, () => 0),
    60 * dayMs,
  );
  assert.equal(
    renewalTime(0, 90 * dayMs, () => 1),
    55.5 * dayMs,
  );
});

test("failureWait() grows to a day, and asks a CA four times in the first hour", () => {
  const waits = [1, 2, 3, 4, 5, 6, 100].map((failures) => failureWait(failures, 0, () => 0.5) / minuteMs);
  assert.deepEqual(waits, [1, 4, 16, 64, 256, 1024, 24 * 60]);
});

test("failureWait() is short enough for what a certificate has left", () => {
  assert.equal(
    failureWait(20, 2 * dayMs, () => 0.5),
    6 * hourMs,
  );
  assert.equal(
    failureWait(20, minuteMs, () => 0.5),
    hourMs,
  );
});

test("restWait() doubles up to an hour", () => {
  assert.deepEqual(
    [1, 2, 3, 50].map((failures) => restWait(failures, () => 0.5) / minuteMs),
    [1, 2, 4, 60],
  );
});

test("askTime() follows the CA between an hour and a day", () => {
  assert.deepEqual(
    [undefined, 5 * hourMs, 1, 100 * dayMs].map((retryAt) => askTime(0, retryAt)),
    [6 * hourMs, 5 * hourMs, hourMs, dayMs],
  );
});

test("withWindow() draws a time once, and never too late", () => {
  const window = { start: new Date(10 * dayMs).toISOString(), end: new Date(20 * dayMs).toISOString() };
  const drawn = withWindow(certificate, window, () => 0.5);
  assert.equal(drawn.renewAt, 15 * dayMs);
  assert.equal(
    withWindow(drawn, window, () => 0),
    drawn,
  );
  for (const bad of [
    { start: "soon", end: "later" },
    { start: window.end, end: window.start },
    { start: "", end: "" },
  ])
    assert.equal(
      withWindow(certificate, bad, () => 0),
      certificate,
    );
  const late = { start: new Date(500 * dayMs).toISOString(), end: new Date(900 * dayMs).toISOString() };
  assert.equal(withWindow(certificate, late, () => 0).renewAt, 81 * dayMs);
});

test("retryAfter() takes seconds and dates, and no more than a week", () => {
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ["", undefined],
    ["soon", undefined],
    ["0", 1000],
    ["120", 121_000],
    ["9999999999", 1000 + 7 * dayMs],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 1000],
  ];
  for (const [field, expected] of cases) assert.equal(retryAfter(field, 1000), expected, field ?? "none");
});

test("Rests keeps everybody from a CA that failed, and one namespace from a CA that told it to wait", () => {
  const rests = new Rests(() => 0.5);
  rests.failed("x", 0, undefined);
  rests.failed("x", 10, undefined);
  assert.deepEqual([rests.until("x", "a"), rests.until("x", "b"), rests.until("y", "a")], [minuteMs, minuteMs, 0]);
  rests.failed("x", minuteMs, undefined);
  assert.equal(rests.until("x", "a"), 3 * minuteMs);
  rests.worked("x", "a");
  assert.equal(rests.until("x", "a"), 0);
  rests.limited("x", "a", 0, 5 * dayMs);
  assert.deepEqual([rests.until("x", "a"), rests.until("x", "b")], [hourMs, 0]);
  rests.forget("a");
  assert.equal(rests.until("x", "a"), 0);
});
