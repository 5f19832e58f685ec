import assert from "node:assert/strict";
import { it } from "node:test";
import { parseSize } from "./size.ts";

it("parseSize() reads each unit", () => {
  const expected: [string, number][] = [
    ["0", 0],
    ["4096", 4096],
    ["1B", 1],
    ["1KiB", 1024],
    ["64MiB", 67_108_864],
    ["1.5GiB", 1_610_612_736],
    ["1kB", 1000],
    ["2MB", 2_000_000],
    ["1GB", 1_000_000_000],
  ];
  for (const [text, bytes] of expected) assert.equal(parseSize(text), bytes, text);
});

it("parseSize() refuses what is none", () => {
  for (const text of ["", "MiB", "-1", "1 MiB", "1mib", "1TiB", "1e3", "1.", "99999999999GiB", "9".repeat(400)]) {
    assert.throws(() => parseSize(text), { code: "size.invalid" }, text);
  }
});
