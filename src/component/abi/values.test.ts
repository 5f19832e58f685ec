import assert from "node:assert/strict";
import { test } from "node:test";
import type { ValueType } from "../types.ts";
import type { Encoding } from "./testdata/echo-guest.ts";
import { roundTrip } from "./testdata/rig.ts";

const p = (kind: "u8" | "string" | "f32" | "f64" | "u32" | "s64" | "char" | "bool"): ValueType => ({ kind });

/** Values must come through a guest as they are, or as the second of a pair. */
async function check(
  type: ValueType,
  values: readonly unknown[],
  expected: readonly unknown[] = values,
  encoding: Encoding = "utf8",
): Promise<void> {
  const results = await roundTrip(type, values, encoding);
  for (const [index, { seen, answer }] of results.entries()) {
    assert.deepEqual(seen, expected[index], `what the host got: ${JSON.stringify(type)}`);
    assert.deepEqual(answer, expected[index], `what the guest returned: ${JSON.stringify(type)}`);
  }
}

test("integers come through in their range, and wrap beyond it", async () => {
  await check({ kind: "u8" }, [0, 255, 256, -1], [0, 255, 0, 255]);
  await check({ kind: "s8" }, [-128, 127, 128], [-128, 127, -128]);
  await check({ kind: "u16" }, [0, 65535, -1], [0, 65535, 65535]);
  await check({ kind: "s16" }, [-32768, 32767, 32768], [-32768, 32767, -32768]);
  await check({ kind: "u32" }, [0, 2 ** 32 - 1, -1], [0, 2 ** 32 - 1, 2 ** 32 - 1]);
  await check({ kind: "s32" }, [-(2 ** 31), 2 ** 31 - 1, 2 ** 31], [-(2 ** 31), 2 ** 31 - 1, -(2 ** 31)]);
  await check({ kind: "u64" }, [0n, 2n ** 64n - 1n, -1n], [0n, 2n ** 64n - 1n, 2n ** 64n - 1n]);
  await check({ kind: "s64" }, [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 63n], [-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 63n)]);
});

test("integers in memory come through in their range", async () => {
  const kinds = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"] as const;
  const type: ValueType = { kind: "list", element: { kind: "tuple", items: kinds.map((kind) => ({ kind })) } };
  await check(type, [
    [
      [255, -128, 65535, -32768, 2 ** 32 - 1, -(2 ** 31), 2n ** 64n - 1n, -(2n ** 63n)],
      [0, 127, 0, 32767, 0, 2 ** 31 - 1, 0n, 2n ** 63n - 1n],
    ],
  ]);
});

test("floats come through, with one NaN", async () => {
  await check(
    p("f32"),
    [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300],
    [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  );
  await check(p("f64"), [0, -0, 1e300, Number.NaN, Number.NEGATIVE_INFINITY]);
  await check({ kind: "list", element: p("f32") }, [[0, -0, 0.5, Number.NaN]]);
  await check({ kind: "list", element: p("f64") }, [[0, -0, 0.1, Number.NaN]]);
});

test("bool and char", async () => {
  await check(p("bool"), [true, false]);
  await check({ kind: "list", element: p("bool") }, [[true, false]]);
  const chars = ["a", "ä", "€", "𝄞", "\0", "\u{d7ff}", "\u{e000}", "\u{10ffff}"];
  await check(p("char"), [...chars, "\ud800"], [...chars, "\ufffd"]);
  await check({ kind: "list", element: p("char") }, [chars]);
});

for (const encoding of ["utf8", "utf16", "latin1+utf16"] as const)
  test(`strings come through in ${encoding}`, async () => {
    const texts = [
      "",
      "hello",
      "a text of more than twenty-four characters",
      "hällo",
      "ÿ".repeat(100),
      "日本語",
      `${"a".repeat(30)}𝄞`,
      "\ufeffbom",
      "\0",
      "a".repeat(100_000),
      "é".repeat(100_000),
      "€".repeat(100_000),
    ];
    await check(p("string"), texts, texts, encoding);
    await check({ kind: "list", element: p("string") }, [texts, []], [texts, []], encoding);
    await check(p("string"), ["a\ud800b", "\udc00", "\ud800\ud800"], ["a\ufffdb", "\ufffd", "\ufffd\ufffd"], encoding);
  });

test("lists of bytes are Uint8Array", async () => {
  const bytes = [new Uint8Array(), new Uint8Array([1, 2, 255]), new Uint8Array(200_000).fill(7)];
  await check({ kind: "list", element: p("u8") }, bytes);
  await check({ kind: "list", element: { kind: "list", element: p("u8") } }, [bytes]);
});

test("records have keys in camel case, also those that mean something in JavaScript", async () => {
  const names = ["content-type", "HTTP-version", "a", "constructor", "to-string", "has-own-property"];
  const type: ValueType = { kind: "record", fields: names.map((name) => ({ name, type: p("u32") })) };
  await check(type, [{ contentType: 1, httpVersion: 2, a: 3, constructor: 4, toString: 5, hasOwnProperty: 6 }]);
});

test("options nest", async () => {
  const once: ValueType = { kind: "option", some: p("string") };
  const twice: ValueType = { kind: "option", some: once };
  const thrice: ValueType = { kind: "option", some: twice };
  await check(once, [undefined, "", "x"]);
  await check(twice, [undefined, { val: undefined }, { val: "x" }]);
  await check(thrice, [undefined, { val: undefined }, { val: { val: undefined } }, { val: { val: "x" } }]);
  await check({ kind: "list", element: twice }, [[undefined, { val: undefined }, { val: "x" }]]);
});

test("results, variants and enums are told by their case", async () => {
  const result: ValueType = { kind: "result", ok: p("string"), error: { kind: "enum", names: ["not-found", "busy"] } };
  await check(result, [
    { tag: "ok", val: "x" },
    { tag: "err", val: "busy" },
  ]);
  const nothing: ValueType = { kind: "result", ok: undefined, error: undefined };
  await check(nothing, [
    { tag: "ok", val: undefined },
    { tag: "err", val: undefined },
  ]);
  const many = Array.from({ length: 300 }, (_, index) => `case-${index}`);
  await check({ kind: "enum", names: many }, ["case-0", "case-255", "case-256", "case-299"]);
  await check({ kind: "list", element: { kind: "enum", names: many } }, [["case-0", "case-299"]]);
});

test("the places of a variant hold the bits of all its cases", async () => {
  const type: ValueType = {
    kind: "variant",
    cases: [
      { name: "f32", type: p("f32") },
      { name: "u32", type: p("u32") },
      { name: "f64", type: p("f64") },
      { name: "s64", type: p("s64") },
      { name: "none", type: undefined },
      { name: "pair", type: { kind: "tuple", items: [p("f32"), p("f64"), p("string")] } },
      { name: "other", type: { kind: "tuple", items: [p("u8"), p("u32"), p("f32"), p("f32")] } },
    ],
  };
  const values = [
    { tag: "f32", val: 1.5 },
    { tag: "f32", val: -0 },
    { tag: "u32", val: 2 ** 32 - 1 },
    { tag: "f64", val: Math.PI },
    { tag: "s64", val: -(2n ** 63n) },
    { tag: "none", val: undefined },
    { tag: "pair", val: [0.25, -1e300, "text"] },
    { tag: "other", val: [255, 7, -0.5, 3] },
  ];
  await check(type, values);
  await check({ kind: "list", element: type }, [values]);
  const only32: ValueType = {
    kind: "variant",
    cases: [
      { name: "f32", type: p("f32") },
      { name: "u32", type: p("u32") },
    ],
  };
  await check(only32, [
    { tag: "f32", val: 1.5 },
    { tag: "u32", val: 5 },
  ]);
});

test("flags are bits, and others are ignored", async () => {
  for (const count of [1, 8, 9, 16, 17, 31, 32]) {
    const names = Array.from({ length: count }, (_, index) => `flag${index}`);
    const all = 2 ** count - 1;
    await check({ kind: "flags", names }, [0, 1, all, 2 ** 32 - 1], [0, 1, all, all]);
    await check({ kind: "list", element: { kind: "flags", names } }, [[0, all]]);
  }
});

test("more than sixteen core values go through memory", async () => {
  const fields = Array.from({ length: 40 }, (_, index) => ({
    name: `f${index}`,
    type: index % 3 === 0 ? p("string") : index % 3 === 1 ? p("u8") : p("f64"),
  }));
  const value = Object.fromEntries(
    fields.map(({ name }, index) => [name, index % 3 === 0 ? `text ${index}` : index % 3 === 1 ? index : index / 2]),
  );
  await check({ kind: "record", fields }, [value]);
});
