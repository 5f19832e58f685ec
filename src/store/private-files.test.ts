import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PrivateFiles } from "./private-files.ts";

function folder(t: { after(end: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "warren-private-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, "deep", "er");
}

test("PrivateFiles gives back what was written, and nothing before", async (t) => {
  const path = folder(t);
  const files = new PrivateFiles(path);
  assert.deepEqual(await files.names(), []);
  assert.equal(await files.read("a.example"), undefined);
  await files.write("a.example", { key: "one" });
  await files.write("a.example", { key: "two" });
  assert.deepEqual(await new PrivateFiles(path).read("a.example"), { key: "two" });
  assert.deepEqual(await files.names(), ["a.example"]);
  await files.remove("a.example");
  await files.remove("a.example");
  assert.deepEqual(await files.names(), []);
});

test("PrivateFiles makes files and folders that only their owner may read", async (t) => {
  const path = folder(t);
  await new PrivateFiles(path).write("key", {});
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(join(path, "key.json")).mode & 0o777, 0o600);
});

test("PrivateFiles keeps the old value when a crash left half of a new one", async (t) => {
  const path = folder(t);
  const files = new PrivateFiles(path);
  await files.write("a", 1);
  writeFileSync(join(path, "a.json.new"), '{"ke');
  assert.equal(await files.read("a"), 1);
  assert.deepEqual(await files.names(), ["a"]);
  assert.deepEqual(readdirSync(path), ["a.json"]);
  await files.write("a", 2);
  assert.equal(readFileSync(join(path, "a.json"), "utf8"), "2\n");
});

test("PrivateFiles says which file is damaged", async (t) => {
  const path = folder(t);
  const files = new PrivateFiles(path);
  await files.write("a", 1);
  writeFileSync(join(path, "a.json"), "\0\0");
  await assert.rejects(files.read("a"), { code: "state.damaged" });
});

test("PrivateFiles takes no name that leads elsewhere", async (t) => {
  const files = new PrivateFiles(folder(t));
  for (const name of ["..", "../a", "a/b", "", ".", "A", "a\0b", "a".repeat(300)])
    await assert.rejects(files.write(name, 1), { code: "state.name" }, name);
});
