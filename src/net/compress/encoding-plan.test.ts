import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../base/flow.ts";
import type { TargetRequest, TargetResponse } from "../target.ts";
import { isCompressibleType } from "./compressible.ts";
import { planEncoding } from "./encoding-plan.ts";

type Fields = Readonly<Record<string, string>>;

function plan(
  answer: Fields,
  { status = 200, method = "GET", request = {} as Fields, bytes = undefined as number | undefined } = {},
) {
  const body = new Flow();
  if (bytes !== undefined) {
    body.push(new Uint8Array(bytes));
    body.end();
  }
  const asked = { "accept-encoding": "gzip, br", ...request };
  const target = { method, headers: Object.entries(asked) } as unknown as TargetRequest;
  const response: TargetResponse = { status, headers: Object.entries(answer), body };
  const { coding, headers, length } = planEncoding(target, response);
  return { coding, headers: headers.map((field) => field.join(": ")), length };
}

test("planEncoding() edits the head for the coding that it chooses", () => {
  const answer = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": "5000",
    ETag: '"1"',
    "Accept-Ranges": "bytes",
    "X-Other": "1",
  };
  assert.deepEqual(plan(answer), {
    coding: "br",
    headers: [
      "Content-Type: text/html; charset=utf-8",
      'ETag: W/"1"',
      "X-Other: 1",
      "Vary: Accept-Encoding",
      "Content-Encoding: br",
    ],
    length: 5000,
  });
  // To HEAD as to GET.
  assert.deepEqual(plan(answer, { method: "HEAD" }), plan(answer));
});

test("planEncoding() has Vary say so once, whether this client gets it or not", () => {
  const type = { "content-type": "text/plain" };
  const vary = (answer: Fields, request: Fields = {}) =>
    plan({ ...type, ...answer }, { request }).headers.filter((field) => /^vary/i.test(field));
  assert.deepEqual(vary({}), ["Vary: Accept-Encoding"]);
  assert.deepEqual(vary({}, { "accept-encoding": "" }), ["Vary: Accept-Encoding"]);
  assert.deepEqual(vary({ Vary: "Origin" }), ["Vary: Origin", "Vary: Accept-Encoding"]);
  assert.deepEqual(vary({ Vary: "Origin, accept-encoding" }), ["Vary: Origin, accept-encoding"]);
  assert.deepEqual(vary({ Vary: "*" }), ["Vary: *"]);
  assert.deepEqual(vary({ Vary: "X-Accept-Encoding" }), ["Vary: X-Accept-Encoding", "Vary: Accept-Encoding"]);
});

test("planEncoding() leaves alone what must stay as it is", () => {
  const text = { "content-type": "text/plain" };
  const rows: readonly [string, ReturnType<typeof plan>][] = [
    ["an image", plan({ "content-type": "image/png" })],
    ["no type", plan({})],
    ["coded already", plan({ ...text, "content-encoding": "gzip" })],
    ["a part", plan({ ...text, "content-range": "bytes 0-1/2" }, { status: 206 })],
    ["no content", plan(text, { status: 204 })],
    ["no-transform", plan({ ...text, "Cache-Control": "public, no-transform" })],
    ["a digest", plan({ ...text, "Content-Digest": "sha-256=:x:" })],
    ["trailers", plan({ ...text, Trailer: "x-checksum" })],
  ];
  for (const [what, { coding, headers }] of rows) {
    assert.equal(coding, undefined, what);
    assert.ok(!headers.some((field) => /^(vary|content-encoding: br)/i.test(field)), what);
  }
  const plain: readonly [string, ReturnType<typeof plan>][] = [
    ["a client that does not accept it", plan(text, { request: { "accept-encoding": "identity" } })],
    ["a client that forbids it", plan(text, { request: { "cache-control": "no-transform" } })],
    ["too short, by its field", plan({ ...text, "content-length": "511" })],
    ["too short, being all there", plan(text, { bytes: 511 })],
  ];
  for (const [what, { coding, headers }] of plain) {
    assert.equal(coding, undefined, what);
    assert.ok(headers.includes("Vary: Accept-Encoding"), what);
  }
  assert.equal(plan(text, { bytes: 512 }).coding, "br");
  assert.equal(plan(text, { status: 404 }).coding, "br");
  assert.equal(plan({ ...text, "content-encoding": "identity" }).coding, "br");
});

test("planEncoding() gives a 304 the tag of the answer that it is about", () => {
  const { coding, headers } = plan({ ETag: '"1"' }, { status: 304 });
  assert.deepEqual([coding, headers], [undefined, ['ETag: W/"1"', "Vary: Accept-Encoding"]]);
  const plainly = plan({ ETag: '"1"' }, { status: 304, request: { "accept-encoding": "" } });
  assert.deepEqual(plainly.headers, ['ETag: "1"', "Vary: Accept-Encoding"]);
});

test("isCompressibleType() knows text by its many names", () => {
  for (const type of [
    "text/html",
    "TEXT/HTML ; charset=utf-8",
    "text/event-stream",
    "application/json",
    "application/problem+json",
    "application/vnd.api+json; ext=x",
    "image/svg+xml",
    "application/javascript",
    "application/wasm",
    "application/xhtml+xml",
  ])
    assert.ok(isCompressibleType(type), type);
  for (const type of [
    "",
    "image/png",
    "video/mp4",
    "application/octet-stream",
    "application/grpc",
    "application/zip",
    "font/woff2",
    "multipart/byteranges; boundary=text/html",
  ])
    assert.ok(!isCompressibleType(type), type);
});
