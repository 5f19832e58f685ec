import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessRecord, accessLine } from "./record.ts";

const record: AccessRecord = {
  at: Date.UTC(2026, 10, 4, 0, 8, 9, 12),
  client: "192.0.2.1",
  method: "GET",
  host: "shop.example.com",
  target: "/a?b=c",
  protocol: "HTTP/1.1",
  status: 200,
  receivedBytes: 80,
  sentBytes: 1234,
  wallMs: 1.23456,
  cpuMs: 0.5,
  requestId: "7f",
  traceId: "",
};

test("accessLine() writes JSON", () => {
  assert.equal(
    accessLine(record, "json"),
    '{"time":"2026-11-04T00:08:09.012Z","client":"192.0.2.1","method":"GET","host":"shop.example.com","target":"/a?b=c","protocol":"HTTP/1.1","status":200,"received":80,"sent":1234,"wallMs":1.235,"cpuMs":0.5,"requestId":"7f"}',
  );
  assert.equal(JSON.parse(accessLine({ ...record, traceId: "ab" }, "json")).traceId, "ab");
});

test("accessLine() writes the Common Log Format", () => {
  assert.equal(
    accessLine(record, "common"),
    '192.0.2.1 - - [04/Nov/2026:00:08:09 +0000] "GET /a?b=c HTTP/1.1" 200 1234',
  );
});

const hostile = [
  '/"',
  "/\\",
  '/" 200 0\n192.0.2.9 - - "GET /',
  "/\u001b[2J",
  "/\u00ff\u0085\u009b",
  "/\u2028\ud800",
  '/","status":0,"x":"',
];

test("accessLine() lets nothing that a client chose end its field or its line", () => {
  for (const target of hostile) {
    const json = accessLine({ ...record, target, host: target }, "json");
    assert.equal(JSON.parse(json).target, JSON.parse(JSON.stringify(target)));
    assert.equal(JSON.parse(json).status, 200);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    assert.doesNotMatch(json, /[\u0000-\u001f]/);
    const common = accessLine({ ...record, target }, "common");
    assert.match(common, /^192\.0\.2\.1 - - \[[^\]]+\] "GET \/[\x21\x23-\x5b\x5c\x5d-\x7e ]* HTTP\/1\.1" 200 1234$/);
    assert.doesNotMatch(common.replaceAll(/\\(x[0-9A-F]{2}|u[0-9a-f]{4})/g, ""), /\\/);
  }
});

test("accessLine() cuts what is long", () => {
  for (const format of ["json", "common"] as const)
    assert.ok(accessLine({ ...record, target: `/${"x".repeat(8000)}`, host: "y".repeat(8000) }, format).length < 4500);
});
