import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClocks } from "./clocks.ts";

test("realtime() follows the host's clock when it is set", (t) => {
  const clocks = new SystemClocks();
  const near = (ms: number) => Number(clocks.realtime() / 1_000_000n) - ms;
  assert.ok(Math.abs(near(Date.now())) <= 3);
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000_000_000 });
  assert.equal(near(1_000_000_000_000), 0);
  t.mock.timers.setTime(500_000_000_000);
  assert.equal(near(500_000_000_000), 0);
});

test("realtime() tells more than milliseconds, and monotonic() never goes back", () => {
  const clocks = new SystemClocks();
  const times = Array.from({ length: 100 }, () => clocks.realtime());
  assert.ok(times.some((time) => time % 1_000_000n !== 0n));
  let last = 0n;
  for (let i = 0; i < 1000; i++) {
    const now = clocks.monotonic();
    assert.ok(now >= last);
    last = now;
  }
});
