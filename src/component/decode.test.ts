import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { encodeUnsigned as leb } from "../base/leb128.ts";
import { type ComponentCaps, componentCapsDefault } from "./caps.ts";
import { decodeComponent } from "./decode.ts";
import { assemble, link } from "./testdata/assemble.ts";
import { wacked, withShim } from "./testdata/samples.ts";

const header = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

type Bytes = readonly (number | Bytes)[];

function flat(bytes: Bytes): number[] {
  return bytes.flatMap((item) => (typeof item === "number" ? item : flat(item)));
}

function section(id: number, ...content: Bytes): number[] {
  const bytes = flat(content);
  return [id, ...leb(bytes.length), ...bytes];
}

/** A type index, which is a signed number where a primitive type could stand. */
function typeIndex(index: number): number[] {
  return index < 64 ? [index] : [(index & 0x7f) | 0x80, ...typeIndex(index >> 7)];
}

function component(...sections: Bytes): Uint8Array {
  return Uint8Array.from([...header, ...flat(sections)]);
}

function name(text: string): number[] {
  return [...leb(text.length), ...Buffer.from(text)];
}

function failure(bytes: Uint8Array, label: string, caps?: ComponentCaps): WarrenError {
  try {
    link(decodeComponent(bytes, caps));
  } catch (error) {
    assert.ok(error instanceof WarrenError, `${label}: ${String(error)}`);
    return error;
  }
  return assert.fail(`${label}: accepted`);
}

function check(label: string, bytes: Uint8Array, code: string, at: number, text: RegExp): void {
  const error = failure(bytes, label);
  assert.equal(error.code, code, `${label}: ${error.message}`);
  assert.equal(error.at, at, `${label}: ${error.message}`);
  assert.match(error.message, text, label);
  assert.ok(error.message.length < 400, label);
}

test("decodeComponent() reads what an assembler wrote", async () => {
  for (const text of [withShim, wacked]) {
    const { modules, bytes } = decodeComponent(await assemble(text));
    assert.equal(modules.length, 3);
    for (const { start, end } of modules) {
      assert.equal(Buffer.from(bytes.subarray(start, start + 8)).toString("hex"), "0061736d01000000");
      assert.ok(end <= bytes.length);
    }
  }
});

test("decodeComponent() says what is malformed and where", () => {
  const notOne = "component.not-a-component";
  check("empty", new Uint8Array(0), notOne, 0, /the file is empty/);
  check("a module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), notOne, 0, /starts with 0061736d01000000/);
  const bad = "component.malformed";
  check("section id", component(section(13)), bad, 8, /0xd is not the number of a section/);
  check("section length", component([7, 200]), "component.truncated", 9, /ends at 0xa/);
  check("section too long", component([7, 5, 0]), "component.truncated", 10, /expected 5 bytes of a section/);
  check("rest of a section", component(section(7, 0, 0)), bad, 11, /expected the section to end here/);
  check("too many items", component(section(7, 9)), bad, 10, /a count of 9 items, but only 0 bytes/);
  check("form of a type", component(section(7, 1, 0x20)), bad, 11, /0x20 is not the form of a type/);
  check(
    "a primitive type of five bytes",
    component(section(7, 1, 0x70, 0xff, 0xff, 0xff, 0xff, 0x7f)),
    bad,
    12,
    /expected a type, found -1/,
  );
  check("type of a negative index", component(section(7, 1, 0x70, 0x41)), bad, 12, /expected a type, found -63/);
  check("end of a case", component(section(7, 1, 0x71, 1, name("a"), 0, 1)), bad, 16, /the end of a case/);
  check("presence", component(section(7, 1, 0x6a, 2, 0)), bad, 12, /expected 0x00 or 0x01 before/);
  check("function's result", component(section(7, 1, 0x40, 0, 2)), bad, 13, /before a function's result/);
  check("representation", component(section(7, 1, 0x3f, 0x7e, 0)), bad, 12, /representation of a resource/);
  check("declaration", component(section(7, 1, 0x42, 1, 3)), bad, 13, /0x3 is not a declaration/);
  check("name form", component(section(10, 1, 3, name("a"), 1, 0)), bad, 11, /before a name/);
  check("name in bad UTF-8", component(section(10, 1, 0, 1, 0xff, 1, 0)), bad, 13, /not UTF-8/);
  check("name past the section", component(section(10, 1, 0, 9, 0x61)), bad, 13, /expected 9 bytes of a name/);
  check("sort of an import", component(section(10, 1, 0, name("a"), 6, 0)), bad, 14, /not the sort of an import/);
  check("bound of a type", component(section(10, 1, 0, name("a"), 3, 2)), bad, 15, /not a bound/);
  check("core module sort", component(section(10, 1, 0, name("a"), 0, 0x10, 0)), bad, 15, /a core module/);
  check("instance form", component(section(5, 1, 2)), bad, 11, /not the form of an instance/);
  check("core instance form", component(section(2, 1, 2)), bad, 11, /not the form of a core instance/);
  check(
    "core argument",
    component(section(2, 1, 0, 0, 1, name("a"), 0x11, 0)),
    bad,
    16,
    /a core instance as an argument/,
  );
  check("core sort", component(section(2, 1, 1, 1, name("a"), 9, 0)), bad, 15, /not the sort of an item/);
  check("alias form", component(section(6, 1, 1, 3, 0)), bad, 12, /not the form of an alias/);
  check("alias of an outer function", component(section(6, 1, 1, 2, 0, 0)), bad, 11, /cannot be aliased/);
  check("alias of a core sort", component(section(6, 1, 0, 0, 2, 0, 0)), bad, 11, /only core modules and core types/);
  check("canonical function", component(section(8, 1, 0x50)), bad, 11, /0x50 is not a canonical function/);
  check("canonical option", component(section(8, 1, 1, 0, 0, 1, 0x30)), bad, 15, /not a canonical option/);
  check("nested header", component(section(4, 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)), bad, 10, /the header of a component/);
  check("nested too short", component(section(4, 0, 0x61)), "component.truncated", 10, /a component's header/);
  check("attribute", component(section(10, 1, 2, name("a"), 1, 7, 0)), bad, 15, /not an attribute/);
  check(
    "second attribute",
    component(section(10, 1, 2, name("a"), 2, 2, name("x"), 2, name("y"))),
    bad,
    18,
    /a second attribute/,
  );
});

test("decodeComponent() refuses what WASI 0.2 does not have", () => {
  for (const byte of [5, 6, 7, 9, 0x0c, 0x0e, 0x1c, 0x1f, 0x26, 0x2d, 0x40]) {
    check(`built-in ${byte}`, component(section(8, 1, byte)), "component.async", 11, /not supported yet/);
  }
  check("a start section", component(section(9, 0)), "component.unsupported", 8, /a start function/);
  check("values", component(section(12, 0)), "component.unsupported", 8, /values/);
  check("a map", component(section(7, 1, 0x63, 0x73, 0x73)), "component.unsupported", 11, /a map/);
  check(
    "a core type of GC",
    component(section(3, 1, 0x5e, 0x7f, 0)),
    "component.unsupported",
    11,
    /the core type 0x5e/,
  );
});

test("decodeComponent() takes custom sections anywhere, and any bytes in them", () => {
  const custom = section(0, name("component-name"), 0xff, 0xff);
  link(decodeComponent(component(custom, section(7, 1, 0x7f), custom, custom)));
});

test("decodeComponent() never reads past a cut", async () => {
  const bytes = await assemble(wacked);
  // A cut between two sections leaves a shorter component.
  const outcomes = new Set<string>();
  for (let length = 0; length < bytes.length; length++) {
    try {
      decodeComponent(bytes.subarray(0, length));
      outcomes.add("accepted");
    } catch (error) {
      assert.ok(error instanceof WarrenError, String(error));
      outcomes.add(error.code);
    }
  }
  assert.deepEqual(outcomes, new Set(["component.not-a-component", "component.truncated", "accepted"]));
});

/** Types that double: each is a tuple of the one before, twice. */
function doubling(levels: number): number[] {
  const types: Bytes[] = [[0x7d]];
  for (let i = 0; i < levels; i++) types.push([0x6f, 2, typeIndex(i), typeIndex(i)]);
  return section(7, leb(types.length), types);
}

test("types that multiply by sharing are capped before anything walks them", () => {
  for (const levels of [12, 60]) {
    assert.equal(failure(component(doubling(levels)), "doubling").code, "component.cap-type-nodes");
  }
  const chain: Bytes[] = [[0x7d]];
  for (let i = 0; i < 5_000; i++) chain.push([0x70, typeIndex(i)]);
  const deep = component(section(7, leb(chain.length), chain));
  assert.equal(failure(deep, "deep").code, "component.cap-type-depth");
});

test("instances that multiply by nesting are capped", async () => {
  const nested = (levels: number): string =>
    levels === 0
      ? "(component $c)"
      : `(component $c ${nested(levels - 1)} (instance (instantiate $c)) (instance (instantiate $c)))`;
  const bytes = await assemble(`(component ${nested(20)} (instance (instantiate $c)))`);
  assert.equal(failure(bytes, "nested").code, "component.cap-component-instances");
});

test("types of instances that multiply by nesting are capped", async () => {
  let types = "(type $t0 (instance))";
  for (let i = 0; i < 25; i++) {
    types += `(type $t${i + 1} (instance
      (alias outer 1 $t${i} (type $a))
      (export "a" (instance (type $a))) (export "b" (instance (type $a)))))`;
  }
  assert.equal(failure(await assemble(`(component ${types})`), "types").code, "component.cap-link-steps");
});

test("nesting is capped in the file and in what it refers to", async () => {
  let inner = component();
  for (let i = 0; i < 100; i++) inner = component(section(4, [...inner]));
  assert.equal(failure(inner, "components").code, "component.cap-nesting");
  let type: Bytes = [0x42, 0];
  for (let i = 0; i < 100; i++) type = [0x42, 1, 1, type];
  assert.equal(failure(component(section(7, 1, type)), "types").code, "component.cap-nesting");
  let chain = "(component $c0)";
  for (let i = 0; i < 100; i++) {
    chain += `(component $c${i + 1} (alias outer 1 $c${i} (component $c)) (instance (instantiate $c)))`;
  }
  assert.equal(failure(await assemble(`(component ${chain})`), "chain").code, "component.cap-nesting");
});

test("every cap has its error", async () => {
  const bytes = await assemble(wacked);
  const codes = Object.keys(componentCapsDefault).map((cap) => {
    const error = failure(bytes, cap, { ...componentCapsDefault, [cap]: 0 });
    assert.equal(error.status, 413, cap);
    assert.equal(typeof error.at, "number", cap);
    assert.equal(
      error.code,
      cap === "componentBytes"
        ? "component.too-large"
        : `component.cap-${cap.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    );
    return error.code;
  });
  assert.equal(new Set(codes).size, codes.length);
});

test("instances that nest in each other without end are capped", async () => {
  let instances = `(import "f" (func $f)) (instance $i0 (export "f" (func $f)))`;
  for (let i = 0; i < 20_000; i++) instances += `(instance $i${i + 1} (export "i" (instance $i${i})))`;
  const bytes = await assemble(`(component ${instances} (export "i" (instance $i20000)))`);
  assert.equal(failure(bytes, "instances").code, "component.cap-nesting");
});
