import assert from "node:assert/strict";
import { test } from "node:test";
import { location } from "./redirect.ts";

function check(to: string, mountedAt: string, target: string, expected: string, host = "old.example:8080"): void {
  const [path = ""] = target.split("?");
  assert.equal(location(to, { host, target, path }, mountedAt), expected, `${to} at ${mountedAt || "/"} for ${target}`);
}

test("location() keeps what follows the route's path, and the query", () => {
  check("https://new.example", "", "/", "https://new.example/");
  check("https://new.example", "", "/a/b?c=d", "https://new.example/a/b?c=d");
  check("https://new.example/", "", "/a?", "https://new.example/a?");
  check("https://new.example/base/", "/old", "/old/x?y", "https://new.example/base/x?y");
  check("https://new.example/base", "/old", "/old?y", "https://new.example/base?y");
  check("/new", "/old", "/old", "/new");
  check("/new/", "/old", "/old", "/new/");
  check("/new/", "/old", "/old/", "/new/");
  check("/new", "/old", "/old/%2e/x", "/new/%2e/x");
});

test("location() follows what the redirect says of path, query and host", () => {
  check("https://{host}{path}{query}", "", "/a?b", "https://old.example/a?b");
  check("https://{host}{path}{query}", "", "/a?b", "https://[::1]/a?b", "[::1]:80");
  check("https://www.{host}:8443{path}", "/a", "/a/b?c", "https://www.old.example:8443/a/b");
  check("https://new.example/landing?from=old", "", "/a?b", "https://new.example/landing?from=old");
  check("https://new.example/#gone", "", "/a?b", "https://new.example/#gone");
  check("https://new.example/?at={path}", "", "/a?b", "https://new.example/?at=/a");
});

test("location() names no host that a client chose, and holds no character that a field or a URI may not", () => {
  check("/", "/old", "/old//evil.example/x", "/evil.example/x");
  check("/", "", "//evil.example/x", "/evil.example/x");
  check("/x{path}", "", "//evil.example", "/x//evil.example");
  check("https://new.example", "", "//evil.example", "https://new.example//evil.example");
  check("https://new.example", "", "/@evil.example", "https://new.example/@evil.example");
  check("https://new.example", "", '/\xe4\xff|<"{', "https://new.example/%E4%FF%7C%3C%22%7B");
  check("https://new.example", "", "/a\r\nSet-Cookie: b", "https://new.example/a%0D%0ASet-Cookie:%20b");
  check("https://new.example", "", "/\u65e5", "https://new.example/%E6%97%A5");
});
