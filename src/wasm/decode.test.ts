import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { encodeUnsigned as leb } from "../base/leb128.ts";
import { capsDefault } from "./caps.ts";
import { decodeModule } from "./decode.ts";
import { functionType, i32, i64, type ModuleInfo } from "./module-info.ts";
import * as build from "./testdata/build-module.ts";

const { exportItem, importFunction, module, oneBody, oneFunction, repeated, section, voidType } = build;

function failure(bytes: Uint8Array, label = ""): WarrenError {
  try {
    decodeModule(bytes);
  } catch (error) {
    assert.ok(error instanceof WarrenError, `${label}: ${String(error)}`);
    return error;
  }
  return assert.fail(`${label}: accepted`);
}

function checkFailure(label: string, bytes: Uint8Array, code: string, at: number, text: RegExp): void {
  const error = failure(bytes, label);
  assert.equal(error.code, code, `${label}: ${error.message}`);
  assert.equal(error.at, at, `${label}: ${error.message}`);
  assert.match(error.message, text, label);
  assert.ok(error.message.length < 300, label);
}

const sample = module(
  section(1, [3], [0x60, 0, 0], [0x60, 2, 0x7f, 0x7e, 1, 0x7f], [0x4e, 1, 0x50, 0, 0x5f, 0]),
  build.imports(
    importFunction("wasi_snapshot_preview1", "sock_open", 1),
    build.join(build.name("env"), build.name("memory"), [2, 1, 1, 2]),
    build.join(build.name("env"), build.name("größe"), [3, 0x7e, 1]),
  ),
  section(3, [2, 0, 1]),
  section(4, [1, 0x70, 1, 3, 9]),
  section(5, [2, 0, 1, 5, 2, 0x80, 1]),
  section(6, [1, 0x7f, 1, 0x41, 5, 0x0b]),
  build.exports(exportItem("_start", 0, 1), exportItem("memory", 2, 1)),
  section(8, [1]),
  section(9, [1, 0, 0x41, 0, 0x0b, 2, 1, 2]),
  section(12, [2]),
  section(10, [2], [2, 0, 0x0b], [6, 1, 3, 0x7f, 0x41, 0, 0x0b]),
  section(11, [2, 0, 0x41, 8, 0x0b, 2, 1, 2, 1, 1, 3]),
  build.custom("producers", [0]),
);

test("decodeModule() tells what a module holds", () => {
  const info = decodeModule(sample);
  assert.deepEqual(info.types, [
    { kind: "func", params: [], results: [] },
    { kind: "func", params: [i32, i64], results: [i32] },
    { kind: "struct" },
  ]);
  assert.deepEqual(
    info.imports.map(({ module: from, name, kind }) => [from, name, kind]),
    [
      ["wasi_snapshot_preview1", "sock_open", "func"],
      ["env", "memory", "memory"],
      ["env", "größe", "global"],
    ],
  );
  assert.deepEqual([...info.functionTypes], [1, 0, 1]);
  assert.equal(info.importedFunctionCount, 1);
  assert.deepEqual(functionType(info, 0)?.params, [i32, i64]);
  assert.equal(functionType(info, 3), undefined);
  assert.deepEqual(info.exports, [
    { name: "_start", kind: "func", index: 1 },
    { name: "memory", kind: "memory", index: 1 },
  ]);
  assert.deepEqual(
    info.memories.map(({ min, max, is64 }) => ({ min, max, is64 })),
    [
      { min: 1, max: undefined, is64: false },
      { min: 2, max: 128, is64: true },
    ],
  );
  const [memory] = info.memories;
  assert.deepEqual([...sample.subarray(memory?.start, memory?.end)], [0, 1]);
  assert.deepEqual([info.tables[0]?.min, info.tables[0]?.max, info.tables[0]?.element], [3, 9, 0x70]);
  const { globalCount, tagCount, start, dataCount, dataBytes, elementCount, elementEntries, codeBytes, localCount } =
    info;
  assert.deepEqual(
    { globalCount, tagCount, start, dataCount, dataBytes, elementCount, elementEntries, codeBytes, localCount },
    {
      globalCount: 2,
      tagCount: 0,
      start: 1,
      dataCount: 2,
      dataBytes: 3,
      elementCount: 1,
      elementEntries: 2,
      codeBytes: 8,
      localCount: 3,
    },
  );
  const [producers] = info.customSections;
  assert.equal(producers?.name, "producers");
  assert.deepEqual([...sample.subarray(producers?.start, producers?.end)], [0]);
});

test("decodeModule() accepts an empty module", () => {
  assert.equal(decodeModule(module()).functionTypes.length, 0);
});

test("decodeModule() reads a view into a larger buffer", () => {
  const padded = build.join([9, 9, 9], sample, [9]);
  const info: ModuleInfo = decodeModule(padded.subarray(3, 3 + sample.length));
  assert.equal(info.exports[0]?.name, "_start");
});

test("decodeModule() says what a file is that is no module", () => {
  for (const [bytes, at, text] of [
    [Uint8Array.of(), 0, /empty/],
    [Buffer.from("\x7fELF\x02", "latin1"), 0, /native Linux program/],
    [Buffer.from("(module)"), 0, /as text/],
    [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0, /starts with 01020304/],
    [Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), 4, /version at 0x4 is 02000000/],
    [Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), 4, /a component stands where/],
  ] as const) {
    checkFailure("not wasm", bytes, "module.not-wasm", at, text);
  }
  checkFailure("short header", sample.subarray(0, 5), "module.truncated", 5, /header/);
});

test("decodeModule() says where a module is malformed and what was expected", () => {
  const cases: [string, Uint8Array, number, RegExp][] = [
    ["unknown section", module([14, 0]), 8, /0xe is not the number of a section/],
    ["order", module(section(3, [0]), voidType), 11, /type section must stand before the function section/],
    ["duplicate", module(voidType, voidType), 14, /second type section/],
    ["overlong length", module([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), 9, /too many bytes or bits/],
    ["section longer than content", module(section(1, [0, 0])), 11, /expected the section to end here/],
    ["section shorter than content", module(section(1, [1, 0x60])), 12, /expected a LEB128 number/],
    ["count beyond the section", module(section(1, [100, 0x60])), 10, /100 items, but only 1 bytes are left/],
    ["type form", module(section(1, [1, 0x61, 0, 0])), 11, /found 0x61/],
    ["value type", module(section(1, [1, 0x60, 1, 0x40, 0])), 13, /found 0x40/],
    ["rec group in a rec group", module(section(1, [1, 0x4e, 1, 0x4e, 1, 0x60, 0, 0])), 13, /found 0x4e/],
    ["supertype that follows", module(section(1, [1, 0x50, 1, 0, 0x60, 0, 0])), 13, /supertype 0 does not exist/],
    ["heap type", module(section(1, [1, 0x60, 1, 0x63, 9, 0])), 14, /type 9 does not exist: there are 1/],
    ["function's type", module(voidType, section(3, [1, 7])), 17, /type 7 does not exist/],
    ["bodies", module(voidType, oneFunction, section(10, [0])), 20, /1 functions are declared, but there are 0/],
    ["no bodies", module(voidType, oneFunction), 18, /there is no code section/],
    ["body without end", module(voidType, oneFunction, section(10, [1, 2, 0, 1])), 23, /end with 0x0b/],
    ["body's locals", module(voidType, oneFunction, section(10, [1, 2, 5, 0x0b])), 24, /expected a value type/],
    ["import kind", module(section(2, [1, 0, 0, 9])), 13, /kind of an import, 0 to 4, found 0x9/],
    ["import name", module(section(2, [1, 1, 0xff, 0, 0, 0])), 12, /module name is not UTF-8/],
    ["memory flags", module(section(5, [1, 8, 1])), 11, /0x8 is not a flag/],
    ["memory maximum", module(section(5, [1, 1, 2, 1])), 13, /maximum of 1 pages is less than the minimum of 2/],
    ["memory pages", module(section(5, [1, 0, 0x81, 0x80, 4])), 12, /65537 pages are more/],
    ["export index", module(build.exports(exportItem("a", 2, 0))), 14, /memory 0 does not exist: there are 0/],
    [
      "export twice",
      module(voidType, oneFunction, build.exports(exportItem("a", 0, 0), exportItem("a", 0, 0)), oneBody),
      25,
      /second export with the name "a"/,
    ],
    ["constant", module(section(6, [1, 0x7f, 0, 0x10, 0, 0x0b])), 13, /instruction 0x10 is not allowed/],
    ["global that follows", module(section(6, [1, 0x7f, 0, 0x23, 0, 0x0b])), 14, /global 0 does not exist/],
    ["data without memory", module(section(11, [1, 0, 0x41, 0, 0x0b, 0])), 11, /there is none/],
    ["data count", module(section(12, [3])), 11, /3 data segments are declared, but there are 0/],
    [
      "data beyond the section",
      module(section(11, [1, 1, 9, 0])),
      13,
      /9 bytes of a data segment from 0xd on, but it ends at 0xe/,
    ],
    [
      "start's type",
      module(section(1, [1, 0x60, 1, 0x7f, 0]), oneFunction, section(8, [0]), oneBody),
      21,
      /has parameters/,
    ],
  ];
  for (const [label, bytes, at, text] of cases) {
    checkFailure(label, bytes, "module.malformed", at, text);
    assert.equal(WebAssembly.validate(bytes as never), false, label);
  }
});

test("decodeModule() refuses a module that was cut off anywhere", () => {
  const { sections, customSections } = decodeModule(sample);
  const ends = new Set([...sections, ...customSections].map(({ end }) => end));
  for (let length = 0; length < sample.length; length++) {
    const cut = sample.subarray(0, length);
    if (length === 0) assert.equal(failure(cut).code, "module.not-wasm");
    // Between sections the file reads as a whole module, which lacks what the sections before it announced.
    else if (ends.has(length) || length === 8)
      assert.equal(WebAssembly.validate(cut as never), accepts(cut), `at ${length}`);
    else assert.equal(failure(cut, `at ${length}`).code, "module.truncated", `at ${length}`);
  }
});

function accepts(bytes: Uint8Array): boolean {
  try {
    decodeModule(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof WarrenError);
    return false;
  }
}

test("decodeModule() refuses what is more than a cap, before it makes anything for it", () => {
  const { types, exports, imports, functions, memories, tables, tags, customSections } = capsDefault;
  const { elements, elementEntries, dataSegments, globals, localsTotal } = capsDefault;
  const typed = (count: number): Uint8Array => repeated(3, count, [0]);
  const localsBody = [6, 1, ...leb(50_000), 0x7f, 0x0b];
  const manyLocals = Math.ceil(localsTotal / 50_000) + 1;
  const huge = leb(0xffff_ffff);
  const cases: [string, Uint8Array][] = [
    ["types", repeated(1, types + 1, [0x60, 0, 0])],
    ["types", section(1, [1, 0x4e], huge)],
    [
      "types",
      module(
        section(1, [2], [0x4e, ...leb(types)], ...Array<number[]>(types).fill([0x60, 0, 0]), [0x60, 0, 0]),
      ).subarray(8),
    ],
    ["type-values", repeated(1, 600, [0x60, ...leb(1000), ...Array<number>(1000).fill(0x7f), 0])],
    ["imports", build.join(voidType, section(2, leb(imports + 1)))],
    ["imports", section(2, huge)],
    ["functions", build.join(voidType, typed(functions + 1))],
    ["exports", section(7, leb(1_000_000))],
    ["exports", section(7, leb(exports + 1))],
    ["memories", repeated(5, 1000, [0, 1])],
    [
      "memories",
      build.imports(...Array<Uint8Array>(memories + 1).fill(build.join(build.name("a"), build.name("b"), [2, 0, 1]))),
    ],
    ["tables", repeated(4, 50, [0x70, 0, ...leb(10_000_000)])],
    ["table-entries", repeated(4, tables, [0x70, 0, ...leb(10_000_000)])],
    ["table-entries", repeated(4, 1, [0x70, 4, ...leb(2 ** 40)])],
    ["tags", build.join(voidType, repeated(13, tags + 1, [0, 0]))],
    ["globals", repeated(6, globals + 1, [0x7f, 0, 0x41, 0, 0x0b])],
    ["elements", repeated(9, elements + 1, [1, 0, 0])],
    ["element-entries", build.join(voidType, oneFunction, section(9, [1, 1, 0], leb(elementEntries + 1)))],
    ["data-segments", repeated(11, dataSegments + 1, [1, 0])],
    ["data-segments", section(12, huge)],
    ["locals", build.join(voidType, oneFunction, section(10, [1, 6, 1], leb(1_000_000), [0x7f, 0x0b]))],
    ["locals", build.join(voidType, oneFunction, section(10, [1, 14, 2], huge, [0x7f], huge, [0x7f, 0x0b]))],
    ["locals-total", build.join(voidType, typed(manyLocals), repeated(10, manyLocals, localsBody))],
    ["body-bytes", build.join(voidType, oneFunction, section(10, [1], huge))],
    ["name-bytes", section(2, [1], huge)],
    ["names-bytes", build.join(...Array<Uint8Array>(200).fill(build.custom("a".repeat(60_000))))],
    ["custom-sections", build.join(...Array<Uint8Array>(customSections + 1).fill(build.custom("a")))],
  ];
  for (const [cap, sections] of cases) {
    const error = failure(module(sections), cap);
    assert.equal(error.code, `module.cap-${cap}`, error.message);
    assert.equal(typeof error.at, "number");
    assert.equal(error.status, 413);
  }
});

test("decodeModule() refuses a file that is too large before it looks at it", () => {
  assert.throws(() => decodeModule(new Uint8Array(101), { ...capsDefault, moduleBytes: 100 }), {
    code: "module.too-large",
  });
});

test("decodeModule() refuses shared memories, imported ones too", () => {
  for (const shared of [
    section(5, [1, 3, 1, 2]),
    build.imports(build.join(build.name("env"), build.name("m"), [2, 3, 1, 2])),
  ]) {
    assert.equal(failure(module(shared)).code, "module.shared-memory");
  }
});

test("decodeModule() takes a long constant expression and a long chain of recursion groups", () => {
  const sums = Array<number[]>(100_000).fill([0x41, 1, 0x6a]).flat();
  assert.equal(decodeModule(module(section(6, [1, 0x7f, 0, 0x41, 0], sums, [0x0b]))).globalCount, 1);
  const groups = Array.from({ length: 5_000 }, (_, i) => [0x4e, 1, 0x5f, 1, 0x63, (i & 0x7f) | 0x80, i >> 7, 0]).flat();
  assert.equal(decodeModule(module(section(1, leb(5_000), groups))).types.length, 5_000);
});
