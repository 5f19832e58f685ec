import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUnsigned as leb } from "../base/leb128.ts";
import { decodeModule } from "./decode.ts";
import { functionName } from "./function-name.ts";
import { custom, join, module, name } from "./testdata/build-module.ts";

function nameOf(index: number, ...subsections: readonly (readonly number[] | Uint8Array)[]): string | undefined {
  return functionName(decodeModule(module(custom("name", ...subsections))), index);
}

function functions(count: number, ...names: readonly Uint8Array[]): Uint8Array {
  const body = join(leb(count), ...names);
  return join([1], leb(body.length), body);
}

test("functionName() finds a name behind other subsections", () => {
  const moduleName = [0, 2, 1, 97];
  const names = functions(2, join([3], name("main.größe")), join(leb(300), name("b")));
  assert.equal(nameOf(3, moduleName, names), "main.größe");
  assert.equal(nameOf(300, moduleName, names), "b");
  assert.equal(nameOf(4, moduleName, names), undefined);
});

test("functionName() gives nothing for a module without names", () => {
  assert.equal(functionName(decodeModule(module()), 0), undefined);
});

test("functionName() gives nothing where the section lies", () => {
  const lies: (readonly number[] | Uint8Array)[] = [
    [],
    [1],
    [1, 0x80],
    [1, 0xff, 0xff, 0xff, 0xff, 0x0f],
    [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
    [0xff, 0xff, 0xff],
    [1, 1, 0xff],
    [1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
    functions(0xffff_ffff),
    functions(0xffff_ffff, join([5, 1, 97])),
    functions(1, join([0], leb(0xffff_ffff), [97])),
    functions(1, [0, 0x80] as never),
  ];
  for (const lie of lies) assert.equal(nameOf(0, lie), undefined);
});

test("functionName() cuts a very long name", () => {
  assert.equal(nameOf(0, functions(1, join([0], name("a".repeat(100_000)))))?.length, 500);
});
