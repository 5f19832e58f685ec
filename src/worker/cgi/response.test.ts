import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { CgiResponseParser, parseCgiHead } from "./response.ts";

function check(text: string, expected: { status: number; headers: [string, string][] }): void {
  assert.deepEqual(parseCgiHead(text), expected);
}

test("parseCgiHead() reads status and fields", () => {
  check("Content-Type: text/plain", { status: 200, headers: [["content-type", "text/plain"]] });
  check("Status: 404 Not Found\r\nX-A: b: c", { status: 404, headers: [["x-a", "b: c"]] });
  check("Location: /there", { status: 302, headers: [["location", "/there"]] });
  check("Status: 201\nLocation: /there", { status: 201, headers: [["location", "/there"]] });
  check("Connection: close\nTransfer-Encoding: chunked\nA: 1", { status: 200, headers: [["a", "1"]] });
});

test("parseCgiHead() refuses what could split the answer", () => {
  for (const text of [
    "",
    "no colon",
    ": empty",
    "A B: c",
    "A: b\rC: d",
    "A: \u0000",
    "Status: 99",
    "Status: 100 Continue",
    "Status: abc",
    " A: b",
  ]) {
    assert.throws(
      () => parseCgiHead(text),
      (error) => error instanceof WarrenError && error.code === "cgi.bad-response",
      JSON.stringify(text),
    );
  }
});

test("CgiResponseParser gives the same at any split", () => {
  const bytes = Buffer.from("Content-Type: text/plain\r\nX: 1\r\n\r\nbody\n\nmore");
  for (let cut = 0; cut <= bytes.length; cut++) {
    const parser = new CgiResponseParser();
    const first = parser.push(bytes.subarray(0, cut));
    const result = first ?? parser.push(bytes.subarray(cut));
    assert.ok(result);
    const body = Buffer.concat([result.body, first ? bytes.subarray(cut) : Buffer.alloc(0)]);
    assert.equal(body.toString(), "body\n\nmore");
    assert.equal(result.head.headers.length, 2);
  }
});

test("CgiResponseParser gives up on a head without an end", () => {
  const parser = new CgiResponseParser();
  assert.throws(() => {
    for (let i = 0; i < 20; i++) parser.push(Buffer.from("x".repeat(1000)));
  }, /cannot be used/);
});
