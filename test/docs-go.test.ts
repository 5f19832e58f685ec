// What docs/guests.md says of Go, as it says it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

test("the Go program of docs/guests.md is built, deployed and called", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const text = readFileSync(join(import.meta.dirname, "../docs/guests.md"), "utf8");
  const [, section = ""] = text.split("\n## Go\n");
  const [, source = ""] = /```go\n([\s\S]*?)```/.exec(section) ?? [];
  const [, commands = ""] = /```sh\n([\s\S]*?)```/.exec(section) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "warren-docs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "hello.go"), source);
  const daemon = await TestDaemon.start(t, { workers: 1 });
  const lines = commands.trim().split("\n");
  assert.deepEqual(
    lines.map((line) => line.split(" ")[0]),
    ["warren", "warren", "curl"],
  );
  for (const line of lines.slice(0, 2)) {
    const { code, stderr } = await warren(daemon, line.split(" ").slice(1), { cwd: folder });
    assert.equal(code, 0, stderr);
  }
  assert.equal((await ask(daemon.port, "hello.localhost")).text, "hello /\n");
});
