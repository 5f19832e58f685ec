import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { compileProgram } from "./program.ts";
import { wat } from "./testdata/guests.ts";

const memoryMax = 16 * 1024 * 1024;
const start = '(memory (export "memory") 1) (func (export "_start"))';

async function refused(text: string, code: string, ...parts: string[]): Promise<void> {
  const bytes = await wat(`(module ${text})`);
  await assert.rejects(compileProgram(bytes, { memoryMax }), (error) => {
    assert.ok(error instanceof WarrenError);
    assert.equal(error.code, code);
    for (const part of parts) assert.ok(`${error.message} ${error.hint}`.includes(part), error.message);
    return true;
  });
}

function imported(name: string, params: string, result = "(result i32)"): string {
  return `(import "wasi_snapshot_preview1" "${name}" (func (param ${params}) ${result}))`;
}

test("compileProgram() lists what is not offered, with its type", async () => {
  const both = `(import "env" "a" (func (param i32 f64) (result i64))) ${imported("fd_write", "i32")} ${start}`;
  await refused(both, "program.imports-missing", "env.a(i32, f64) → i64", "wasi_snapshot_preview1.fd_write(i32) → i32");
  await refused(`(import "env" "g" (global i32)) ${start}`, "program.imports-missing", "env.g (global)");
  const notice = '(import "env" "emscripten_notify_memory_growth" (func (result i32)))';
  await refused(`${notice} ${start}`, "program.imports-missing", "env.emscripten_notify_memory_growth() → i32");
});

test("compileProgram() quotes no more of what is not offered than fits a message", async () => {
  const many = `(import "${"e".repeat(60_000)}" "${"n".repeat(60_000)}" (func (param ${"i32 ".repeat(900)})))`;
  await refused(`${many} ${start}`, "program.imports-missing", "i32, i32, …)");
  const error = await compileProgram(await wat(`(module ${many} ${start})`), { memoryMax }).catch((thrown) => thrown);
  assert.ok((error as Error).message.length < 500);
});

test("compileProgram() says which dialects of sockets there are", async () => {
  await refused(`${imported("sock_open", "i32 i32 i32 i32 i32")} ${start}`, "program.imports-missing", "WAMR");
});

test("compileProgram() takes both versions of the WasmEdge dialect, but not one name twice", async () => {
  const [v1, v2] = [imported("sock_accept", "i32 i32"), imported("sock_accept", "i32 i32 i32")];
  for (const one of [v1, v2]) await compileProgram(await wat(`(module ${one} ${start})`), { memoryMax });
  await refused(`${v1} ${v2} ${start}`, "program.imports-missing", "sock_accept");
});

test("compileProgram() refuses what cannot be run", async () => {
  await refused('(memory (export "memory") 1) (func (export "_initialize"))', "program.reactor");
  await refused('(memory (export "memory") 300) (func (export "_start"))', "limits.memory");
});

test("compileProgram() refuses code that V8 finds invalid", async () => {
  const bytes = Buffer.from(await wat('(module (func (export "_start") (drop (i32.const 7))))'));
  // i32.const 7; drop → i32.add; drop: the operands are missing.
  const at = bytes.indexOf(Buffer.from([0x41, 0x07, 0x1a]));
  bytes.set([0x6a, 0x1a, 0x01], at);
  await assert.rejects(
    compileProgram(bytes, { memoryMax }),
    (error) => error instanceof WarrenError && error.code === "module.invalid",
  );
});
