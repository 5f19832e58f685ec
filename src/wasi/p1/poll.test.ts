import assert from "node:assert/strict";
import { test } from "node:test";
import { conduitPair } from "../../base/conduit.ts";
import { errno } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { pollFunctions } from "./poll.ts";
import { call, type TestHost, testHost } from "./testdata/test-host.ts";

type Subscription =
  | { readonly clock: number; readonly timeout: bigint; readonly absolute?: boolean }
  | { readonly read: number }
  | { readonly write: number }
  | { readonly tag: number };

const input = 1024;
const output = 8192;
const countAt = 16;

function subscribe({ memory }: TestHost, list: readonly Subscription[]): void {
  for (const [i, item] of list.entries()) {
    const at = input + i * 48;
    memory.bytes(at, 48).fill(0);
    memory.setU64(at, BigInt(100 + i));
    if ("clock" in item) {
      memory.setU32(at + 16, item.clock);
      memory.setU64(at + 24, item.timeout);
      memory.setU16(at + 40, item.absolute ? 1 : 0);
    } else if ("tag" in item) {
      memory.setU8(at + 8, item.tag);
    } else {
      memory.setU8(at + 8, "read" in item ? 1 : 2);
      memory.setU32(at + 16, "read" in item ? item.read : item.write);
    }
  }
}

function events({ memory }: TestHost): number[][] {
  return Array.from({ length: memory.getU32(countAt) }, (_, i) => {
    const at = output + i * 32;
    const view = memory.view();
    return [
      Number(memory.getU64(at)) - 100,
      view.getUint16(at + 8, true),
      view.getUint8(at + 10),
      Number(memory.getU64(at + 16)),
      view.getUint16(at + 24, true),
    ];
  });
}

async function poll(host: TestHost, list: readonly Subscription[]): Promise<number[][]> {
  subscribe(host, list);
  assert.equal(await call(pollFunctions(host).poll_oneoff, input, output, list.length, countAt), errno.SUCCESS);
  return events(host);
}

function connection(host: TestHost) {
  const [end, accepted] = conduitPair({ ip: "192.0.2.1", port: 1 }, { ip: "127.0.0.1", port: 80 });
  return { end, fd: host.table.add(new Connection(accepted)) };
}

test("poll_oneoff refuses no subscriptions and too many, and bad pointers", () => {
  const { poll_oneoff } = pollFunctions(testHost());
  assert.equal(poll_oneoff(input, output, 0, countAt), errno.INVAL);
  assert.equal(poll_oneoff(input, output, 5000, countAt), errno.INVAL);
  assert.throws(() => poll_oneoff(65530, output, 1, countAt), { errno: errno.FAULT });
});

test("poll_oneoff tells errors by event", async () => {
  const list = [{ read: 99 }, { tag: 9 }, { clock: 7, timeout: 5n }, { clock: 2, timeout: 5n }];
  assert.deepEqual(await poll(testHost(), list), [
    [0, errno.BADF, 1, 0, 0],
    [1, errno.INVAL, 9, 0, 0],
    [2, errno.INVAL, 0, 0, 0],
    [3, errno.INVAL, 0, 0, 0],
  ]);
});

test("poll_oneoff with timeout 0 answers without suspending", () => {
  const host = testHost();
  const { fd } = connection(host);
  subscribe(host, [{ read: fd }, { clock: 1, timeout: 0n }]);
  assert.equal(pollFunctions(host).poll_oneoff(input, output, 2, countAt), 0);
  assert.deepEqual(events(host), [[1, 0, 0, 0, 0]]);
});

test("poll_oneoff pauses a guest that polls all the time, so that the host's events get their turn", async () => {
  const host = testHost();
  const { poll_oneoff } = pollFunctions(host);
  subscribe(host, [{ clock: 1, timeout: 0n }]);
  host.thread.start();
  let events = 0;
  setImmediate(() => events++);
  let result: number | Promise<number> | undefined = 0;
  while (typeof result === "number") result = poll_oneoff(input, output, 1, countAt);
  assert.equal(await result, 0);
  assert.equal(events, 1);
});

test("poll_oneoff waits for its descriptors, and reports bytes and hangups", async () => {
  const host = testHost();
  const one = connection(host);
  const other = connection(host);
  const waiting = poll(host, [{ read: one.fd }, { read: other.fd }]);
  await null;
  assert.ok(host.thread.parked);
  other.end.output.push(Buffer.from("abc"));
  assert.deepEqual(await waiting, [[1, 0, 1, 3, 0]]);
  one.end.output.end();
  assert.deepEqual(await poll(host, [{ read: one.fd }, { write: one.fd }]), [
    [0, 0, 1, 0, 1],
    [1, 0, 2, 65536, 0],
  ]);
});

test("a guest that polls is woken by what it polls only", async () => {
  const host = testHost();
  const polled = connection(host);
  const other = connection(host);
  const waiting = poll(host, [{ read: polled.fd }]);
  for (let i = 0; i < 100; i++) other.end.output.push(Buffer.from("x"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(host.thread.wakeUps, 0);
  polled.end.output.push(Buffer.from("x"));
  await waiting;
  assert.equal(host.thread.wakeUps, 1);
});

for (const [name, clock, absolute] of [
  ["monotonic, relative", 1, false],
  ["monotonic, absolute", 1, true],
  // ppoll() of wasi-libc.
  ["realtime, relative", 0, false],
  ["realtime, absolute", 0, true],
] as const) {
  test(`poll_oneoff waits for a time: ${name}`, async () => {
    const host = testHost();
    const { fd } = connection(host);
    const now = clock === 0 ? host.clocks.realtime() : host.clocks.monotonic();
    const start = host.clocks.monotonic();
    const timeout = absolute ? now + 3_000_000n : 3_000_000n;
    assert.deepEqual(await poll(host, [{ clock, timeout, absolute }, { read: fd }]), [[0, 0, 0, 0, 0]]);
    // Resynchronising the wall clock may make up to 2 ms of difference.
    assert.ok(host.clocks.monotonic() - start >= (clock === 0 && absolute ? 900_000n : 3_000_000n));
  });
}

test("poll_oneoff does not wait for a time that has passed, nor break on one that never comes", async () => {
  const host = testHost();
  const { end, fd } = connection(host);
  assert.deepEqual(await poll(host, [{ clock: 0, timeout: 1n, absolute: true }]), [[0, 0, 0, 0, 0]]);
  const waiting = poll(host, [{ clock: 1, timeout: 0xffff_ffff_ffff_ffffn }, { read: fd }]);
  end.output.push(Buffer.from("x"));
  assert.deepEqual(await waiting, [[1, 0, 1, 1, 0]]);
  host.thread.end(new Error("over"));
});

test("poll_oneoff that would only repeat itself waits for something new, or a while", async () => {
  let now = 0n;
  const host = testHost({ clocks: { realtime: () => now, monotonic: () => now } });
  const { end, fd } = connection(host);
  const { poll_oneoff } = pollFunctions(host);
  subscribe(host, [{ write: fd }, { read: fd }]);
  const again = () => poll_oneoff(input, output, 2, countAt);
  // An idle connection can be written to: that is told, and once more to who makes nothing of it.
  assert.deepEqual([again(), again()], [errno.SUCCESS, errno.SUCCESS]);
  const something = again();
  assert.ok(something instanceof Promise);
  end.output.push(Buffer.from("x"));
  assert.equal(await something, errno.SUCCESS);
  assert.deepEqual(
    events(host).map(([index]) => index),
    [0, 1],
  );

  const nothing = again();
  now += 1_000_000_000n;
  assert.equal(await nothing, errno.SUCCESS);
  assert.deepEqual(
    events(host).map(([index]) => index),
    [0, 1],
  );

  host.table.get(fd);
  assert.equal(again(), errno.SUCCESS);
});
