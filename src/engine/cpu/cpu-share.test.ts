import assert from "node:assert/strict";
import { test } from "node:test";
import { CpuShare } from "./cpu-share.ts";

test("heldMs() lets a service without a quota always run", () => {
  const share = new CpuShare();
  share.charge(10_000, 500);
  assert.equal(share.heldMs(500), 0);
});

test("heldMs() holds a service up until its window is over", () => {
  const share = new CpuShare({ cores: 0.5 });
  share.charge(49, 1049);
  assert.equal(share.heldMs(1049), 0);
  share.charge(1, 1050);
  assert.equal(share.heldMs(1050), 50);
  assert.equal(share.heldMs(1100), 0);
});

test("heldMs() makes later windows pay for a long run", () => {
  const share = new CpuShare({ cores: 0.1 });
  share.charge(35, 1035);
  // 10 ms a window: 35 ms are three windows and a half.
  assert.equal(share.heldMs(1035), 265);
  assert.equal(share.heldMs(1299), 1);
  assert.equal(share.heldMs(1300), 0);
});

test("a quota averages out over many windows", () => {
  const share = new CpuShare({ cores: 0.3 });
  let now = 0;
  let ran = 0;
  while (now < 10_000) {
    const held = share.heldMs(now);
    if (held > 0) now += held;
    else {
      now += 2;
      ran += 2;
      share.charge(2, now);
    }
  }
  assert.ok(Math.abs(ran / now - 0.3) < 0.02, `${ran / now}`);
});

test("virtualMs counts by weight", () => {
  const share = new CpuShare({ weight: 4 });
  share.charge(8, 8);
  assert.equal(share.virtualMs, 2);
});

test("allot() changes weight and quota and keeps what was used", () => {
  const share = new CpuShare({ cores: 1 });
  share.charge(8, 8);
  share.allot({ weight: 2, cores: 0.05 });
  share.charge(8, 16);
  assert.equal(share.virtualMs, 12);
  assert.ok(share.heldMs(16) > 0);
});
