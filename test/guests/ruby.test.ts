import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Flow } from "../../src/base/flow.ts";
import { startInstance } from "../../src/engine/instance.ts";
import { compileProgram } from "../../src/engine/program.ts";
import { buildRuby, rubyScripts } from "./ruby.ts";

test("Ruby runs a script of a read-only mount, with its environment and standard input", async () => {
  const program = await compileProgram(await readFile(await buildRuby()), {
    memoryMax: 256 * 2 ** 20,
    interruptible: false,
  });
  const stdin = new Flow();
  stdin.push(Buffer.from("a body"));
  stdin.end();
  let output = "";
  let errors = "";
  const instance = startInstance(program, {
    args: ["ruby", "--disable=gems", "/app/hello.rb"],
    env: { PATH_INFO: "/echo" },
    mounts: [{ source: rubyScripts, target: "/app", mode: "ro" }],
    stdin,
    stdout: (bytes) => {
      output += Buffer.from(bytes).toString();
    },
    stderr: (bytes) => {
      errors += Buffer.from(bytes).toString();
    },
  });
  assert.deepEqual(await instance.exited, { kind: "exit", code: 0 }, errors);
  assert.equal(output, "Content-Type: text/plain; charset=utf-8\n\na body");
});
