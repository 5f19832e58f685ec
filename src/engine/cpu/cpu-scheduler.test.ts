import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
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

test("what an event woke goes before a guest whose slice is over, though that one waits already", async () => {
  const scheduler = new CpuScheduler();
  const [spinning, serving] = [new CpuShare(), new CpuShare()];
  const order: string[] = [];
  scheduler.enqueue(spinning, () => {
    order.push("spins");
    scheduler.ran(spinning, 1, performance.now());
    // Queued first, and yet it waits for what the events of the next turn bring.
    scheduler.enqueue(spinning, () => order.push("spins on"));
    scheduler.soon(() => scheduler.admit(serving, () => order.push("serves")));
  });
  while (order.length < 3) await turn();
  assert.deepEqual(order, ["spins", "serves", "spins on"]);
});

test("a service that used more than another waits for it", async () => {
  const scheduler = new CpuScheduler();
  const [greedy, modest] = [new CpuShare(), new CpuShare()];
  const order: string[] = [];
  greedy.charge(50, performance.now());
  scheduler.soon(() => scheduler.admit(greedy, () => order.push("greedy")));
  scheduler.soon(() => scheduler.admit(modest, () => order.push("modest")));
  while (order.length < 2) await turn();
  assert.deepEqual(order, ["modest", "greedy"]);
});

test("one that uses little waits for no more than one of many that spin", async () => {
  const scheduler = new CpuScheduler();
  const order: string[] = [];
  const modest = new CpuShare();
  modest.charge(0.1, performance.now());
  for (let i = 0; i < 16; i++) {
    const share = new CpuShare();
    scheduler.enqueue(share, () => {
      order.push("spins");
      scheduler.ran(share, 3, performance.now());
    });
  }
  setImmediate(() => scheduler.soon(() => scheduler.admit(modest, () => order.push("serves"))));
  while (order.length < 17) await turn();
  assert.ok(order.indexOf("serves") <= 2, `${order}`);
});

test("guests that have run for long in a turn of the event loop let it turn", async () => {
  const scheduler = new CpuScheduler();
  const order: string[] = [];
  setImmediate(() => setImmediate(() => order.push("turned")));
  const guests = Array.from({ length: 4 }, (_, i) => ({ name: `guest ${i}`, share: new CpuShare() }));
  for (const { name, share } of guests) {
    scheduler.enqueue(share, () => {
      order.push(name);
      scheduler.ran(share, 1, performance.now());
    });
  }
  while (order.length < 5) await turn();
  assert.deepEqual(order, ["guest 0", "guest 1", "turned", "guest 2", "guest 3"]);
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
  await new Promise<void>((resolve) => scheduler.soon(() => scheduler.admit(rested, resolve)));
  assert.ok(rested.virtualMs >= busy.virtualMs - 8);
});

test("a service that starts to spin does not hold up one that has used much", async () => {
  const scheduler = new CpuScheduler();
  const [old, fresh] = [new CpuShare(), new CpuShare()];
  // Nobody ever waited while it used all of that.
  for (let i = 0; i < 100; i++) {
    await new Promise<void>((resolve) => scheduler.soon(() => scheduler.admit(old, resolve)));
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
    scheduler.soon(() => scheduler.admit(old, () => resolve(freshRuns)));
  });
  assert.ok(before <= 60, `${before} slices of a newcomer came first`);
});
