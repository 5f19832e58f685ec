import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { wat } from "../../engine/testdata/guests.ts";
import { warren } from "../command-process.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-run-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A module whose _start calls proc_exit with a code, or traps. */
function program(name: string, code: number | "trap"): string {
  const body = code === "trap" ? [0x00] : [0x41, (code & 0x7f) | 0x80, (code >> 7) & 0x7f, 0x10, 0x00];
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const section = (id: number, content: number[]) => [id, content.length, ...content];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, 0x60, 1, 0x7f, 0, 0x60, 0, 0]),
    ...section(2, [1, ...text("wasi_snapshot_preview1"), ...text("proc_exit"), 0, 0]),
    ...section(3, [1, 1]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...text("_start"), 0, 1, ...text("memory"), 2, 0]),
    ...section(10, [1, body.length + 2, 0, ...body, 0x0b]),
  ];
  const path = join(folder, name);
  writeFileSync(path, Uint8Array.from(bytes));
  return path;
}

test("run passes the program's exit code on, and never makes a failure 0", async () => {
  for (const [code, expected] of [
    [0, 0],
    [7, 7],
    [255, 255],
    [256, 1],
    [259, 3],
  ] as const) {
    assert.deepEqual(await warren(["run", program("exit.wasm", code)]), { code: expected, stdout: "", stderr: "" });
  }
});

test("run reports a trap with the guest's frames and exit code 134", async () => {
  const path = program("trap.wasm", "trap");
  const { code, stderr } = await warren(["run", path]);
  assert.equal(code, 134);
  assert.match(
    stderr,
    /^warren: .*trap\.wasm crashed: unreachable \(program\.trap\)\n {2}at function 1 at 0x[0-9a-f]+\n$/,
  );
  const json = JSON.parse((await warren(["run", "--json", path])).stderr) as { error: { code: string } };
  assert.equal(json.error.code, "program.trap");
});

test("run lets calls go as deep as natively", async () => {
  const path = join(folder, "deep.wasm");
  // Ten values live across each call: some 5 MiB in all, where V8 gives 984 KiB by itself.
  const kept = Array.from({ length: 10 }, (_, i) => `(i64.mul (i64.extend_i32_u (local.get 0)) (i64.const ${i + 3}))`);
  const sum = kept.reduce(
    (all, one) => `(i64.add ${one} ${all})`,
    "(call $deep (i32.sub (local.get 0) (i32.const 1)))",
  );
  const module = `(module (memory (export "memory") 1) (func $deep (param i32) (result i64)
    (if (result i64) (local.get 0) (then ${sum}) (else (i64.const 0))))
    (func (export "_start") (drop (call $deep (i32.const 30000)))))`;
  writeFileSync(path, await wat(module));
  assert.deepEqual(await warren(["run", path]), { code: 0, stdout: "", stderr: "" });
});

test("run leaves the program's own options to it, and prints what it grants", async () => {
  const { code, stderr } = await warren([
    "run",
    "-v",
    "--ro",
    `${folder}:/data`,
    "-e",
    "A=b=c",
    "--memory",
    "1MiB",
    program("exit.wasm", 0),
    "--help",
    "-v",
    "--json",
  ]);
  assert.equal(code, 0);
  const granted = [
    `program: ${join(folder, "exit.wasm")}`,
    'arguments: "--help" "-v" "--json"',
    `files: /data = ${folder} (ro)`,
    'variable: A="b=c"',
    "connections: none",
    "listens: nowhere",
    "memory: at most 1048576 bytes",
    "cpu: no limit",
    "time: no limit",
    "streams: standard input, output and error",
  ];
  assert.equal(stderr, `${granted.join("\n")}\n`);
});

test("run without grants says so", async () => {
  const { stderr } = await warren(["run", "-v", program("exit.wasm", 0)]);
  assert.match(
    stderr,
    /^program: .*\narguments: none\nfiles: none\nvariables: none\nconnections: none\nlistens: nowhere\nmemory: what the program declares\n/,
  );
});

test("run says what is wrong with a program", async () => {
  const missing = await warren(["run", join(folder, "none.wasm")]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^warren: there is no program .*none\.wasm \(program\.not-found\)\n/);
  writeFileSync(join(folder, "text.wasm"), "no module");
  const wrong = await warren(["run", join(folder, "text.wasm")]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^warren: .*\((module|wasm)\.[a-z-]+\)/);
});
