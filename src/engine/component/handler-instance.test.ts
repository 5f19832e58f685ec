import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Flow } from "../../base/flow.ts";
import { assemble } from "../../component/testdata/assemble.ts";
import type { Exchange } from "../../wasi/http/exchange.ts";
import { HttpContext } from "../../wasi/p2/http/host.ts";
import { IncomingRequest } from "../../wasi/p2/http/incoming-request.ts";
import { ResponseOutparam } from "../../wasi/p2/http/response-outparam.ts";
import { CpuShare } from "../cpu/cpu-share.ts";
import { Preemption } from "../cpu/preemption.ts";
import type { Exit } from "../exit.ts";
import { compileProgram } from "../program.ts";
import { ComponentProgram } from "./component-program.ts";
import { HandlerInstance } from "./handler-instance.ts";
import { type HandlerText, handlerText } from "./testdata/handler-text.ts";

const preemption = new Preemption();
after(() => preemption.close());

const programs = new Map<string, Promise<ComponentProgram>>();

async function compile(text: HandlerText): Promise<ComponentProgram> {
  const program = await compileProgram(await assemble(handlerText(text)), { memoryMax: 2 ** 20 });
  assert(program instanceof ComponentProgram);
  return program;
}

async function start(text: HandlerText, { burstMsMax = 10_000 } = {}): Promise<HandlerInstance | Exit> {
  const key = JSON.stringify(text);
  const program = programs.get(key) ?? compile(text);
  programs.set(key, program);
  const cpu = { preemption, share: new CpuShare(), burstMsMax };
  return HandlerInstance.start(await program, { cpu }, new HttpContext(undefined));
}

async function started(text: HandlerText, options = {}): Promise<HandlerInstance> {
  const instance = await start(text, options);
  assert(instance instanceof HandlerInstance, JSON.stringify(instance));
  return instance;
}

function handle(instance: HandlerInstance): Promise<void> {
  const body = new Flow();
  body.end();
  const exchange: Exchange = {
    method: "GET",
    path: "/",
    scheme: "http",
    authority: "it",
    fields: [],
    body,
    trailers: [],
    answer() {},
    refuse() {},
    giveUp() {},
    inform: () => false,
  };
  return instance.handle(new IncomingRequest(instance.host, exchange), new ResponseOutparam(instance.host, exchange));
}

/** How it ended, of a call that must not come back. */
async function ending(instance: HandlerInstance): Promise<Exit> {
  return handle(instance).then(
    () => assert.fail("it came back"),
    (error: unknown) => instance.exitOf(error),
  );
}

/** Traps unless all is as it was initialised, and leaves nothing so. */
const once = `
  (if (i32.ne (i32.load (i32.const 0)) (i32.const 7)) (then unreachable))
  (if (i32.load (i32.const 65532)) (then unreachable))
  (if (i32.ne (memory.size) (i32.const 1)) (then unreachable))
  (if (i32.ne (global.get $count) (i32.const 3)) (then unreachable))
  (drop (memory.grow (i32.const 2)))
  (memory.fill (i32.const 0) (i32.const 255) (i32.const 196608))
  (global.set $count (i32.const 99))`;
const initialised = "(global.set $count (i32.const 3)) (i32.store (i32.const 0) (i32.const 7))";

test("HandlerInstance is as it was initialised after each reset: memory, its size, globals, handles", async () => {
  const instance = await started({ start: initialised, handle: once });
  for (let i = 0; i < 5; i++) {
    await handle(instance);
    assert.equal(instance.reset(), true);
  }
  await handle(instance);
  // Without one, it is not.
  assert.equal((await ending(instance)).kind, "trap");
  instance.kill("the test is over");
});

test("HandlerInstance: each of a program's instances goes back to what the program is", async () => {
  for (let i = 0; i < 3; i++) {
    const instance = await started({ start: initialised, handle: once });
    await handle(instance);
    assert.equal(instance.reset(), true);
    await handle(instance);
    instance.kill("the test is over");
  }
});

test("HandlerInstance is not put back when it learnt something by chance while it was initialised", async () => {
  for (const start of ["(drop (call $get-random-u64))", "(drop (call $now))"]) {
    const instance = await started({ start });
    await handle(instance);
    assert.equal(instance.reset(), false);
  }
  // Asked for in a request, it is gone with that.
  const instance = await started({ handle: "(drop (call $get-random-u64)) (drop (call $now))" });
  await handle(instance);
  assert.equal(instance.reset(), true);
  instance.kill("the test is over");
});

test("HandlerInstance keeps the handles that it was initialised with, and is not put back without one of them", async () => {
  const start = "(global.set $count (call $get-stdout))";
  const keeps = await started({ start, handle: "(drop (call $get-stdout))" });
  for (let i = 0; i < 3; i++) {
    await handle(keeps);
    assert.equal(keeps.reset(), true);
  }
  keeps.kill("the test is over");
  const drops = await started({ start, handle: "(call $drop-stream (global.get $count))" });
  await handle(drops);
  assert.equal(drops.reset(), false);
});

test("HandlerInstance is not put back when it was initialised with what changes on the host", async () => {
  const instance = await started({ start: "(global.set $count (call $get-stdin))" });
  await handle(instance);
  assert.equal(instance.reset(), false);
});

test("HandlerInstance is not put back after a table was written", async () => {
  const more = "(table $t 2 funcref) (elem (i32.const 0) $start)";
  const instance = await started({ more, handle: "(table.set $t (i32.const 1) (table.get $t (i32.const 0)))" });
  await handle(instance);
  assert.equal(instance.reset(), false);
});

test("HandlerInstance: requests that the guest keeps are dropped with the reset", async () => {
  const instance = await started({ handle: "(global.set $count (local.get 0))" });
  for (let i = 0; i < 3; i++) {
    await handle(instance);
    assert.equal(instance.reset(), true);
  }
  assert.equal(instance.host.resources.held, 0);
  instance.kill("the test is over");
});

test("HandlerInstance ends when it computes for too long, and others run meanwhile", async () => {
  const spins = await started({ handle: "(loop (br 0))" }, { burstMsMax: 60 });
  const other = await started({});
  const ended = ending(spins);
  for (let i = 0; i < 3; i++) await handle(other);
  const exit = await ended;
  assert.equal(exit.kind, "limit");
  for (const instance of [spins, other]) instance.kill("the test is over");
});

test("HandlerInstance: what it computed for one request does not count for the next", async () => {
  const handleText =
    "(local i32) (loop (local.set 2 (i32.add (local.get 2) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 2) (i32.const 3000000))))";
  const burstMsMax = 500;
  const instance = await started({ handle: handleText }, { burstMsMax });
  while (instance.cpuMs < 2 * burstMsMax) {
    await handle(instance);
    assert.equal(instance.reset(), true);
  }
  instance.kill("the test is over");
});

test("HandlerInstance: a guest that waits is ended at once", async () => {
  const instance = await started({ handle: "(call $sleep (i64.const 9000000000000))" });
  const ended = ending(instance);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(instance.waiting, true);
  instance.kill("enough");
  assert.deepEqual(await ended, { kind: "killed", reason: "enough" });
  assert.equal(instance.reset(), false);
});

test("HandlerInstance goes on after a wait", async () => {
  const instance = await started({ start: initialised, handle: `(call $sleep (i64.const 1000000)) ${once}` });
  for (let i = 0; i < 3; i++) {
    await handle(instance);
    assert.equal(instance.reset(), true);
  }
  instance.kill("the test is over");
});

test("HandlerInstance tells how its guest ended", async () => {
  assert.deepEqual(await ending(await started({ handle: "(call $exit (i32.const 1))" })), { kind: "exit", code: 1 });
  const trap = await ending(await started({ handle: "unreachable" }));
  assert.equal(trap.kind === "trap" && trap.message, "unreachable");
  const init = await start({ start: "unreachable" });
  assert.equal(!(init instanceof HandlerInstance) && init.kind, "trap");
});

test("HandlerInstance counts its memory", async () => {
  const instance = await started({ handle: "(drop (memory.grow (i32.const 3)))" });
  assert.equal(instance.memoryBytes, 65_536);
  await handle(instance);
  assert.equal(instance.memoryBytes, 4 * 65_536);
  instance.kill("the test is over");
});
