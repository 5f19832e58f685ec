import assert from "node:assert/strict";
import { test } from "node:test";
import { DescriptorTable } from "../descriptor-table.ts";
import { systemRandom } from "../random.ts";
import { Dialler } from "../sockets/dialler.ts";
import { VirtualNetwork } from "../sockets/virtual-network.ts";
import { makeFetch } from "./fetch.ts";
import { makeFs } from "./files.ts";
import { makeGlobals } from "./globals.ts";
import { assertConfined } from "./testdata/assert-confined.ts";
import { ScriptArray, ScriptError, ScriptFunction, ScriptObject, type Value } from "./value.ts";

const begin = () => (run: () => void) => run();

function globals(): ScriptObject {
  const directory = { path: "/here" };
  const fs = makeFs({ table: new DescriptorTable(), directory, begin });
  const network = makeFetch({ dialler: new Dialler(new VirtualNetwork()), begin, end: new AbortController().signal });
  return makeGlobals({ fs, network, random: systemRandom, directory, timezoneOffset: -60 });
}

function call(global: ScriptObject, object: string, name: string, ...args: Value[]): Value {
  const target = global.get(object);
  assert.ok(target instanceof ScriptObject);
  const found = target.get(name);
  assert.ok(found instanceof ScriptFunction, name);
  return found.call(target, args);
}

test("everything that can be reached from the globals is a primitive or ours", () => {
  assert.ok(assertConfined(globals(), "globalThis") > 50);
});

test("names that a host's objects have are no properties of ours", () => {
  const global = globals();
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "Function", "eval"]) {
    assert.equal(global.get(name), undefined);
    assert.equal((global.get("process") as ScriptObject).get(name), undefined);
    assert.equal(new ScriptArray([]).get(name), undefined);
  }
});

test("the working directory is the program's", () => {
  const global = globals();
  assert.equal(call(global, "process", "cwd"), "/here");
  call(global, "process", "chdir", "../there");
  assert.equal(call(global, "process", "cwd"), "/there");
  assert.equal(call(global, "path", "resolve", "a/../b"), "/there/b");
});

test("fs tells errors by their codes, to the callback only", () => {
  const global = globals();
  const told: Value[] = [];
  const callback = new ScriptFunction((_self, [error]) => {
    told.push(error instanceof ScriptObject ? error.get("code") : error);
    return undefined;
  });
  call(global, "fs", "open", "/etc/passwd", 0, 0, callback);
  call(global, "fs", "close", 99, callback);
  call(global, "fs", "chmod", "/x", 0, callback);
  assert.deepEqual(told, ["ENOENT", "EBADF", "ENOSYS"]);
  assert.throws(() => call(global, "fs", "open", "/etc/passwd"), ScriptError);
});
