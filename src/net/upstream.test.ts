import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conduit, conduitPair } from "../base/conduit.ts";
import { streamTarget } from "./test-rig.ts";
import { Ticker } from "./ticker.ts";
import { Upstream, UpstreamPool } from "./upstream.ts";

function rig(): { pool: UpstreamPool; pass: (ms: number) => void; dial: () => { upstream: Upstream; guest: Conduit } } {
  let now = 0;
  const ticker = new Ticker({ clock: () => now });
  const pool = new UpstreamPool(
    streamTarget(() => {}),
    ticker,
  );
  return {
    pool,
    pass(ms) {
      now += ms;
      ticker.tick();
    },
    dial() {
      const [ours, guest] = conduitPair({ ip: "127.0.0.1", port: 1 }, { ip: "10.0.0.1", port: 80 });
      return { upstream: new Upstream(ours, pool), guest };
    },
  };
}

test("UpstreamPool gives the newest idle connection", () => {
  const { pool, dial } = rig();
  const [first, second] = [dial().upstream, dial().upstream];
  pool.put(first);
  pool.put(second);
  assert.deepEqual([pool.take(), pool.take(), pool.take()], [second, first, undefined]);
});

const unfit: readonly (readonly [name: string, guest: (guest: Conduit) => void])[] = [
  ["the guest has ended", ({ output }) => output.end()],
  ["the guest has said something unasked", ({ output }) => void output.push(Buffer.from("x"))],
  ["the guest reads no more", ({ input }) => input.cancel()],
];
for (const [name, act] of unfit) {
  test(`UpstreamPool.put() closes a connection when ${name}`, () => {
    const { pool, dial } = rig();
    const { upstream, guest } = dial();
    upstream.user = { onGuestReadable() {}, onGuestWritable() {} };
    act(guest);
    pool.put(upstream);
    assert.equal(pool.take(), undefined);
    assert.equal(guest.output.cancelled, true);
  });
}

for (const [name, act] of unfit.slice(0, 2)) {
  test(`UpstreamPool closes an idle connection when ${name}`, () => {
    const { pool, dial } = rig();
    const { upstream, guest } = dial();
    pool.put(upstream);
    act(guest);
    assert.equal(pool.take(), undefined);
    assert.equal(guest.input.closed, true);
  });
}

test("UpstreamPool closes what has been idle for half a minute, and only that", () => {
  const { pool, dial, pass } = rig();
  const [old, young] = [dial(), dial()];
  pool.put(old.upstream);
  pass(20_000);
  pool.put(young.upstream);
  pass(11_000);
  assert.deepEqual([old.guest.input.closed, young.guest.input.closed], [true, false]);
  pass(20_000);
  assert.equal(young.guest.input.closed, true);
  pool.put(dial().upstream);
  pass(31_000);
  assert.equal(pool.take(), undefined);
});

test("UpstreamPool keeps 64 idle connections at the most", () => {
  const { pool, dial } = rig();
  const all = Array.from({ length: 65 }, dial);
  for (const { upstream } of all) pool.put(upstream);
  assert.deepEqual(
    all.map(({ guest }) => guest.input.closed).filter((closed) => closed),
    [true],
  );
});

test("UpstreamPool lets idle connections make way for one that the guest does not take up", async () => {
  const { pool, dial } = rig();
  const [idle, waiting] = [dial(), dial()];
  waiting.upstream.conduit.output.push(Buffer.from("GET"));
  pool.put(idle.upstream);
  assert.equal(idle.guest.input.closed, false);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(idle.guest.input.closed, true);
});

const settlings: readonly (readonly [name: string, act: (rig: { upstream: Upstream; guest: Conduit }) => void])[] = [
  ["answered", ({ guest }) => void guest.output.push(Buffer.from("x"))],
  ["ended by the guest", ({ guest }) => guest.output.end()],
  ["closed", ({ upstream }) => upstream.close()],
  ["reset", ({ upstream }) => upstream.reset()],
];
for (const [name, act] of settlings) {
  test(`UpstreamPool remembers nothing of a connection that is ${name} and never kept`, () => {
    const { pool, dial } = rig();
    const dialled = dial();
    assert.equal(pool.waiting, 1);
    act(dialled);
    assert.equal(pool.waiting, 0);
  });
}
