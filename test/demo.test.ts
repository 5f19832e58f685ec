import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cacheFolder } from "../src/cli/demo/build-example.ts";
import { findToolchain } from "../src/cli/demo/toolchain.ts";
import { guests } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { processesOf } from "./support/process.ts";

const languages = { ...guests, "typescript-handler": "typescript" } as const;

const examples = readdirSync(join(import.meta.dirname, "../examples"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  // Those that are a program.
  .flatMap(({ name }) => (name in languages ? (name as keyof typeof languages) : []));

test("warren demo in a pipe shows every example and its answer, and leaves nothing behind", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warren-demo-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, "home");
  const tmp = join(folder, "tmp");
  mkdirSync(home);
  mkdirSync(tmp);
  // A home with nothing in it, but the modules that were compiled before: the compilers have tests of their own.
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: tmp, XDG_CACHE_HOME: join(cacheFolder(), "../..") };
  const { code, stdout, stderr } = await warren(undefined, ["demo"], { env });
  assert.equal(code, 0, stdout + stderr);

  assert.match(stdout, /^SERVICE +LANGUAGE +KIND +SIZE +START +MEMORY\n/);
  let running = 0;
  for (const name of examples) {
    const toolchain = await findToolchain(languages[name]);
    if (process.env.WARREN_TOOLCHAINS === "required") assert.ok(toolchain.available, name);
    const row = new RegExp(
      `^${name} +${toolchain.available ? "\\S.* +(server|cgi|handler|udp) +[0-9.]+ \\S+ +[0-9.]+ ?m?s +\\S" : "skipped: "}`,
      "m",
    );
    assert.match(stdout, row);
    if (toolchain.available) running++;
  }
  assert.ok(running >= 3, "with npm alone at least three run");
  const calls = stdout.slice(stdout.indexOf("Each is called"));
  const answered = calls.match(/^http:\/\/[a-z-]+\.localhost:\d+\/ 200 in .*\n {2}Hello from /gm) ?? [];
  assert.equal(answered.length, running - 1, stdout);
  assert.match(calls, /^udp:\/\/127\.0\.0\.1:\d+ echo in .*\n {2}hello from Warren's demo/m);
  // Not a terminal: no colours, no progress.
  assert.ok(!`${stdout}${stderr}`.includes("\x1b"));

  assert.deepEqual(processesOf(folder), [], "a process was left");
  assert.deepEqual(readdirSync(tmp), [], "a folder was left");
});
