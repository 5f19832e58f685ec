import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

// What it does at an exit is seen in a process of its own. Its second argument sets the guest's stack, as `warren run` does.
const runner = `
import { runCachedScript } from ${JSON.stringify(join(import.meta.dirname, "cached-script.ts"))};
import { setGuestStack } from ${JSON.stringify(join(import.meta.dirname, "../engine/guest-stack.ts"))};
const [path, digest, folder] = process.argv.slice(2);
runCachedScript({ path, digest }, folder);
setGuestStack(8 * 1024 ** 2);
`;

function script(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "warren-script-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const cache = join(folder, "cache");
  const path = join(folder, "script.cjs");
  const main = join(folder, "runner.mjs");
  writeFileSync(main, runner);
  writeFileSync(path, "(function (require, folder) { console.log(require('node:path').basename(folder) !== '') })");
  return {
    cache,
    path,
    run(digest = "a") {
      const args = ["--disable-warning=ExperimentalWarning", main, path, digest, cache];
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      assert.deepEqual([stdout, stderr], ["true\n", ""]);
      return readdirSync(cache);
    },
    /** Changes whenever the file is written: it is put in place by a rename. */
    kept(name: string) {
      return statSync(join(cache, name)).ino;
    },
  };
}

test("runCachedScript() keeps the code once, and takes it from then on", (t) => {
  const { run, kept } = script(t);
  const [name = "", ...others] = run();
  assert.deepEqual(others, []);
  const first = kept(name);
  assert.deepEqual(run(), [name]);
  assert.equal(kept(name), first, "it was taken, though the guest's stack was set in between");
});

test("runCachedScript() keeps code by what it was made of", (t) => {
  const { run } = script(t);
  run("a");
  assert.equal(run("b").length, 2);
});

test("runCachedScript() forgets the oldest, and nothing else that is there", (t) => {
  const { run, cache } = script(t);
  run("a");
  writeFileSync(join(cache, "other"), "");
  // Node's compile cache has folders of such names.
  mkdirSync(join(cache, "v26.10.0-x64-310b2ce3-0"));
  for (const digest of ["b", "c", "d", "e", "f", "1", "2", "3", "4"]) run(digest);
  const left = readdirSync(cache);
  assert.equal(left.length, 10);
  assert.ok(left.includes("other") && left.includes("v26.10.0-x64-310b2ce3-0"));
  assert.ok(left.some((name) => name.endsWith("-4")) && !left.some((name) => name.endsWith("-a")));
});

test("runCachedScript() does not use code that is damaged, or that others may have written", (t) => {
  const { run, kept, cache } = script(t);
  const [name = ""] = run();
  const path = join(cache, name);
  const code = readFileSync(path);
  for (const spoil of [
    () => writeFileSync(path, code.subarray(0, -1)),
    () => writeFileSync(path, Buffer.concat([code.subarray(0, -9), Buffer.alloc(9)])),
    () => writeFileSync(path, ""),
    () => chmodSync(path, 0o666),
  ]) {
    const before = kept(name);
    spoil();
    run();
    assert.notEqual(kept(name), before);
    assert.equal(readFileSync(path).length, code.length);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});
