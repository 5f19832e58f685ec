import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commandTree } from "../command-line.ts";
import { commands } from "../commands.ts";
import { completionScript, shells } from "./script.ts";

const scripts = new Map(
  await Promise.all(
    shells.map(async (shell) => [shell, completionScript(shell, await commandTree(() => true))] as const),
  ),
);

/** What bash offers for a command line whose last word is being typed. */
function bashOffers(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(" ");
  const ask = `
warren() { [ "$*" = "ls --quiet" ] && printf 'shop\\nblog\\n'; }
compopt() { :; }
${scripts.get("bash")}
COMP_WORDS=(warren ${list}); COMP_CWORD=${words.length}; _warren; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-uc", ask], { encoding: "utf8", cwd: "/" });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").filter((line) => line !== "");
}

test("the script of each shell names every command and option", async () => {
  const program = await commandTree(() => true);
  for (const [shell, script] of scripts) {
    for (const { name } of commands) assert.ok(script.includes(name), `${shell}: ${name}`);
    for (const command of program.commands) {
      for (const { long } of command.options)
        assert.ok(script.includes(long?.slice(2) ?? ""), `${shell}: ${command.name()} ${long}`);
    }
  }
});

for (const shell of shells) {
  const present = spawnSync(shell, ["-c", "true"]).status === 0;
  test(`${shell} can read its script`, { skip: present ? false : `${shell} is not installed` }, () => {
    // A file: fish takes the socket that Node makes of a string for a directory.
    const folder = mkdtempSync(join(tmpdir(), "warren-completion-"));
    try {
      const file = join(folder, "script");
      writeFileSync(file, scripts.get(shell) ?? "");
      const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

const withBash = { skip: spawnSync("bash", ["-c", "true"]).status === 0 ? false : "bash is not installed" };

test("bash completes commands, options, values and names of services", withBash, () => {
  assert.deepEqual(bashOffers("de"), ["deploy", "demo"]);
  assert.deepEqual(bashOffers("show", ""), ["shop", "blog"]);
  assert.deepEqual(bashOffers("stop", "shop", "b"), ["blog"]);
  assert.deepEqual(bashOffers("logs", "--f"), ["--follow"]);
  assert.deepEqual(bashOffers("serve", "--log-format", ""), ["auto", "json", "text"]);
  assert.deepEqual(bashOffers("completion", "z"), ["zsh"]);
  assert.deepEqual(bashOffers("help", "rest"), ["restart"]);
  assert.ok(bashOffers("serve", "--state", "/us").includes("/usr"));
  assert.ok(bashOffers("deploy", "/us").includes("/usr"));
  assert.deepEqual(bashOffers("ls", ""), []);
});
