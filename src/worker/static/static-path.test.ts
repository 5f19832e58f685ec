import assert from "node:assert/strict";
import { test } from "node:test";
import { staticPath } from "./static-path.ts";

function check(path: string, expected: string | 400 | 404, mountedAt = ""): void {
  const got = staticPath(path, mountedAt);
  const told = got.kind === "refused" ? got.status : `${got.path}${got.slash ? "/" : ""}`;
  assert.equal(told, expected, path);
}

test("staticPath() gives the path beneath the directory, decoded once", () => {
  check("/", "/");
  check("/a.js", "a.js");
  check("/a/b/c.css", "a/b/c.css");
  check("/docs/", "docs/");
  check("/a%20b.txt", "a b.txt");
  check("/100%2525", "100%25");
  check("/%E2%82%AC.txt", "€.txt");
  check("/\xe2\x82\xac.txt", "€.txt");
  check("/a+b&c=d;e,f@g:h!$'()*~_-.txt", "a+b&c=d;e,f@g:h!$'()*~_-.txt");
  check("/.well-known/security.txt", ".well-known/security.txt");
  check("/a..b", "a..b");
  check("/a.", "a.");
  check("/%3Fquery%23hash", "?query#hash");
});

test("staticPath() takes the prefix of the route off", () => {
  check("/docs", "", "/docs");
  check("/docs/", "/", "/docs");
  check("/docs/a/b.html", "a/b.html", "/docs");
  check("/docs/%2e%2e/b.html", 400, "/docs");
});

test("staticPath() refuses what two readers may understand differently", () => {
  for (const path of [
    "/..",
    "/../etc/passwd",
    "/a/../b",
    "/a/..",
    "/./a",
    "/a/./",
    "/%2e%2e/etc/passwd",
    "/%2E%2e/",
    "/.%2e/a",
    "/a%2fb",
    "/a%2Fb",
    "/..%2f..%2fetc/passwd",
    "/a\\b",
    "/a%5cb",
    "/..%5c..%5cwindows",
    "/a%00.txt",
    "/a\0b",
    "/%",
    "/%4",
    "/%zz",
    "/%u0041",
    "/%+1",
    "/% 1",
    // Overlong, a lone surrogate, cut off: no UTF-8.
    "/%c0%ae%c0%ae/a",
    "/%c0%af",
    "/%ed%a0%80",
    "/%e2%82",
    "/\xff",
    "/€",
    "*",
  ])
    check(path, 400);
});

test("staticPath() serves no names that begin with a dot, and no empty ones", () => {
  for (const path of [
    "/.env",
    "/.git/config",
    "/a/.htpasswd",
    "/%2eenv",
    "/...",
    "/.well-known/.secret",
    "/a/.well-known/b",
    "/.well-knownx",
    "//",
    "//evil.example.com",
    "//evil.example.com/",
    "/a//b",
    "/a//",
  ])
    check(path, 404);
});
