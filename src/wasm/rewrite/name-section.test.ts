import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUnsigned as leb } from "../../base/leb128.ts";
import { decodeModule } from "../decode.ts";
import { custom, join, module, name, oneBody, oneFunction, voidType } from "../testdata/build-module.ts";
import { nameSection } from "./name-section.ts";
import { rewrite } from "./testdata/preemption.ts";

function subsection(id: number, ...content: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const body = join(...content);
  return join([id], leb(body.length), body);
}

/** One name map with one name. */
function one(id: number, index: number, text: string): Uint8Array {
  return subsection(id, [1, index], name(text));
}

function nested(id: number, outer: number, index: number, text: string): Uint8Array {
  return subsection(id, [1, outer, 1, index], name(text));
}

const moduleName = subsection(0, name("guest"));
const locals = nested(2, 0, 0, "count");
const types = one(4, 0, "shape");
const globals = one(7, 0, "counter");
const tags = one(11, 0, "raised");

function withNames(...subsections: readonly Uint8Array[]): Uint8Array {
  return module(voidType, oneFunction, oneBody, custom("name", ...subsections));
}

function namesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(WebAssembly.Module.customSections(new WebAssembly.Module(bytes as BufferSource), "name")[0]!);
}

test("nameSection() keeps the names of what stays where it is, and those of labels go", () => {
  const guest = withNames(
    moduleName,
    one(1, 0, "work"),
    locals,
    nested(3, 0, 0, "again"),
    types,
    one(5, 0, "ways"),
    globals,
    tags,
  );
  const { bytes } = rewrite(guest);
  const functions = subsection(1, [2, 0], name("work"), [1], name("warren.slow"));
  assert.deepEqual(
    namesOf(bytes),
    Buffer.from(join(moduleName, functions, locals, types, one(5, 0, "ways"), globals, tags)),
  );
});

test("nameSection() drops names of labels where functions have none", () => {
  const { bytes } = rewrite(withNames(moduleName, nested(3, 0, 0, "again"), locals));
  assert.deepEqual(namesOf(bytes), Buffer.from(join(moduleName, locals)));
});

test("nameSection() leaves a section alone that is broken or not there", () => {
  for (const broken of [[1, 5, 1], [1], [3, 0xff, 0xff, 0xff, 0xff, 0x0f]]) {
    const info = decodeModule(withNames(Uint8Array.from(broken)));
    assert.equal(nameSection(info, [{ name: "added" }]), undefined);
  }
  assert.equal(nameSection(decodeModule(module()), []), undefined);
});
