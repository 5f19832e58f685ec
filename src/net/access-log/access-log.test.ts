import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessLog } from "./access-log.ts";
import type { AccessRecord } from "./record.ts";

const record: AccessRecord = {
  at: 0,
  client: "192.0.2.1",
  method: "GET",
  host: "a",
  target: `/${"x".repeat(1000)}`,
  protocol: "HTTP/1.1",
  status: 200,
  receivedBytes: 0,
  sentBytes: 0,
  wallMs: 0,
  cpuMs: 0,
  requestId: "",
  traceId: "",
};

function newLog(sample: number, random = () => 0): { log: AccessLog; lines: string[]; told: string[] } {
  const lines: string[] = [];
  const told: string[] = [];
  const terms = { format: "common", sample } as const;
  const log = new AccessLog({ terms, random, write: (line) => lines.push(line), tell: (text) => told.push(text) });
  return { log, lines, told };
}

test("AccessLog tells of the part that it is asked for", () => {
  let turn = 0;
  const { log } = newLog(0.1, () => (turn++ % 100) / 100);
  let count = 0;
  for (let time = 0; time < 1000; time++) if (log.sampled()) count++;
  assert.equal(count, 100);
  assert.equal(newLog(1, () => 0.999).log.sampled(), true);
  assert.equal(newLog(0).log.sampled(), false);
});

test("AccessLog leaves out what comes faster than a mebibyte a second, and says how much that was", () => {
  const { log, lines, told } = newLog(1);
  for (let time = 0; time < 20_000; time++) log.add(record, 1000);
  const perMebibyte = Math.ceil(2 ** 20 / lines[0]!.length);
  assert.equal(lines.length, perMebibyte);
  assert.deepEqual(told, ["1 lines of the access log were left out: more than 1 MiB a second"]);
  log.add(record, 2500);
  assert.equal(lines.length, perMebibyte + 1);
  assert.equal(told.length, 2);
  assert.equal(told[1], `${20_000 - perMebibyte - 1} lines of the access log were left out: more than 1 MiB a second`);
});
