// The adapter for WebAssembly/wasi-testsuite, as its runner uses it. The suite itself is run by hand: see CONTRIBUTING.md.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildGuest, requireToolchain } from "../guests/build.ts";

const folder = join(import.meta.dirname, "wasi-testsuite");

/** What an expression gives with the adapter imported as `warren`, by way of JSON. */
function ask(expression: string): unknown {
  const program = `import json, sys; sys.path.insert(0, sys.argv[1]); import warren; print(json.dumps(${expression}))`;
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
  return JSON.parse(execFileSync("python3", ["-c", program, folder], { encoding: "utf8", env }));
}

test("the adapter for wasi-testsuite runs a program with its arguments, variables and directory", async (t) => {
  if (spawnSync("python3", ["--version"]).error !== undefined) {
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error("python3 is missing");
    t.skip("there is no python3");
    return;
  }
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  assert.equal(ask("warren.get_name()"), "warren");
  assert.equal(ask("warren.get_version()"), version);
  assert.deepEqual(ask("warren.get_wasi_versions()"), ["wasm32-wasip1"]);
  assert.deepEqual(ask("warren.get_wasi_worlds()"), ["wasi:cli/command"]);

  if (!(await requireToolchain(t, "c"))) return;
  const root = mkdtempSync(join(tmpdir(), "warren-adapter-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "text"), "from the root");
  const given = `(["--version"], {"PATH_INFO": "/get/text"}, ${JSON.stringify(root)})`;
  const guest = await buildGuest("c-store");
  const argv = ask(`warren.compute_argv(${JSON.stringify(guest)}, ${given}, [], "wasi:cli/command", "wasm32-wasip1")`);
  const [command = "", ...args] = argv as string[];
  const output = execFileSync(command, args, { encoding: "utf8" });
  assert.equal(output, "Status: 200\nContent-Type: text/plain\n\nfrom the root");
});
