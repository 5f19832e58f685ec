import assert from "node:assert/strict";
import { test } from "node:test";
import { Quarantine } from "./quarantine.ts";

const bad = { service: "default/bad", revision: 3 };
const good = { service: "default/good", revision: 1 };

function withClock(): { quarantine: Quarantine; pass(ms: number): void } {
  let now = 0;
  return { quarantine: new Quarantine(() => now), pass: (ms) => (now += ms) };
}

/** A worker in which `good` has run for long, and `bad` is at some point of its start. */
function worker({ quarantine, pass }: ReturnType<typeof withClock>, id: string): void {
  quarantine.starting(id, good);
  quarantine.answered(id, good);
  pass(60_000);
  quarantine.starting(id, bad);
}

test("Quarantine takes the revision that was being started in two workers that died", () => {
  const clock = withClock();
  const { quarantine } = clock;
  worker(clock, "a");
  assert.equal(quarantine.lost("a", undefined, true), undefined);
  assert.equal(quarantine.convicted(bad), false);
  worker(clock, "b");
  assert.deepEqual(quarantine.lost("b", undefined, true), bad);
  assert.equal(quarantine.convicted(bad), true);
  assert.equal(quarantine.convicted(good), false);
  assert.equal(quarantine.convicted({ ...bad, revision: 4 }), false);
  quarantine.forget(bad.service);
  assert.equal(quarantine.convicted(bad), false);
});

test("Quarantine takes the only one of a worker, whenever that dies", () => {
  const { quarantine, pass } = withClock();
  for (const id of ["a", "b"]) {
    quarantine.starting(id, good, { alone: true });
    quarantine.answered(id, good);
    pass(60_000);
    assert.deepEqual(quarantine.lost(id, undefined, true), id === "b" ? good : undefined);
  }
  assert.equal(quarantine.careful, false);
});

test("Quarantine takes the one that ran rather than the one that started", () => {
  const clock = withClock();
  for (const id of ["a", "b"]) {
    worker(clock, id);
    const convicted = clock.quarantine.lost(id, good.service, true);
    assert.deepEqual(convicted, id === "a" ? undefined : good);
  }
});

test("Quarantine suspects one that has just started, not one that has run for a while", () => {
  const clock = withClock();
  const { quarantine, pass } = clock;
  for (const [waitMs, expected] of [
    [1000, undefined],
    [11_000, undefined],
    [1000, bad],
  ] as const) {
    worker(clock, "a");
    quarantine.answered("a", bad);
    pass(waitMs);
    assert.deepEqual(quarantine.lost("a", undefined, true), expected);
  }
});

test("Quarantine blames nobody when it could be one of several, and asks for care", () => {
  const { quarantine, pass } = withClock();
  for (const id of ["a", "b", "c"]) {
    quarantine.starting(id, bad);
    quarantine.starting(id, good);
    assert.equal(quarantine.lost(id, undefined, true), undefined);
  }
  assert.equal(quarantine.careful, true);
  pass(60_000);
  assert.equal(quarantine.careful, false);
});

test("Quarantine counts no worker that was told to end, no stopped guest, and no death of long ago", () => {
  const clock = withClock();
  const { quarantine, pass } = clock;
  worker(clock, "a");
  quarantine.lost("a", undefined, false);
  worker(clock, "b");
  quarantine.stopped("b", bad);
  quarantine.lost("b", undefined, true);
  worker(clock, "c");
  quarantine.lost("c", undefined, true);
  pass(600_000);
  worker(clock, "d");
  quarantine.lost("d", undefined, true);
  assert.equal(quarantine.convicted(bad), false);
});
