import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { requireToolchain } from "../../../test/guests/build.ts";
import { warren } from "../command-process.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-build-"));
// Compiling all of Go's library anew takes a minute.
const env = { GOCACHE: process.env.GOCACHE ?? join(homedir(), ".cache/go-build") };
after(() => rmSync(folder, { recursive: true, force: true }));

test("build compiles a package of a module, and says what it wrote", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  writeFileSync(join(folder, "go.mod"), "module shop\n\ngo 1.21\n");
  writeFileSync(join(folder, "main.go"), 'package main\n\nfunc main() { println("open") }\n');
  const output = join(folder, "out.wasm");
  const built = await warren(["build", "--json", "-o", output, folder, "--", "-buildvcs=false"], env);
  assert.equal(built.code, 0, built.stderr);
  const { language, program, bytes } = JSON.parse(built.stdout) as Record<string, unknown>;
  assert.deepEqual([language, program], ["go", output]);
  assert.ok(Number(bytes) > 100_000);
  const ran = await warren(["run", output]);
  assert.deepEqual([ran.code, ran.stderr], [0, "open\n"]);
});

test("build passes the compiler's errors on, and tells what it cannot build", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const source = join(folder, "bad.go");
  writeFileSync(source, "package main\n\nfunc main() { missing() }\n");
  const output = join(folder, "bad.wasm");
  const failed = await warren(["build", "-o", output, source], env);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /bad\.go:3:15: undefined: missing\nwarren: .*\(go\.build-failed\)\n$/);
  const json = await warren(["build", "--go", "--json", "-o", output, source], env);
  assert.match((JSON.parse(json.stderr) as { error: { message: string } }).error.message, /undefined: missing/);
  assert.ok(!existsSync(output));
  const elsewhere = mkdtempSync(join(tmpdir(), "warren-build-"));
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }));
  assert.match((await warren(["build", elsewhere])).stderr, /\(build\.unknown-language\)/);
});
