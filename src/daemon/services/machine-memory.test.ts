import assert from "node:assert/strict";
import { test } from "node:test";
import { admitGuest } from "./machine-memory.ts";

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
