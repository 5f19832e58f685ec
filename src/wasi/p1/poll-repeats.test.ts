import assert from "node:assert/strict";
import { test } from "node:test";
import { conduitPair } from "../../base/conduit.ts";
import { DescriptorTable } from "../descriptor-table.ts";
import { Connection } from "../sockets/connection.ts";
import { PollRepeats } from "./poll-repeats.ts";

function setUp() {
  const table = new DescriptorTable();
  const [, accepted] = conduitPair({ ip: "192.0.2.1", port: 1 }, { ip: "127.0.0.1", port: 80 });
  const fd = table.add(new Connection(accepted));
  const repeats = new PollRepeats(table);
  /** A poll that finds this many bytes to read, and that it can write; whether that is stale. */
  const poll = (bytes = 0, hangup = false): boolean => {
    repeats.begin();
    repeats.look();
    table.get(fd);
    repeats.ready(fd, "write", { bytes: 65536, hangup: false });
    if (bytes > 0 || hangup) repeats.ready(fd, "read", { bytes, hangup });
    const { stale } = repeats;
    repeats.end();
    return stale;
  };
  return { table, fd, repeats, poll };
}

test("PollRepeats: the same answer is stale the third time, and no more once a call was made", () => {
  const { table, fd, poll } = setUp();
  for (const use of [() => table.get(fd), () => table.close(fd)]) {
    assert.deepEqual([poll(), poll(), poll(), poll()], [false, false, true, true]);
    use();
  }
  assert.equal(poll(), false);
});

test("PollRepeats: more to read, a hangup, a time and an error are news", () => {
  const { repeats, poll } = setUp();
  assert.deepEqual([poll(), poll(), poll()], [false, false, true]);
  assert.deepEqual([poll(5), poll(5), poll(6), poll(6)], [false, true, false, true]);
  assert.deepEqual([poll(6, true), poll(6, true)], [false, true]);
  repeats.begin();
  repeats.look();
  assert.equal(repeats.stale, true);
  repeats.news();
  assert.equal(repeats.stale, false);
});

test("PollRepeats: waits grow from 1 to 128 ms, and begin anew after a call", () => {
  const { table, fd, repeats, poll } = setUp();
  for (let i = 0; i < 3; i++) poll();
  const delays = Array.from({ length: 10 }, () => Number(repeats.nextDelay()) / 1e6);
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 128, 128]);
  table.get(fd);
  poll();
  assert.equal(repeats.nextDelay(), 1_000_000n);
});
