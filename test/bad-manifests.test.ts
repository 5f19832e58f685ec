import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { head, mistakes } from "../src/control/manifest-mistakes.suite.ts";
import { buildGuest } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { eachOf } from "./support/parallel.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-manifests-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One mistake of each kind: the first of each code, and the first of each code that comes with a hint. */
function oneOfEach(): (typeof mistakes)[number][] {
  const seen = new Set<string>();
  return mistakes.filter(([, expected]) => {
    const [code, , hint] = expected.split(" | ");
    const kind = `${code} ${hint?.split(/[ :]/)[0]}`;
    return !seen.has(kind) && seen.add(kind);
  });
}

test("a manifest with a mistake is refused with file, line, key and what to do, and nothing reaches the daemon", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const kinds = oneOfEach();
  assert.ok(kinds.length >= 12, `${kinds.length} kinds`);
  await eachOf(kinds, 2, async ([text, expected], i) => {
    const cwd = join(folder, String(i));
    mkdirSync(cwd);
    writeFileSync(join(cwd, "warren.toml"), text);
    const [code, message, hint] = expected.split(" | ");
    const { code: exit, stdout, stderr } = await warren(daemon, ["deploy"], { cwd });
    const advice = hint === undefined ? "" : `hint: ${hint}\n`;
    assert.deepEqual(
      { exit, stdout, stderr },
      { exit: 1, stdout: "", stderr: `warren: ${message} (${code})\n${advice}` },
    );
    if (text !== "") assert.match(message as string, /^warren\.toml(:\d+)?:/);
  });
  assert.deepEqual(await daemon.client.listServices("default"), []);
});

test("what a manifest points at is checked too", async (t) => {
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const cwd = join(folder, "points");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "shop.wasm"), "not a module");
  const program = await buildGuest("assemblyscript-cgi");
  const cases: readonly (readonly [manifest: string, code: string, says: RegExp])[] = [
    ['name = "shop"\nprogram = "missing.wasm"', "deploy.nothing", /missing\.wasm/],
    [head, "deploy.not-wasm", /hint: /],
    [
      `name = "shop"\nprogram = ${JSON.stringify(program)}\nkind = "cgi"\n[[mount]]\nsource = "nowhere"\ntarget = "/data"`,
      "mount.",
      /nowhere/,
    ],
  ];
  for (const [manifest, code, says] of cases) {
    writeFileSync(join(cwd, "warren.toml"), manifest);
    const { code: exit, stderr } = await warren(daemon, ["deploy"], { cwd });
    assert.equal(exit, 1, stderr);
    assert.ok(stderr.includes(`(${code}`), stderr);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /internal|\n\s+at /);
  }
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const nothing = await warren(daemon, ["deploy"], { cwd: empty });
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /\(deploy\.nothing\)\nhint: .*warren\.toml/);
  assert.deepEqual(await daemon.client.listServices("default"), []);
});

test("with --json the error is JSON, and a mistake on the command line is exit code 2", async () => {
  const cwd = join(folder, "json");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "warren.toml"), `${head}prot = 1`);
  const { code, stdout, stderr } = await warren(undefined, ["deploy", "--json"], { cwd });
  assert.deepEqual([code, stdout], [1, ""]);
  const { error } = JSON.parse(stderr) as { error: Record<string, unknown> };
  assert.equal(error.code, "manifest.unknown-key");
  assert.match(String(error.message), /^warren\.toml:3: "prot"/);
  for (const args of [
    ["deploy", "--prot"],
    ["deploy", "a", "b"],
    ["deploy", "--name"],
  ]) {
    const usage = await warren(undefined, args, { cwd });
    assert.deepEqual([usage.code, usage.stdout], [2, ""], args.join(" "));
    assert.match(usage.stderr, /\(usage\./);
  }
});
