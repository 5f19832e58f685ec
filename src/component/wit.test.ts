import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFunctionType, formatType } from "./format-type.ts";
import { hostTypes, offersVersion } from "./host-types.ts";
import type { ValueType } from "./types.ts";
import { parseWit, type WitInterface } from "./wit.ts";

function parse(body: string, find: (name: string) => WitInterface = () => assert.fail()): WitInterface {
  return parseWit("test:io/sample", `interface sample { ${body} }`, find);
}

function typeOf(body: string, name: string): ValueType {
  const type = parse(body).types.get(name);
  assert.ok(type?.kind === "value", name);
  return type.type;
}

test("parseWit() reads all types of values", () => {
  const check = (text: string, formatted = text) =>
    assert.equal(formatType(typeOf(`type t = ${text};`, "t")), formatted, text);
  for (const text of ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"])
    check(text);
  for (const text of [
    "list<u8>",
    "option<list<string>>",
    "tuple<u8, char>",
    "result",
    "result<u8>",
    "result<u8, string>",
  ])
    check(text);
  check("result<_, string>");
  const body = `
    record point { x: f32, y: f32, }
    variant shape { none, dot(point), many(list<point>) }
    enum color { red, green }
    flags access { read, write, }`;
  assert.equal(formatType(typeOf(body, "point")), "record { x: f32, y: f32 }");
  assert.equal(
    formatType(typeOf(body, "shape")),
    "variant { none, dot(record { x: f32, y: f32 }), many(list<record { x: f32, y: f32 }>) }",
  );
  assert.equal(formatType(typeOf(body, "color")), "enum { red, green }");
  assert.equal(formatType(typeOf(body, "access")), "flags { read, write }");
});

test("parseWit() reads functions and resources under the names that components have for them", () => {
  const { functions, types } = parse(`
    /// A file, /* whatever */ { it is.
    @since(version = 0.2.0)
    resource file {
      constructor(path: string);
      read: func(len: u64) -> result<list<u8>, error-code>;
      type: func() -> %type;
      open-all: static func(paths: list<string>) -> list<file>;
    }
    // Types may stand after their use.
    enum error-code { access, busy }
    enum %type { regular, other }
    same: func(a: borrow<file>, b: borrow<file>) -> bool;
    close: func(a: own<file>);
    record: func();
  `);
  const resource = "test:io/sample.file";
  assert.deepEqual(
    [...functions].map(([name, type]) => `${name}: ${formatFunctionType(type)}`),
    [
      `[constructor]file: func(path: string) -> ${resource}`,
      `[method]file.read: func(self: borrow<${resource}>, len: u64) -> result<list<u8>, enum { access, busy }>`,
      `[method]file.type: func(self: borrow<${resource}>) -> enum { regular, other }`,
      `[static]file.open-all: func(paths: list<string>) -> list<${resource}>`,
      `same: func(a: borrow<${resource}>, b: borrow<${resource}>) -> bool`,
      `close: func(a: ${resource})`,
      "record: func()",
    ],
  );
  assert.deepEqual(types.get("file"), {
    kind: "resource",
    resource: { origin: "host", interface: "test:io/sample", name: "file" },
  });
});

test("parseWit() finds the types of other interfaces, with or without package, version and new name", () => {
  const poll = parseWit("test:io/poll", "interface poll { resource pollable; record r { a: u8 } }", () =>
    assert.fail(),
  );
  const asked: string[] = [];
  const { functions } = parse(
    `use poll.{pollable, r as s};
     use other:pkg/poll@0.2.1.{pollable as p};
     type q = pollable;
     f: func(a: pollable, b: s, c: borrow<p>, d: q);`,
    (name) => {
      asked.push(name);
      return poll;
    },
  );
  assert.deepEqual(new Set(asked), new Set(["test:io/poll", "other:pkg/poll"]));
  const pollable = "test:io/poll.pollable";
  assert.equal(
    formatFunctionType(functions.get("f")!),
    `func(a: ${pollable}, b: record { a: u8 }, c: borrow<${pollable}>, d: ${pollable})`,
  );
});

test("parseWit() stops at what is not WIT", () => {
  for (const body of [
    "type t = nothing;",
    "f: func() ->;",
    "record r { a }",
    "wrong x;",
    "f: func(",
    "%",
    "type t = u8; type t = u8;",
  ]) {
    assert.throws(() => parse(body), body);
  }
});

test("hostTypes() lets interfaces use each other in any order, but not themselves", () => {
  const use = { name: "test:io/a", version: "0.2", wit: "interface a { use b.{t}; f: func() -> t; }" };
  const types = hostTypes([use, { name: "test:io/b", version: "0.2", wit: "interface b { type t = u8; }" }]);
  assert.equal(formatFunctionType(types.find("test:io/a", "0.2.7")!.functions.get("f")!), "func() -> u8");
  const round = { name: "test:io/b", version: "0.2", wit: "interface b { use a.{f}; type t = u8; }" };
  assert.throws(() => hostTypes([use, round]));
});

test("offersVersion() takes the patches of an offer and nothing else", () => {
  const yes = [
    ["0.2", "0.2.0"],
    ["0.2", "0.2.99"],
    ["0.2", "0.2"],
    ["1", "1.7.3"],
    ["", ""],
    ["0.2.0-draft", "0.2.0-draft"],
  ] as const;
  for (const [offer, version] of yes) assert.ok(offersVersion(offer, version), `${offer} ${version}`);
  const no = [
    ["0.2", "0.3.0"],
    ["0.2", "0.20.0"],
    ["0.2", "0.2.0-rc-2023-11-10"],
    ["0.2", ""],
    ["", "0.2.0"],
    ["1", "10.0.0"],
    ["0.2.0-draft", "0.2.0"],
    ["0.0", "0.0.1"],
  ] as const;
  for (const [offer, version] of no) assert.ok(!offersVersion(offer, version), `${offer} ${version}`);
});

test("formatType() bounds what it writes", () => {
  let type: ValueType = { kind: "u8" };
  for (let i = 0; i < 60; i++) type = { kind: "tuple", items: [type, type] };
  assert.ok(formatType(type).length < 1_000);
});
