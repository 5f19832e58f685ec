import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { Flow } from "../base/flow.ts";
import { testTerms } from "./cpu/test-terms.ts";
import type { Exit } from "./exit.ts";
import type { GuestOptions } from "./guest-options.ts";
import { type Instance, startInstance } from "./instance.ts";
import type { Program } from "./launch.ts";
import { compileProgram } from "./program.ts";
import { wat } from "./testdata/guests.ts";

const client = { ip: "192.0.2.1", port: 4000 };

const imports = `
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1)`;

async function program(text: string, memoryMax = 16 * 1024 * 1024): Promise<Program> {
  return compileProgram(await wat(`(module ${imports} ${text})`), { memoryMax });
}

async function start(text: string, options: GuestOptions = {}): Promise<Instance> {
  return startInstance(await program(text), { cpu: testTerms(), ...options });
}

async function ends(text: string, options: GuestOptions = {}): Promise<Exit> {
  return (await start(text, options)).exited;
}

/** Writes the byte `x`. */
const say = `(i32.store (i32.const 8) (i32.const 16)) (i32.store (i32.const 12) (i32.const 1)) (i32.store8 (i32.const 16) (i32.const 120))
  (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 20)))`;
/** Waits for a connection on descriptor 3. */
const accept = "(drop (call $accept (i32.const 3) (i32.const 0) (i32.const 100)))";

test("a program that returns exits with 0, one that says so with its code", async () => {
  assert.deepEqual(await ends('(func (export "_start"))'), { kind: "exit", code: 0 });
  assert.deepEqual(await ends('(func (export "_start") (call $exit (i32.const 7)) unreachable)'), {
    kind: "exit",
    code: 7,
  });
});

test("no handler of the guest's keeps it alive after proc_exit or kill", async () => {
  const stubborn = (body: string) =>
    `(func (export "_start") (loop $again (block $caught (try_table (catch_all $caught) ${body})) ${say} (br $again)))`;
  assert.deepEqual(await ends(stubborn("(call $exit (i32.const 3))")), { kind: "exit", code: 3 });
  const instance = await start(stubborn(accept), { sockets: [{ protocol: "tcp", port: 80 }] });
  await instance.whenListening();
  instance.kill("enough");
  assert.deepEqual(await instance.exited, { kind: "killed", reason: "enough" });
});

test("a trap says what and where", async () => {
  const exit = await ends(
    '(func $inner unreachable) (func $outer (call $inner)) (func (export "_start") (call $outer))',
  );
  assert.equal(exit.kind, "trap");
  assert.equal(exit.message, "unreachable");
  assert.equal(exit.backtrace.length, 3);
  assert.ok(!JSON.stringify(exit).includes("file:"));
  const cases: readonly [body: string, message: RegExp][] = [
    ["(drop (i32.load (i32.const -1)))", /memory access out of bounds/],
    ["(drop (i32.div_s (i32.const 1) (i32.load (i32.const 0))))", /divide by zero/],
    ["(drop (call $deep))", /^call stack exhausted$/],
    ["(throw $tag)", /^uncaught exception$/],
  ];
  for (const [body, message] of cases) {
    const other = await ends(
      `(tag $tag) (func $deep (result i32) (i32.add (call $deep) (i32.const 1))) (func (export "_start") ${body})`,
    );
    assert.equal(other.kind, "trap");
    assert.match(other.message, message);
    assert.ok(other.backtrace.length <= 20);
  }
});

test("a start section may call what never waits, and in an interruptible program what waits too", async () => {
  const section = (body: string) => `(func $init ${body}) (start $init) (func (export "_start"))`;
  assert.deepEqual(await ends(section("(drop (memory.grow (i32.const 1)))")), { kind: "exit", code: 0 });
  assert.deepEqual(await ends(section(say)), { kind: "exit", code: 0 });
  const bytes = await wat(`(module ${imports} ${section(say)})`);
  const exit = await startInstance(await compileProgram(bytes, { memoryMax: 2 ** 20, interruptible: false }), {})
    .exited;
  assert.equal(exit.kind, "trap");
  assert.match(exit.message, /start function/);
});

test("memory grows to the limit and no further", async () => {
  // Exits with the number of pages it got.
  const grow = `(func (export "_start") (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (call $exit (memory.size)))`;
  const instance = startInstance(await program(grow, 40 * 65536), { cpu: testTerms() });
  assert.deepEqual(await instance.exited, { kind: "exit", code: 40 });
  assert.equal(instance.memoryBytes, 40 * 65536);
});

test("memoryBytes counts tables, hidden memories and what waits in connections, and over the limit no more are taken", async () => {
  const text = `(memory 2) (table 1000 funcref) (func (export "_start") ${accept} ${accept} ${accept})`;
  const sockets = [{ protocol: "tcp", port: 80 }] as const;
  const instance = startInstance(await program(text, 2 ** 21), { cpu: testTerms(), sockets });
  assert.ok(await instance.whenListening());
  const own = 3 * 65536 + 24_000;
  assert.equal(instance.memoryBytes, own);
  const listener = instance.listener(80)!;
  const first = listener.connect(client);
  first.output.push(Buffer.alloc(2 ** 21));
  assert.equal(instance.memoryBytes, own + 2 ** 21);
  while (listener.pending > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(instance.memoryBytes, own + 2 ** 21);
  assert.throws(
    () => {
      for (let i = 0; i < 16; i++) listener.connect(client);
    },
    { code: "limits.memory", status: 503 },
  );
  instance.kill("over");
});

test("an instance finds nothing of the one before it in memory, globals, tables or what it is given to read into", async () => {
  // Exits with 1 when anything is not as the module says, and else leaves traces everywhere.
  const text = `(global $g (mut i32) (i32.const 0)) (table $t 2 funcref) (elem declare func $f) (func $f)
    (func $check (param i32) (if (local.get 0) (then (call $exit (i32.const 1)))))
    (func (export "_start") (local $at i32)
      (call $check (global.get $g)) (call $check (i32.eqz (ref.is_null (table.get $t (i32.const 1)))))
      (call $check (i32.ne (table.size $t) (i32.const 2))) (call $check (i32.ne (memory.size) (i32.const 1)))
      (drop (memory.grow (i32.const 31)))
      (loop $more
        (call $check (i32.load (local.get $at)))
        (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 2097152))))
      ;; Of 64 KiB to read into, the one byte that was sent is touched.
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 65536))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (call $check (i32.ne (i32.load (i32.const 8)) (i32.const 1)))
      (call $check (i32.ne (i32.load (i32.const 16)) (i32.const 120))) (call $check (i32.load (i32.const 20)))
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 2097152)) (global.set $g (i32.const 1))
      (table.set $t (i32.const 1) (ref.func $f)) (drop (table.grow $t (ref.func $f) (i32.const 3))))`;
  const shared = await program(text);
  for (let run = 0; run < 3; run++) {
    const stdin = new Flow();
    stdin.push(Buffer.from("x"));
    const instance = startInstance(shared, { cpu: testTerms(), stdin });
    assert.deepEqual(await instance.exited, { kind: "exit", code: 0 }, `run ${run}`);
  }
});

test("recursion traps, also where every depth calls the host, and the host goes on", async () => {
  const calls = {
    nothing: "",
    "a call that answers at once": say,
    "a call that waits": "(drop (call $yield))",
  };
  for (const [what, call] of Object.entries(calls)) {
    const exit = await ends(`(func $r ${call} (call $r) (call $r)) (func (export "_start") (call $r))`);
    assert.equal(exit.kind, "trap", what);
    assert.match(exit.kind === "trap" ? exit.message : "", /call stack exhausted/, what);
  }
});

test("kill() ends a suspended guest at once and resets its connections", async () => {
  const held = `${accept} ${accept}`;
  const instance = await start(`(func (export "_start") ${held})`, { sockets: [{ protocol: "tcp", port: 80 }] });
  assert.ok(await instance.whenListening());
  const listener = instance.listener(80)!;
  const accepted = listener.connect(client);
  while (listener.pending > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(instance.descriptors, 5);
  instance.kill("told to");
  assert.equal(accepted.input.failure?.code, "connection.reset");
  assert.ok(accepted.output.cancelled);
  assert.equal(instance.descriptors, 0);
  assert.throws(() => listener.connect(client), WarrenError);
  assert.equal(instance.listener(), undefined);
  assert.deepEqual(await instance.exited, { kind: "killed", reason: "told to" });
});

test("kill() from what the guest calls ends it at its next call", async () => {
  let writes = 0;
  const instance: Instance = await start(`(func (export "_start") (loop $more ${say} (br $more)))`, {
    stdout: () => {
      if (++writes === 3) instance.kill("three");
    },
  });
  assert.deepEqual(await instance.exited, { kind: "killed", reason: "three" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(writes, 3);
});

test("kill() before the first instruction", async () => {
  const instance = await start('(func (export "_start") unreachable)');
  instance.kill("early");
  assert.deepEqual(await instance.exited, { kind: "killed", reason: "early" });
  assert.equal(await instance.whenListening(), false);
});

test("a guest that runs on and calls lets the host's events through", async () => {
  const instance = await start('(func (export "_start") (loop $more (drop (call $yield)) (br $more)))');
  setImmediate(() => instance.kill("an event came through"));
  assert.equal((await instance.exited).kind, "killed");
});

test("output flows push back, and end with the guest", async () => {
  const stdout = new Flow(2);
  const instance = await start(`(func (export "_start") ${say} ${say} ${say})`, { stdout });
  while (stdout.writable) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stdout.bytes, 2);
  stdout.shift();
  stdout.shift();
  assert.deepEqual(await instance.exited, { kind: "exit", code: 0 });
  assert.ok(stdout.closed);
  assert.equal(stdout.bytes, 1);
});

test("idle guests are not looked at and hold no timers", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const waiting = await program(`(func (export "_start") ${accept})`);
  const instances = Array.from({ length: 100 }, () =>
    startInstance(waiting, { cpu: testTerms(), sockets: [{ protocol: "tcp", port: 80 }] }),
  );
  await Promise.all(instances.map((instance) => instance.whenListening()));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(timers(), before);
  assert.ok(instances.every((instance) => instance.wakeUps === 0));
  for (const instance of instances) instance.kill("over");
});

test("whenListening() and listener() tell of the handed sockets", async () => {
  const sockets = [
    { protocol: "tcp", port: 80 },
    { protocol: "tcp", port: 81 },
    { protocol: "udp", port: 53 },
  ] as const;
  const second = "(drop (call $accept (i32.const 4) (i32.const 0) (i32.const 100)))";
  const instance = startInstance(await program(`(func (export "_start") ${second})`), { cpu: testTerms(), sockets });
  assert.equal(instance.listener()?.address.port, 80);
  assert.equal(await instance.whenListening(), true);
  assert.equal(instance.listener()?.address.port, 81);
  assert.equal(instance.listener(80)?.listening, false);
  assert.equal(instance.datagram()?.local?.port, 53);
  instance.listener(81)!.connect(client);
  assert.deepEqual(await instance.exited, { kind: "exit", code: 0 });
  const silent = await start('(func (export "_start"))', { sockets });
  assert.equal(await silent.whenListening(), false);
});

test("startInstance() refuses arguments and variables that cannot be passed", async () => {
  const any = await program('(func (export "_start"))');
  for (const [options, code] of [
    [{ args: ["a\0b"] }, "args.invalid"],
    [{ env: { "A=B": "" } }, "env.invalid"],
    [{ env: { A: "\0" } }, "env.invalid"],
    [{ mounts: [{ source: "/does/not/exist", target: "/", mode: "ro" }] }, "mount.missing"],
  ] as const) {
    assert.throws(
      () => startInstance(any, options),
      (error) => error instanceof WarrenError && error.code === code,
    );
  }
});

test("a standalone module of Emscripten's may say that its memory grew", async () => {
  const text = `(import "env" "emscripten_notify_memory_growth" (func $grew (param i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (drop (memory.grow (i32.const 3))) (call $grew (i32.const 0)) (call $exit (memory.size)))`;
  const grown = await compileProgram(await wat(`(module ${text})`), { memoryMax: 16 * 1024 * 1024 });
  const { exited } = await startInstance(grown, { cpu: testTerms() });
  assert.deepEqual(await exited, { kind: "exit", code: 4 });
});
