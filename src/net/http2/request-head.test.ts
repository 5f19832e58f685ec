import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { httpLimits } from "../http1/limits.ts";
import { Http2RequestHead, trailerFields } from "./request-head.ts";

type Fields = readonly (readonly [string, string])[];

const get: Fields = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "a.test"],
  [":path", "/x?y"],
];

function parse(fields: Fields): Http2RequestHead {
  return Http2RequestHead.parse(fields.flat(), httpLimits);
}

/** The fields of a GET, with others in place of some of them. */
function but(...changes: Fields): Fields {
  const names = new Set(changes.map(([name]) => name));
  return [
    ...changes.filter(([name]) => name.startsWith(":")),
    ...get.filter(([name]) => !names.has(name)),
    ...changes.filter(([name]) => !name.startsWith(":")),
  ];
}

test("Http2RequestHead.parse() reads a request", () => {
  const head = parse([
    ...get,
    ["user-agent", "me"],
    ["cookie", "a=1"],
    ["te", "trailers"],
    ["cookie", "b=2"],
    ["x-forwarded-for", "10.9.9.9"],
    ["x_real_ip", "10.9.9.9"],
    ["warren-forwarded", "10.9.9.9 1 10.9.9.9 2 http"],
    ["content-length", "5"],
  ]);
  assert.deepEqual(
    [head.method, head.host, head.target, head.path, head.contentLength, head.suspicious],
    ["GET", "a.test", "/x?y", "/x", 5, false],
  );
  assert.deepEqual(head.fields, [
    ["host", "a.test"],
    ["user-agent", "me"],
    ["cookie", "a=1; b=2"],
    ["content-length", "5"],
  ]);
  assert.equal(head.field("cookie"), "a=1; b=2");
  assert.equal(parse(but([":method", "OPTIONS"], [":path", "*"])).path, "/");
  assert.equal(parse(but([":path", "/a/../b"])).suspicious, true);
  assert.equal(parse([...get.slice(0, 2), get[3]!, ["host", "b.test:8080"]]).host, "b.test:8080");
});

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("Http2RequestHead.parse() passes a trace context on that is valid, and no other", () => {
  const names = (fields: Fields) => parse([...get, ...fields]).fields.map(([name]) => name);
  assert.deepEqual(
    names([
      ["traceparent", trace],
      ["tracestate", "a=b"],
    ]),
    ["host", "traceparent", "tracestate"],
  );
  assert.deepEqual(
    names([
      ["traceparent", "00-0"],
      ["tracestate", "a=b"],
    ]),
    ["host"],
  );
  assert.deepEqual(
    names([
      ["traceparent", trace],
      ["traceparent", trace],
    ]),
    ["host"],
  );
  assert.deepEqual(names([["tracestate", "a=b"]]), ["host"]);
});

const refused: readonly (readonly [name: string, fields: Fields, status: number])[] = [
  ["no :authority and no Host", get.filter(([name]) => name !== ":authority"), 400],
  ["an empty :authority", but([":authority", ""]), 400],
  ["a Host that contradicts", but(["host", "b.test"]), 400],
  ["two Hosts", but(["host", "a.test"], ["host", "a.test"]), 400],
  ["a user in :authority", but([":authority", "me@a.test"]), 400],
  ["a list in :authority", but([":authority", "a.test,b.test"]), 400],
  ["a path in :authority", but([":authority", "a.test/b"]), 400],
  ["a port that is none", but([":authority", "a.test:99999"]), 400],
  ["a :path that is no path", but([":path", "x"]), 400],
  ["an absolute :path", but([":path", "http://a.test/"]), 400],
  ["an empty :path", but([":path", ""]), 400],
  ["an asterisk for GET", but([":path", "*"]), 400],
  ["a space in :path", but([":path", "/a b"]), 400],
  ["a NUL in :path", but([":path", "/a\0b"]), 400],
  ["a fragment", but([":path", "/a#b"]), 400],
  ["a backslash", but([":path", "/a\\b"]), 400],
  ["too long a :path", but([":path", `/${"a".repeat(9_000)}`]), 414],
  ["another scheme", but([":scheme", "ftp"]), 400],
  ["no method", but([":method", ""]), 400],
  ["a method that is no token", but([":method", "GE T"]), 400],
  ["CONNECT", but([":method", "CONNECT"]), 501],
  ["TRACE", but([":method", "TRACE"]), 501],
  ["an unknown pseudo-header field", [[":protocol", "websocket"], ...get], 400],
  ["a pseudo-header field twice", [...get, [":path", "/"]], 400],
  ["a pseudo-header field behind a field", [...get.slice(0, 3), ["x-a", "b"], get[3]!], 400],
  ["a name in upper case", [...get, ["X-A", "b"]], 400],
  ["an empty name", [...get, ["", "b"]], 400],
  ["a name with a space", [...get, ["x a", "b"]], 400],
  ["a line break in a value", [...get, ["x-a", "b\r\nx-c: d"]], 400],
  ["a NUL in a value", [...get, ["x-a", "b\0"]], 400],
  ["a value that begins with a space", [...get, ["x-a", " b"]], 400],
  ["Connection", [...get, ["connection", "close"]], 400],
  ["Transfer-Encoding", [...get, ["transfer-encoding", "chunked"]], 400],
  ["Upgrade", [...get, ["upgrade", "websocket"]], 400],
  ["Keep-Alive", [...get, ["keep-alive", "5"]], 400],
  ["TE with more than trailers", [...get, ["te", "gzip"]], 400],
  ["two Content-Lengths", [...get, ["content-length", "1"], ["content-length", "1"]], 400],
  ["a list as Content-Length", [...get, ["content-length", "1,1"]], 400],
  ["a sign in Content-Length", [...get, ["content-length", "+1"]], 400],
  ["another expectation", [...get, ["expect", "more"]], 417],
  ["too large a head", [...get, ["x-a", "b".repeat(20_000)]], 431],
  ["too many fields", [...get, ...Array.from({ length: 101 }, (_, index) => [`x-${index}`, ""] as const)], 431],
];

for (const [name, fields, status] of refused)
  test(`Http2RequestHead.parse() refuses ${name}`, () => {
    assert.throws(
      () => parse(fields),
      (error) => error instanceof WarrenError && error.status === status,
    );
  });

test("trailerFields() leaves out what may not come so late", () => {
  const late = ["x-sum", "1", "content-length", "5", "host", "b", "set-cookie", "a=b", "X-Upper", "1", "x-cr", "a\r"];
  assert.deepEqual(trailerFields(late), [["x-sum", "1"]]);
});
