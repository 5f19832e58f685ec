import assert from "node:assert/strict";
import { test } from "node:test";
import { CpuScheduler } from "./cpu-scheduler.ts";
import { CpuShare } from "./cpu-share.ts";

/** Guests that run a slice of 2 ms (counted, not spent) and queue again, until `slices` have run in all. */
function contend(shares: readonly CpuShare[], perShare: readonly number[], slices: number): Promise<number[]> {
  const scheduler = new CpuScheduler();
  const ran = shares.map(() => 0);
  let left = slices;
  return new Promise((resolve) => {
    for (const [index, share] of shares.entries()) {
      const go = (): void => {
        if (left-- <= 0) {
          resolve(ran);
          return;
        }
        ran[index] = (ran[index] as number) + 1;
        share.charge(2, performance.now());
        scheduler.enqueue(share, go);
      };
      for (let i = 0; i < (perShare[index] as number); i++) scheduler.enqueue(share, go);
    }
  });
}

test("CpuScheduler shares between services, not between instances", async () => {
  const ran = await contend([new CpuShare(), new CpuShare()], [1, 9], 400);
  for (const slices of ran) assert.ok(Math.abs(slices - 200) <= 4, `${ran}`);
});

test("CpuScheduler shares by weight", async () => {
  const ran = await contend([new CpuShare({ weight: 3 }), new CpuShare({ weight: 1 })], [1, 1], 400);
  assert.ok(Math.abs((ran[0] as number) - 300) <= 6, `${ran}`);
});

test("admit() runs at once when nobody waits, and queues one that is ahead", async () => {
  const scheduler = new CpuScheduler();
  const [greedy, modest] = [new CpuShare(), new CpuShare()];
  const order: string[] = [];
  scheduler.admit(greedy, () => order.push("greedy"));
  greedy.charge(50, performance.now());
  scheduler.enqueue(modest, () => order.push("modest"));
  scheduler.admit(greedy, () => order.push("greedy again"));
  assert.deepEqual(order, ["greedy"]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(order, ["greedy", "modest", "greedy again"]);
});

test("a service that rested has no claim to what it did not use", async () => {
  const scheduler = new CpuScheduler();
  const [busy, rested] = [new CpuShare(), new CpuShare()];
  await new Promise<void>((resolve) => {
    let left = 100;
    const go = (): void => {
      busy.charge(2, performance.now());
      if (left-- > 0) scheduler.enqueue(busy, go);
      else resolve();
    };
    scheduler.enqueue(busy, go);
  });
  scheduler.admit(rested, () => {});
  assert.ok(rested.virtualMs >= busy.virtualMs - 4);
});

test("a service that starts to spin does not hold up one that has used much", async () => {
  const scheduler = new CpuScheduler();
  const [old, fresh] = [new CpuShare(), new CpuShare()];
  // Nobody ever waited while it used all of that.
  for (let i = 0; i < 100; i++) {
    scheduler.admit(old, () => {});
    old.charge(100, performance.now());
  }
  let freshRuns = 0;
  const before = await new Promise<number>((resolve) => {
    const spin = (): void => {
      freshRuns++;
      fresh.charge(2, performance.now());
      if (freshRuns < 2000) scheduler.enqueue(fresh, spin);
      else resolve(freshRuns);
    };
    scheduler.enqueue(fresh, spin);
    setImmediate(() => scheduler.admit(old, () => resolve(freshRuns)));
  });
  assert.ok(before <= 60, `${before} slices of a newcomer came first`);
});
