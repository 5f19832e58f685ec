// docs/run.md: each of its commands is run, with a program under the names that it uses.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { launcher } from "./support/cli.ts";
import { freePort } from "./support/ports.ts";

const text = readFileSync(join(import.meta.dirname, "../docs/run.md"), "utf8");

function blocks(language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, block = ""]) => block);
}

test("the commands of docs/run.md work", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const program = await buildGuest("c-command");
  const folder = mkdtempSync(join(tmpdir(), "warren-docs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = String(await freePort());
  const commands = blocks("sh").flatMap((block) =>
    block
      .replaceAll("8080", port)
      .split("\n")
      .filter((line) => line !== ""),
  );
  for (const name of new Set(commands.join("\n").match(/\w+\.wasm/g))) copyFileSync(program, join(folder, name));
  for (const name of ["src", "out", "data", "home"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "notes.txt"), "");
  writeFileSync(join(folder, "settings.env"), "LOG=info\nHOME\n");
  const [grants = ""] = blocks("toml");
  writeFileSync(join(folder, "grants.toml"), grants.replaceAll("8080", port));
  const home = join(folder, "home");
  const env = {
    HOME: home,
    PATH: `${dirname(launcher)}:${join(home, ".local/bin")}:${process.env.PATH}`,
  };
  for (const command of commands) {
    const { status, stderr } = spawnSync("bash", ["-c", command], { cwd: folder, env, input: "", encoding: "utf8" });
    assert.equal(status, 0, `${command}\n${stderr}`);
  }
  assert.ok(commands.length > 20);
});
