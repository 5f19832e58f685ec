import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplyBudget } from "./reply-budget.ts";

/** Bytes that go out in replies of `size` until one is refused. */
function drain(budget: ReplyBudget, size: number, now: number): number {
  let sent = 0;
  while (budget.spend(size, now)) sent += size;
  return sent;
}

test("ReplyBudget lets out three times what came in, and a little more", () => {
  const budget = new ReplyBudget(0);
  for (let i = 0; i < 100; i++) budget.received(1000, 0);
  const sent = drain(budget, 1000, 0);
  assert.ok(sent >= 3 * 100_000 && sent <= 3 * 102_800 + 2048, `${sent} bytes`);
});

test("ReplyBudget never stops an echo, whatever its size", () => {
  const budget = new ReplyBudget(0);
  for (let i = 0; i < 10_000; i++) {
    const bytes = (i * 997) % 65_508;
    budget.received(bytes, 0);
    assert.ok(budget.spend(bytes, 0));
  }
});

test("ReplyBudget lets a full DNS answer follow a short question", () => {
  const budget = new ReplyBudget(0);
  budget.received(30, 0);
  assert.ok(budget.spend(1232, 0));
});

test("ReplyBudget gives a kilobyte a second back, up to its slack", () => {
  const budget = new ReplyBudget(0);
  budget.received(0, 0);
  drain(budget, 100, 0);
  assert.equal(budget.spend(972, 500), false);
  assert.ok(budget.spend(972, 1500));
  drain(budget, 0, 1500);
  assert.ok(drain(budget, 100, 3_600_000) <= 2048);
});
