import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import type { ModuleProgram } from "../../engine/module-program.ts";
import { wat } from "../../engine/testdata/guests.ts";
import { compileCached } from "./program-cache.ts";
import { programDigest } from "./program-digest.ts";

const base = mkdtempSync(join(tmpdir(), "warren-cache-"));
after(() => rmSync(base, { recursive: true, force: true }));
const folder = join(base, "warren", "programs");
const options = { memoryBytesMax: 2 ** 24, interruptible: false };
const program = await wat('(module (memory (export "memory") 1) (func (export "_start")))');
const other = await wat('(module (memory (export "memory") 1) (func (export "_start")) (func (export "other")))');

beforeEach(() => {
  rmSync(join(base, "warren"), { recursive: true, force: true });
  process.env.XDG_CACHE_HOME = base;
});

function entry(): string {
  const names = readdirSync(folder);
  assert.equal(names.length, 1);
  return join(folder, names[0]!);
}

const exportsOf = (module: WebAssembly.Module): string[] => WebAssembly.Module.exports(module).map(({ name }) => name);

/** An entry for `program` that holds another module, whole and with its digest: what shows whether it is taken. */
async function swapEntry(): Promise<string> {
  await compileCached(other, options);
  const content = readFileSync(entry());
  rmSync(entry());
  await compileCached(program, options);
  writeFileSync(entry(), content);
  return entry();
}

test("programDigest() is SHA-256", () => {
  for (const bytes of [new Uint8Array(0), program, new Uint8Array(100_000).fill(7)])
    assert.equal(programDigest(bytes), createHash("sha256").update(bytes).digest("hex"));
});

test("compileCached() takes what it has kept", async () => {
  await swapEntry();
  assert.deepEqual(exportsOf(((await compileCached(program, options)) as ModuleProgram).module), [
    "memory",
    "_start",
    "other",
  ]);
});

test("compileCached() keeps what others cannot read, by all that it depends on", async () => {
  await compileCached(program, options);
  assert.equal(statSync(entry()).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  await compileCached(program, { ...options, memoryBytesMax: 2 ** 25 });
  const { interruptible } = (await compileCached(program, { ...options, interruptible: true })) as ModuleProgram;
  assert.equal(interruptible?.memories.length, 1);
  const again = (await compileCached(program, { ...options, interruptible: true })) as ModuleProgram;
  assert.deepEqual(again.interruptible, interruptible);
  assert.equal(readdirSync(folder).length, 3);
});

for (const [what, spoil] of [
  ["was cut", (path: string) => truncateSync(path, statSync(path).size - 1)],
  [
    "was changed",
    (path: string) => writeFileSync(path, readFileSync(path, "latin1").replace("other", "0ther"), "latin1"),
  ],
  ["is empty", (path: string) => truncateSync(path, 0)],
  ["others may write to", (path: string) => chmodSync(path, 0o620)],
  [
    "is a link",
    (path: string) => {
      writeFileSync(join(base, "elsewhere"), readFileSync(path), { mode: 0o600 });
      rmSync(path);
      symlinkSync(join(base, "elsewhere"), path);
    },
  ],
  ["lies in a folder that others may write to", () => chmodSync(folder, 0o770)],
] as const) {
  test(`compileCached() makes anew what ${what}`, async () => {
    spoil(await swapEntry());
    assert.deepEqual(exportsOf(((await compileCached(program, options)) as ModuleProgram).module), [
      "memory",
      "_start",
    ]);
  });
}

test("what is kept holds all of an outline; raise outlineVersion when this changes", async () => {
  await compileCached(program, { ...options, interruptible: true });
  const [, outline = ""] = readFileSync(entry(), "latin1").split(/(?<=^.{64})/s);
  assert.deepEqual(Object.keys(JSON.parse(outline.split("\n")[0] ?? "") as object), [
    "imports",
    "initialBytes",
    "interruptible",
  ]);
});

test("compileCached() works without a cache", async () => {
  process.env.XDG_CACHE_HOME = "/proc/nowhere";
  assert.deepEqual(exportsOf(((await compileCached(program, options)) as ModuleProgram).module), ["memory", "_start"]);
});
