import assert from "node:assert/strict";
import { it } from "node:test";
import { parseDuration } from "./duration.ts";

it("parseDuration() reads each unit", () => {
  const expected: [string, number][] = [
    ["0s", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["8760h", 31_536_000_000],
  ];
  for (const [text, ms] of expected) assert.equal(parseDuration(text), ms, text);
});

it("parseDuration() refuses what is none", () => {
  for (const text of [
    "",
    "30",
    "s",
    "-1s",
    "1 s",
    "1S",
    "1d",
    "1e3s",
    ".5s",
    "1.s",
    "1s1s",
    "9000h",
    `${"9".repeat(400)}s`,
  ]) {
    assert.throws(() => parseDuration(text), { code: "duration.invalid" }, text);
  }
});
