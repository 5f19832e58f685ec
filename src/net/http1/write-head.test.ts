import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { writeHead } from "./write-head.ts";

const refused: readonly (readonly [name: string, status: number, field: readonly [string, string]])[] = [
  ["CRLF in a value", 200, ["x", "a\r\nset-cookie: b"]],
  ["LF in a value", 200, ["x", "a\nset-cookie: b"]],
  ["CR in a value", 200, ["x", "a\rset-cookie: b"]],
  ["NUL in a value", 200, ["x", "a\0"]],
  ["a character that would become another in latin1", 200, ["x", "a\u010ab\u010d"]],
  ["CRLF in a name", 200, ["x\r\ny", "a"]],
  ["a colon in a name", 200, ["x:", "a"]],
  ["an empty name", 200, ["", "a"]],
  ["a list of lengths", 200, ["content-length", "5, 5"]],
  ["a negative length", 200, ["content-length", "-5"]],
  ["the status 199", 199, ["x", "a"]],
  ["the status 600", 600, ["x", "a"]],
  ["the status 200.5", 200.5, ["x", "a"]],
];
for (const [name, status, pair] of refused) {
  test(`writeHead() refuses ${name}`, () => void assert.throws(() => writeHead(status, [pair], "now"), WarrenError));
}

test("writeHead() refuses two lengths", () => {
  const fields = [["content-length", "5"] as const, ["Content-Length", "5"] as const];
  assert.throws(() => writeHead(200, fields, "now"), WarrenError);
});

test("writeHead() leaves the framing and the connection to the front", () => {
  const fields = [
    ["x-a", "ä"] as const,
    ["Connection", "x"] as const,
    ["transfer-encoding", "gzip"] as const,
    ["content-length", "5"] as const,
  ];
  assert.deepEqual(writeHead(200, fields, "now"), {
    text: "HTTP/1.1 200 OK\r\nx-a: ä\r\nDate: now\r\n",
    contentLength: 5,
  });
});

test("writeHead() keeps the guest's Date", () => {
  assert.equal(writeHead(299, [["date", "then"]], "now").text, "HTTP/1.1 299 \r\ndate: then\r\n");
});
