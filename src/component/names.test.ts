import assert from "node:assert/strict";
import { test } from "node:test";
import { isLabel, parseExternName, uniqueKey } from "./names.ts";

test("isLabel() takes words and acronyms joined by hyphens", () => {
  for (const name of ["a", "a-b-c", "a1-2-3", "A", "A-B-C", "is-XML", "m1x3d-4CR0NYMS", "a11-w0rds"]) {
    assert.ok(isLabel(name), name);
  }
  for (const name of ["", "-", "a-", "-a", "a--b", "1", "1-2", "aB", "Ab", "a_b", "a.b", "ä", "a b", "a\0"]) {
    assert.ok(!isLabel(name), name);
  }
});

test("isLabel() takes time in proportion to a name", () => {
  assert.ok(!isLabel(`a${"-1".repeat(2_000)}!`));
});

test("parseExternName() tells the kinds of names apart", () => {
  const check = (name: string, expected: ReturnType<typeof parseExternName>) =>
    assert.deepEqual(parseExternName(name), expected, name);
  check("get-JSON", { kind: "label" });
  check("[constructor]fields", { kind: "constructor", resource: "fields" });
  check("[method]fields.get", { kind: "method", resource: "fields", member: "get" });
  check("[static]fields.from-list", { kind: "static", resource: "fields", member: "from-list" });
  check("wasi:io/streams", { kind: "interface", interface: "wasi:io/streams", version: "" });
  for (const version of ["0.2.10", "0.2.0-rc-2023-11-10", "1.0.0+build.7", "0.2", "0.0.3", "12"]) {
    check(`wasi:io/streams@${version}`, { kind: "interface", interface: "wasi:io/streams", version });
  }
});

test("parseExternName() refuses what is not a name", () => {
  const names = [
    "",
    "a:b",
    "a:b/",
    ":b/c",
    "a:/c",
    "A:b/c",
    "a:B/c",
    "a:b/c/d",
    "a:b:c/d",
    "a:b/c@",
    "a:b/c@1.2",
    "a:b/c@01.0.0",
  ];
  const annotated = [
    "[method]a",
    "[method]a.b.c",
    "[constructor]a.b",
    "[static].b",
    "[other]a",
    "[method]a.B1b",
    "unlocked-dep=<a:b>",
  ];
  for (const name of [...names, ...annotated, "a:b/c@1.0.0@2", "a:b/c@1.0.0-", "a:b/c@0.2.x"]) {
    assert.equal(parseExternName(name), undefined, name);
  }
});

test("uniqueKey() is the same for names that bindings might confuse", () => {
  const same = [
    ["foo", "FOO"],
    ["foo", "[method]foo.foo"],
    ["[method]foo.bar", "[static]foo.BAR"],
    ["foo:bar/baz", "foo:bar/BAZ"],
  ] as const;
  for (const [one, other] of same) assert.equal(uniqueKey(one), uniqueKey(other), `${one} ${other}`);
  const names = ["foo", "foo-bar", "[constructor]foo", "[method]foo.bar", "[static]foo.baz", "foo:bar/baz"];
  assert.equal(new Set(names.map(uniqueKey)).size, names.length);
});
