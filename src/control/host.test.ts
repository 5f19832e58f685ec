import assert from "node:assert/strict";
import { it } from "node:test";
import { formatHost, parseHost } from "./host.ts";

it("parseHost() reads sockets and URLs", () => {
  const expected: [string, string][] = [
    ["unix:///run/warren.sock", "unix:///run/warren.sock"],
    ["unix:/run/warren.sock", "unix:///run/warren.sock"],
    ["http://127.0.0.1:8000", "http://127.0.0.1:8000"],
    ["https://example.com", "https://example.com:7373"],
    ["https://example.com:443/", "https://example.com:443"],
    ["http://[::1]:80", "http://[::1]:80"],
  ];
  for (const [text, formatted] of expected) assert.equal(formatHost(parseHost(text)), formatted, text);
});

it("parseHost() refuses what is none", () => {
  for (const text of [
    "",
    "example.com",
    "ftp://example.com",
    "unix://run.sock",
    "http://a/b",
    "http://a?b",
    "http://me@a",
    "http://",
  ]) {
    assert.throws(() => parseHost(text), { code: "host.invalid" }, text);
  }
});
