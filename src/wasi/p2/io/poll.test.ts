import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../../base/flow.ts";
import type { Clocks } from "../../clocks.ts";
import { FlowInputStream } from "../flow-input-stream.ts";
import { testHost } from "../testdata/test-host.ts";

const trapped = WebAssembly.RuntimeError;

test("poll traps without pollables, and with more than it takes", () => {
  const host = testHost();
  assert.throws(() => host.call("io/poll", "poll", []), trapped);
  const pollable = host.call("clocks/monotonic-clock", "subscribe-duration", 0n);
  assert.throws(
    () =>
      host.call(
        "io/poll",
        "poll",
        Array.from({ length: 100_000 }, () => pollable),
      ),
    trapped,
  );
  assert.equal(
    host.call(
      "io/poll",
      "poll",
      Array.from({ length: 4096 }, () => pollable),
    ).length,
    4096,
  );
});

test("poll names all that are ready, also the same twice", () => {
  const host = testHost();
  const flow = new Flow();
  const input = new FlowInputStream(host, flow).subscribe();
  const past = host.call("clocks/monotonic-clock", "subscribe-instant", 1n);
  const future = host.call("clocks/monotonic-clock", "subscribe-duration", 2n ** 64n - 1n);
  assert.deepEqual(host.call("io/poll", "poll", [future, past, input, past]), [1, 3]);
  flow.push(Buffer.from("a"));
  assert.deepEqual(host.call("io/poll", "poll", [future, past, input]), [1, 2]);
  assert.deepEqual(
    [future, past].map((one) => host.call("io/poll", "[method]pollable.ready", one)),
    [false, true],
  );
});

test("poll waits for the first of many, and holds no timer but the thread's", async () => {
  const host = testHost();
  const flow = new Flow();
  const input = new FlowInputStream(host, flow).subscribe();
  const never = host.call("clocks/monotonic-clock", "subscribe-instant", 2n ** 64n - 1n);
  const polled = host.call("io/poll", "poll", [never, input]);
  assert.ok(host.thread.parked);
  flow.push(Buffer.from("a"));
  assert.deepEqual(await polled, [1]);
  assert.equal(host.thread.wakeUps, 1);
  host.thread.end(new Error("over"));
});

test("block and poll wait until a time of the monotonic clock", async () => {
  let now = 1_000n;
  const clocks: Clocks = { monotonic: () => now, realtime: () => 0n };
  const host = testHost({ clocks });
  const after = host.call("clocks/monotonic-clock", "subscribe-duration", 2_000n);
  const blocked = host.call("io/poll", "[method]pollable.block", after);
  assert.ok(host.thread.parked);
  now = 3_000n;
  await blocked;
  assert.equal(host.call("io/poll", "[method]pollable.block", after), undefined);
  assert.deepEqual(host.call("io/poll", "poll", [after]), [0]);
});

test("a guest that polls on and on lets others have their turn", async () => {
  const host = testHost();
  const ready = host.call("clocks/monotonic-clock", "subscribe-instant", 0n);
  let turned = false;
  setImmediate(() => (turned = true));
  while (!turned) await host.call("io/poll", "poll", [ready]);
});
