import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryBudget } from "./memory-budget.ts";

const mib = 2 ** 20;

test("MemoryBudget admits until the instances hold what they may, and again when one has ended", () => {
  const budget = new MemoryBudget(10 * mib, () => 0);
  const accounts = [{ bytes: 0 }, { bytes: 0 }, { bytes: 0 }];
  budget.admit(accounts[0]!, 4 * mib);
  budget.admit(accounts[1]!, 4 * mib);
  const refused = { code: "worker.memory-budget", status: 503, message: /needs 4 MiB .* hold 8 of the 10 MiB/ };
  assert.throws(() => budget.admit(accounts[2]!, 4 * mib), refused);
  budget.release(accounts[0]!);
  budget.admit(accounts[2]!, 4 * mib);
  assert.equal(budget.bytes, 8 * mib);
  // One that was never admitted, or has been released before.
  budget.release(accounts[0]!);
  assert.equal(budget.bytes, 8 * mib);
});

test("MemoryBudget counts what instances have grown to, and no instance for less than its program declares", () => {
  let now = 0;
  const budget = new MemoryBudget(10 * mib, () => now);
  const grows = { bytes: 0 };
  budget.admit(grows, mib);
  now += 100;
  assert.equal(budget.bytes, mib);
  grows.bytes = 9.5 * mib;
  // Not counted again yet.
  budget.check(mib);
  now += 100;
  assert.throws(() => budget.check(mib), { code: "worker.memory-budget" });
  budget.check(mib / 2);
  grows.bytes = 0;
  budget.release(grows);
  assert.equal(budget.bytes, 0);
});
