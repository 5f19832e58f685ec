import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { forwardResponse } from "./forward-head.ts";
import { httpLimits } from "./limits.ts";
import { ResponseHead } from "./response-head.ts";

function parse(text: string): ResponseHead {
  const head = new ResponseHead(httpLimits);
  assert.ok(head.parse(Buffer.from(text, "latin1"), 0) > 0, "the head is not complete");
  return head;
}

const refused: readonly (readonly [name: string, text: string])[] = [
  ["no status line", "\r\n\r\n"],
  ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"],
  ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["the status 099", "HTTP/1.1 099 OK\r\n\r\n"],
  ["the status 600", "HTTP/1.1 600 OK\r\n\r\n"],
  ["bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
  ["bare LF in a value", "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n"],
  ["bare CR in a value", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n"],
  ["NUL in a value", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"],
  ["a control character in the reason", "HTTP/1.1 200 O\x1bK\r\n\r\n"],
  ["obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"],
  ["a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"],
  ["a field without a name", "HTTP/1.1 200 OK\r\n: a\r\n\r\n"],
  ["two Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"],
  ["a list of Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n"],
  ["CL.TE", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["TE gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  ["TE twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["TE on HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["a head over 32 KiB", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(32_768)}\r\n\r\n`],
  ["101 fields", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(101)}\r\n`],
];
for (const [name, text] of refused) {
  test(`ResponseHead refuses ${name}`, () => {
    const head = new ResponseHead(httpLimits);
    assert.throws(() => head.parse(Buffer.from(text, "latin1"), 0), WarrenError);
  });
}

test("ResponseHead reads the status line and the framing", () => {
  const head = parse("HTTP/1.1 201 Created\r\nContent-Length: 12\r\nConnection: close\r\n\r\n");
  assert.deepEqual(
    [head.status, head.minor, head.contentLength, head.chunked, head.persistent],
    [201, 1, 12, false, false],
  );
  assert.deepEqual(
    [parse("HTTP/1.0 200\r\n\r\n").contentLength, parse("HTTP/1.0 200\r\n\r\n").persistent],
    [-1, false],
  );
  assert.equal(parse("HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n").chunked, true);
});

test("ResponseHead takes a head in pieces", () => {
  const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const head = new ResponseHead(httpLimits);
  for (let to = 1; to < text.length; to++) assert.equal(head.parse(Buffer.from(text.slice(0, to)), 0), -1);
  assert.equal(head.parse(Buffer.from(`${text}hello`), 0), text.length);
  assert.equal(head.contentLength, 5);
});

const forwardings: readonly (readonly [name: string, from: string, insert: string, to: string | undefined])[] = [
  [
    "leaves a plain head as it is",
    "HTTP/1.1 200 OK\r\nServer: x\r\nDate: y\r\nContent-Length: 5\r\n\r\n",
    "",
    undefined,
  ],
  [
    "removes what is meant for one hop",
    "HTTP/1.1 200 OK\r\nConnection: x-a, close\r\nX-A: 1\r\nKeep-Alive: 5\r\nX-B: 2\r\n\r\n",
    "",
    "HTTP/1.1 200 OK\r\nX-B: 2\r\n\r\n",
  ],
  [
    "inserts behind the guest's fields",
    "HTTP/1.1 200 OK\r\nX: y\r\n\r\n",
    "Connection: close\r\n",
    "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n",
  ],
  ["speaks HTTP/1.1 itself", "HTTP/1.0 200 OK\r\nX: y\r\n\r\n", "", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"],
  [
    "removes framing from a 204",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "",
    "HTTP/1.1 204 No Content\r\n\r\n",
  ],
  [
    "removes framing from an interim answer",
    "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\nLink: x\r\n\r\n",
    "",
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
  ],
];
for (const [name, from, insert, to] of forwardings) {
  test(`forwardResponse() ${name}`, () =>
    assert.equal(forwardResponse(parse(from), insert, parse(from).end)?.toString("latin1"), to));
}
