import assert from "node:assert/strict";
import { test } from "node:test";
import { admitGuest, machineMemory, workerBudget } from "./machine-memory.ts";

const gib = 2 ** 30;

test("admitGuest() keeps a twentieth of the memory free, and at least 128 MiB", () => {
  admitGuest("a/b", 1 * gib, 16 * gib);
  assert.throws(() => admitGuest("a/b", 0.7 * gib, 16 * gib), { code: "limits.machine-memory", status: 503 });
  admitGuest("a/b", 0.13 * gib, 1 * gib);
  assert.throws(() => admitGuest("a/b", 0.12 * gib, 1 * gib), /122 MiB of memory are left/);
});

test("admitGuest() asks the machine when it is told nothing", () => {
  admitGuest("a/b");
});

test("workerBudget() shares among the workers what the reserve leaves", () => {
  assert.equal(workerBudget(4, 20 * gib), 4.75 * gib);
  assert.equal(workerBudget(1, 1 * gib), 0.875 * gib);
  // A machine that has less than the reserve: services are refused by what is left of it, not by a budget of nothing.
  assert.equal(workerBudget(2, 0.1 * gib), 0.0625 * gib);
  assert.ok(workerBudget(1) <= machineMemory());
});
