import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

test("Turns runs so many at a time, in order, and goes on after one that failed", async () => {
  const turns = new Turns(2);
  const running = new Set<number>();
  const began: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const results = gates.map(({ promise }, index) =>
    turns.run(async () => {
      began.push(index);
      running.add(index);
      assert.ok(running.size <= 2);
      await promise;
      running.delete(index);
      if (index === 1) throw new Error("failed");
      return index;
    }),
  );
  for (const { resolve } of gates) resolve();
  const settled = await Promise.allSettled(results);
  assert.deepEqual(
    settled.map((result) => (result.status === "fulfilled" ? result.value : "failed")),
    [0, "failed", 2, 3, 4],
  );
  assert.deepEqual(began, [0, 1, 2, 3, 4]);
});
