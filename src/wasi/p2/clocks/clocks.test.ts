import assert from "node:assert/strict";
import { test } from "node:test";
import { testHost } from "../testdata/test-host.ts";

test("clocks tell nanoseconds, and seconds with the rest", () => {
  const host = testHost({ clocks: { monotonic: () => 123n, realtime: () => 12_345_678_901n } });
  assert.equal(host.call("clocks/monotonic-clock", "now"), 123n);
  assert.equal(host.call("clocks/monotonic-clock", "resolution"), 1n);
  assert.deepEqual(host.call("clocks/wall-clock", "now"), { seconds: 12n, nanoseconds: 345_678_901 });
  assert.deepEqual(host.call("clocks/wall-clock", "resolution"), { seconds: 0n, nanoseconds: 1 });
});
