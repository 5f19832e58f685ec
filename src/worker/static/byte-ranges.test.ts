import assert from "node:assert/strict";
import { test } from "node:test";
import { byteRanges } from "./byte-ranges.ts";

function check(field: string, expected: string, size = 100): void {
  const got = byteRanges(field, size);
  const told = typeof got === "string" ? got : got.map(({ from, to }) => `${from}..${to}`).join(" ");
  assert.equal(told, expected, field);
}

test("byteRanges() reads every form of RFC 9110 §14.1.2", () => {
  check("bytes=0-0", "0..1");
  check("bytes=0-99", "0..100");
  check("bytes=10-19", "10..20");
  check("bytes=90-", "90..100");
  check("bytes=-10", "90..100");
  check("bytes=-1000", "0..100");
  check("bytes=90-1000", "90..100");
  check("bytes=0-0,-1", "0..1 99..100");
  check("bytes=5-9, 1-2 ,\t20-20", "5..10 1..3 20..21");
  check("bytes=,0-0,,", "0..1");
  check("BYTES=0-0", "0..1");
  check("bytes=00-007", "0..8");
  check("bytes=0-99999999999999999999999999", "0..100");
});

test("byteRanges() leaves out what lies outside, and says so when all does", () => {
  check("bytes=100-", "none");
  check("bytes=100-200", "none");
  check("bytes=-0", "none");
  check("bytes=-0,100-", "none");
  check("bytes=99999999999999999999999999-", "none");
  check("bytes=0-0,100-200", "0..1");
  check("bytes=0-", "none", 0);
  check("bytes=-1", "none", 0);
});

test("byteRanges() has what makes no sense ignored", () => {
  for (const field of [
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=a-b",
    "bytes=1",
    "bytes=2-1",
    "bytes=0-0;1-1",
    "bytes=0-0 1-1",
    "bytes= 0 - 0",
    "bytes=--1",
    "bytes=-1-2",
    "bytes=+1-2",
    "bytes=0x1-2",
    "bytes=1.0-2",
    "bytes =0-1",
    "items=0-1",
    "bytes=0-0, x",
    `bytes=${"1".repeat(2000)}-`,
  ])
    check(field, "all");
});

test("byteRanges() gives no more than the whole file, and no more than 16 pieces of it", () => {
  check("bytes=0-,0-", "all");
  check("bytes=0-99,0-0", "all");
  check("bytes=0-49,25-74", "0..50 25..75");
  check(`bytes=${Array.from({ length: 16 }, (_, at) => `${at}-${at}`).join(",")}`, indexes(16));
  check(`bytes=${Array.from({ length: 17 }, (_, at) => `${at}-${at}`).join(",")}`, "all");
  // The limit is on what is asked for, whether there is such a part or not.
  check(`bytes=${Array.from({ length: 17 }, () => "200-").join(",")}`, "all");
});

function indexes(count: number): string {
  return Array.from({ length: count }, (_, at) => `${at}..${at + 1}`).join(" ");
}
