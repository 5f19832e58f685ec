import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { buildExample, cacheFolder, languageOf } from "./build-example.ts";
import { findToolchain, type Language } from "./toolchain.ts";

async function folder(t: { after(f: () => Promise<void>): void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "warren-example-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

async function assemblyScript(t: { after(f: () => Promise<void>): void }, text: string): Promise<string> {
  const dir = await folder(t);
  await mkdir(join(dir, "assembly"));
  await writeFile(join(dir, "assembly", "index.ts"), text);
  await writeFile(join(dir, "asconfig.json"), '{ "entries": ["assembly/index.ts"] }');
  return dir;
}

test("buildExample() compiles once for the same sources, and again for changed ones", async (t) => {
  const outDir = await folder(t);
  const dir = await assemblyScript(t, "export function f(): i32 { return 1; }\n");
  const first = await buildExample(dir, { outDir });
  assert.equal(first.language, "assemblyscript");
  assert.equal(first.cached, false);
  assert.deepEqual((await readFile(first.program)).subarray(0, 4), Buffer.from("\0asm"));
  assert.deepEqual(await buildExample(dir, { outDir }), { ...first, cached: true });

  await writeFile(join(dir, "README.md"), "not a source");
  assert.equal((await buildExample(dir, { outDir })).program, first.program);
  await writeFile(join(dir, "assembly", "index.ts"), "export function f(): i32 { return 2; }\n");
  const second = await buildExample(dir, { outDir });
  assert.equal(second.cached, false);
  assert.notEqual(second.program, first.program);
});

test("buildExample() forgets all but the newest modules of an example", async (t) => {
  const outDir = await folder(t);
  const dir = await assemblyScript(t, "export function f(): i32 { return 1; }\n");
  const old = Array.from({ length: 6 }, (_, i) => join(outDir, `${basename(dir)}-${String(i).repeat(16)}.wasm`));
  const other = join(outDir, `other-${"0".repeat(16)}.wasm`);
  for (const [i, path] of [...old, other].entries()) {
    await writeFile(path, "");
    await utimes(path, 1000 + i, 1000 + i);
  }
  const { program } = await buildExample(dir, { outDir });
  const left = (await readdir(outDir)).map((file) => join(outDir, file));
  assert.deepEqual(new Set(left), new Set([program, ...old.slice(3), other]));
});

test("buildExample() quotes the compiler and says how to see it again", async (t) => {
  const dir = await assemblyScript(t, "export function f(): i32 { return nothing; }\n");
  const lines: string[] = [];
  await assert.rejects(buildExample(dir, { outDir: await folder(t), onProgress: (line) => lines.push(line) }), {
    code: "example.build-failed",
    message: /Cannot find name 'nothing'/,
    hint: /asc\.js --outFile/,
  });
  assert.ok(lines.length > 0);
});

test("buildExample() stops when it is told to", async (t) => {
  const dir = await assemblyScript(t, "export function f(): i32 { return 1; }\n");
  const outDir = await folder(t);
  const reason = new Error("stop");
  await assert.rejects(buildExample(dir, { outDir, signal: AbortSignal.abort(reason) }), reason);
});

test("languageOf() refuses a folder that is no example", async (t) => {
  const empty = await folder(t);
  assert.throws(() => languageOf(empty), { code: "example.unknown-language" });
  const dir = await folder(t);
  await writeFile(join(dir, "server.c"), "");
  assert.equal(languageOf(dir), "c");
  const other = await folder(t);
  await writeFile(join(other, "main.cpp"), "");
  assert.equal(languageOf(other), "cpp");
});

test("findToolchain() gives the reason and the remedy when there is nothing on PATH", async () => {
  for (const language of ["go", "rust", "c", "cpp"] satisfies Language[]) {
    const toolchain = await findToolchain(language, { PATH: "/nonexistent" });
    assert.ok(!toolchain.available, language);
    assert.match(toolchain.reason, /PATH/);
    assert.match(toolchain.install, /install|rustup/);
  }
});

test("findToolchain() refuses a Go that is too old", async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, "go"), "#!/bin/sh\necho go1.21.3\n", { mode: 0o755 });
  assert.deepEqual(await findToolchain("go", { PATH: `${dir}:/bin` }), {
    available: false,
    reason: `${dir}/go is go1.21.3, older than go1.24`,
    install: "install Go 1.24 or later: https://go.dev/dl",
  });
});

test("cacheFolder() ignores a relative XDG_CACHE_HOME", () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/x" }), "/x/warren/examples");
  assert.match(cacheFolder({ XDG_CACHE_HOME: "x" }), /^\/.*\/\.cache\/warren\/examples$/);
});
