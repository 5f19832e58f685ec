// Programs of compilers that are not installed here, as others published them: github.com/tetratelabs/wazero has them among its tests.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { launcher } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-toolchains-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "a.txt"), "a file\n");

function programs(): string {
  const args = ["mod", "download", "-json", "github.com/tetratelabs/wazero"];
  const options = { cwd: join(import.meta.dirname, "guests/wazero"), encoding: "utf8" } as const;
  const { stdout, stderr } = spawnSync("go", args, options);
  const { Dir: directory, Error: error } = JSON.parse(stdout || "{}") as { Dir?: string; Error?: string };
  assert.ok(directory, `go ${args.join(" ")}: ${error ?? stderr}`);
  return join(directory, "imports/wasi_snapshot_preview1");
}

test("programs that TinyGo, Zig, zig cc and cargo-wasi made run", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const from = programs();
  const run = (program: string, ...args: string[]) => {
    const granted = ["run", "--ro", `${folder}:/`, join(from, program), ...args];
    const { status, stdout, stderr } = spawnSync(launcher, granted, { cwd: folder, input: "", encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""], `${program} ${args.join(" ")}`);
    return stdout;
  };
  const streams = ["stdin", "stdout", "stderr", "/"].map((name) => `${name} isatty: false\n`).join("");
  for (const compiler of ["tinygo", "zig", "zig-cc", "cargo-wasi"]) {
    assert.equal(run(`example/testdata/${compiler}/cat.wasm`, "a.txt"), "a file\n", compiler);
    assert.match(run(`testdata/${compiler}/wasi.wasm`, "ls", "."), /^\.\/a\.txt$/m, compiler);
    assert.equal(run(`testdata/${compiler}/wasi.wasm`, "stat"), streams, compiler);
  }
});
