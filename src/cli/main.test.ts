import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { version } from "../base/version.ts";
import { warren } from "./command-process.suite.ts";
import { checkGolden } from "./golden.suite.ts";

test("--version prints the version", async () => {
  assert.deepEqual(await warren(["--version"]), { code: 0, stdout: `warren ${version}\n`, stderr: "" });
  assert.equal((await warren(["-V"])).stdout, `warren ${version}\n`);
});

test("help goes to standard output with exit code 0", async () => {
  for (const args of [[], ["--help"], ["help"], ["ls", "--help"], ["help", "ls"]]) {
    const { code, stdout, stderr } = await warren(args);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    assert.match(stdout, /^Usage: warren /, args.join(" "));
  }
});

test("errors are as in testdata/errors.txt: what, why, what next, and the exit code", async () => {
  const cases = [
    ["depoly"],
    ["frobnicate"],
    ["ls", "--jsno"],
    ["--host", "unix:///x", "ls"],
    ["ls", "extra"],
    ["show"],
    ["logs", "--tail", "many", "shop"],
    ["serve", "--workers", "0"],
    ["serve", "--log-format", "xml"],
    ["completion", "tcsh"],
    ["run"],
    ["run", "--ro", "/dev/null/none", "x.wasm"],
    ["run", "-e", "=x", "x.wasm"],
    ["ls"],
    ["ls", "--host", "ftp://example.com"],
    ["stop", "a", "b"],
    ["rm", "a"],
    ["ls", "--json"],
    ["ls", "--jsno", "--json"],
  ];
  const results = await Promise.all(cases.map((args) => warren(args)));
  const parts = cases.map((args, i) => {
    const { code, stdout, stderr } = results[i]!;
    assert.equal(stdout, "", args.join(" "));
    return `$ warren ${args.join(" ")}\n${stderr}exit code ${code}\n`;
  });
  checkGolden("errors.txt", parts.join("\n"));
});

test("WARREN_DEBUG=1 shows where an error was thrown", async () => {
  const { stderr } = await warren(["ls"], { WARREN_DEBUG: "1" });
  assert.match(stderr, /^\s+at .*transport/m);
});

test("a reader that goes away ends the command without a word", async () => {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "main.ts"), "completion", "bash"],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, "close");
  // 0 where the command was done before the system told it.
  assert.ok(code === 0 || code === 141, `exit code ${code}`);
  assert.equal(stderr, "");
});
