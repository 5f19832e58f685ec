// Go programs that were made for JavaScript hosts, by `warren run`.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { launcher } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-gojs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a Go program for GOOS=js", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const program = join(folder, "go-js.wasm");
  execFileSync("go", ["build", "-buildvcs=false", "-o", program, "."], {
    cwd: join(import.meta.dirname, "guests/go-js"),
    env: { ...process.env, GOOS: "js", GOARCH: "wasm", GOTOOLCHAIN: "local" },
  });
  const run = (options: readonly string[], args: readonly string[], input = "") => {
    const { status, stdout, stderr } = spawnSync(launcher, ["run", ...options, program, ...args], {
      input,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  await t.test("reads and writes what it was granted, sees nothing else, and ends with its code", () => {
    const data = join(folder, "data");
    mkdirSync(data);
    const ran = run(["--rw", `${data}:/data`], ["files", "/data"], "input");
    assert.deepEqual(ran, { status: 7, stdout: "d.txt\n", stderr: "" });
    assert.equal(readFileSync(join(data, "a/d.txt"), "utf8"), "input!");
    const refused = run(["--ro", `${data}:/data`], ["files", "/data"], "input");
    assert.equal(refused.status, 1);
    assert.equal(readFileSync(join(data, "a/d.txt"), "utf8"), "input!");
  });

  await t.test("has values, arrays, bytes and functions", () => {
    assert.deepEqual(run([], ["values"]), {
      status: 0,
      stdout: "4 two true <number: 0.5> true\n<number: 42> 1 abc <number: 100> true\n",
      stderr: "",
    });
  });

  await t.test("finds nothing of the host's JavaScript", () => {
    assert.deepEqual(run([], ["escape"]), { status: 0, stdout: "confined\n", stderr: "" });
  });

  await t.test("that waits for what never comes ends with Go's words for it", () => {
    const ran = run([], ["deadlock"]);
    assert.equal(ran.status, 2);
    assert.match(ran.stderr, /all goroutines are asleep - deadlock!/);
  });

  await t.test("is refused flags that would not hold it", () => {
    const ran = run(["--time", "1s"], ["values"]);
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /no --time \(run\.gojs-flag\)/);
  });
});
