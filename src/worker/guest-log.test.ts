import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestLog } from "./guest-log.ts";
import type { LogEntry } from "./protocol.ts";

function collector() {
  const taken = new Map<string, LogEntry[]>();
  let open = true;
  const log = new GuestLog((service, entries) => {
    if (open) taken.set(service, [...(taken.get(service) ?? []), ...entries]);
    return open;
  });
  return {
    log,
    texts: (service: string) => (taken.get(service) ?? []).map((entry) => entry.text),
    shut: (value: boolean) => (open = !value),
  };
}

test("stream() joins chunks into lines and keeps characters whole", () => {
  const { log, texts } = collector();
  const flow = log.stream("a/b", 1, "stdout");
  const bytes = Buffer.from("grüße\r\nzwei\ndr");
  flow.push(bytes.subarray(0, 3));
  flow.push(bytes.subarray(3, 9));
  flow.push(bytes.subarray(9));
  flow.push(Buffer.from("ei"));
  flow.end();
  log.flush();
  assert.deepEqual(texts("a/b"), ["grüße", "zwei", "drei"]);
});

test("stream() cuts a line that does not end", () => {
  const { log, texts } = collector();
  const flow = log.stream("a/b", 1, "stdout");
  for (let i = 0; i < 10; i++) flow.push(Buffer.alloc(10_000, "x"));
  flow.end();
  log.flush();
  assert.ok(texts("a/b").every((text) => text.length <= 16_384));
  assert.equal(texts("a/b").join("").length, 100_000);
});

test("a flood keeps the newest lines, says how many were lost, and leaves a neighbour's alone", () => {
  const { log, texts, shut } = collector();
  shut(true);
  log.add("quiet/one", 1, "stdout", "still here");
  for (let i = 0; i < 200_000; i++) log.add("loud/one", 1, "stdout", `line ${i}`);
  shut(false);
  log.flush();
  assert.deepEqual(texts("quiet/one"), ["still here"]);
  const loud = texts("loud/one");
  assert.match(loud[0] as string, /^[0-9]+ lines were lost$/);
  assert.equal(loud.at(-1), "line 199999");
  assert.equal(Number.parseInt(loud[0] as string, 10) + loud.length - 1, 200_000);
});

test("tail() gives the last lines of the program only", () => {
  const { log } = collector();
  for (let i = 0; i < 30; i++) log.add("a/b", 1, "stderr", `${i}`);
  log.add("a/b", 1, "warren", "ours");
  assert.equal(log.tail("a/b").length, 20);
  assert.equal(log.tail("a/b").at(-1), "29");
});

test("flush() hands over no batch that is too long for a line of the link, whatever is in it", () => {
  let longest = 0;
  const log = new GuestLog((_service, entries) => {
    longest = Math.max(longest, JSON.stringify(entries).length);
    return true;
  });
  for (let i = 0; i < 300; i++) log.add("loud/one", 1, "stdout", "\0".repeat(16_000));
  log.flush();
  assert.ok(longest > 1_000_000 && longest < 3_000_000, `${longest}`);
});

test("stream() lets a guest wait that prints more than it may, loses nothing, and leaves a neighbour's alone", async () => {
  const { log, texts } = collector();
  const [loud, quiet] = [log.stream("loud/one", 1, "stdout"), log.stream("quiet/one", 1, "stdout")];
  const chunk = Buffer.from(`${"x".repeat(99)}\n`.repeat(100));
  let pushed = 0;
  while (loud.writable) {
    loud.push(chunk);
    pushed += 100;
  }
  assert.ok(pushed < 10_000, `${pushed} lines before it waits`);
  quiet.push(Buffer.from("still here\n"));
  loud.end();
  while (!loud.finished) await new Promise((resolve) => setTimeout(resolve, 5));
  log.flush();
  assert.equal(texts("loud/one").length, pushed);
  assert.deepEqual(texts("quiet/one"), ["still here"]);
});
