import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { SystemClocks } from "./clocks.ts";
import { type Descriptor, filetype } from "./descriptor.ts";
import { CpuMeter, GuestThread } from "./guest-thread.ts";

function descriptor(): Descriptor {
  return {
    type: filetype.unknown,
    flags: 0,
    read: () => 0,
    write: () => 0,
    poll: () => undefined,
    wake: undefined,
    close() {},
  };
}

const clocks = new SystemClocks();

test("park() tries again when one of its descriptors wakes, once for many wakes, and lets go of them", async () => {
  const thread = new GuestThread(clocks, new CpuMeter());
  const [one, other] = [descriptor(), descriptor()];
  let value: number | undefined;
  const parked = thread.park([one, other], () => value);
  assert.ok(thread.parked);
  one.wake?.();
  other.wake?.();
  one.wake?.();
  await turn();
  assert.equal(thread.wakeUps, 1);
  assert.ok(thread.parked);
  value = 7;
  other.wake?.();
  assert.equal(await parked, 7);
  assert.deepEqual([one.wake, other.wake, thread.parked], [undefined, undefined, false]);
});

test("park() tries again at its deadline and asks for the next", async () => {
  const thread = new GuestThread(clocks, new CpuMeter());
  const times = [2_000_000n, 4_000_000n].map((after) => clocks.monotonic() + after);
  let deadline = times[0]!;
  const value = await thread.park(
    [],
    () => {
      if (clocks.monotonic() < deadline) return undefined;
      if (deadline === times[1]) return 5;
      deadline = times[1]!;
      return undefined;
    },
    () => deadline,
  );
  assert.equal(value, 5);
  assert.ok(clocks.monotonic() >= times[1]!);
});

test("a deadline sooner than an old timer is met", async () => {
  const thread = new GuestThread(clocks, new CpuMeter());
  const late = descriptor();
  const far = clocks.monotonic() + 3_600_000_000_000n;
  let value: number | undefined;
  const first = thread.park(
    [late],
    () => value,
    () => far,
  );
  value = 1;
  late.wake?.();
  await first;
  const soon = clocks.monotonic() + 1_000_000n;
  assert.equal(
    await thread.park(
      [],
      () => (clocks.monotonic() >= soon ? 2 : undefined),
      () => soon,
    ),
    2,
  );
  thread.end(new Error("over"));
});

test("end() rejects what is parked and forbids the rest", async () => {
  const thread = new GuestThread(clocks, new CpuMeter());
  const one = descriptor();
  const over = new Error("over");
  const parked = thread.park(
    [one],
    () => undefined,
    () => clocks.monotonic() + 3_600_000_000_000n,
  );
  thread.end(over);
  await assert.rejects(parked, over);
  assert.equal(thread.ended, over);
  assert.equal(one.wake, undefined);
});

test("pause() lets the host's events through", async () => {
  const thread = new GuestThread(clocks, new CpuMeter());
  let events = 0;
  setImmediate(() => events++);
  assert.equal(await thread.pause(3), 3);
  assert.equal(events, 1);
});

test("cpuMs counts time once for guests that share a meter", () => {
  const meter = new CpuMeter();
  const [one, other] = [new GuestThread(clocks, meter), new GuestThread(clocks, meter)];
  const before = performance.now();
  one.start();
  other.start();
  const until = performance.now() + 5;
  while (performance.now() < until);
  one.stop();
  other.stop();
  assert.ok(one.cpuMs >= 5);
  assert.ok(one.cpuMs + other.cpuMs <= performance.now() - before);
});
