import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { environmentFunctions } from "./environment.ts";
import { processFunctions } from "./process.ts";
import { Exited, testHost } from "./testdata/test-host.ts";

test("arguments and environment are counted in bytes and end in NUL", () => {
  const host = testHost();
  const f = environmentFunctions(host);
  assert.equal(f.args_sizes_get(0, 4), 0);
  assert.deepEqual([host.memory.getU32(0), host.memory.getU32(4)], [2, 9]);
  assert.equal(f.args_get(16, 64), 0);
  assert.deepEqual([host.memory.getU32(16), host.memory.getU32(20)], [64, 70]);
  assert.equal(Buffer.from(host.memory.bytes(64, 9)).toString(), "guest\0ä\0");
  assert.equal(f.environ_sizes_get(0, 4), 0);
  assert.deepEqual([host.memory.getU32(0), host.memory.getU32(4)], [2, 7]);
  assert.equal(f.environ_get(16, 64), 0);
  assert.equal(Buffer.from(host.memory.bytes(64, 7)).toString(), "A=1\0B=\0");
  assert.throws(() => f.args_get(16, 65530), { errno: errno.FAULT });
});

test("clocks run, and unknown ones are INVAL", () => {
  const host = testHost();
  const f = processFunctions(host);
  const read = (id: number) => {
    assert.equal(f.clock_time_get(id, 0n, 8), 0);
    return host.memory.getU64(8);
  };
  const earlier = read(1);
  assert.ok(earlier <= read(1));
  assert.ok(read(0) / 1_000_000n - BigInt(Date.now()) < 1000n);
  assert.equal(read(2), 0n);
  assert.equal(f.clock_time_get(4, 0n, 8), errno.INVAL);
  assert.equal(f.clock_res_get(0, 8), 0);
  assert.equal(f.clock_res_get(-1, 8), errno.INVAL);
});

test("random_get fills what it is given, much of it in turns with others", async () => {
  const host = testHost();
  const f = processFunctions(host);
  assert.equal(f.random_get(100, 3), 0);
  assert.deepEqual([...host.memory.bytes(99, 5)], [0, 7, 7, 7, 0]);
  assert.throws(() => f.random_get(65530, 10), { errno: errno.FAULT });
  host.wasm.grow(512);
  const bytes = 20 * 1024 * 1024 + 1;
  let turned = false;
  setImmediate(() => (turned = true));
  assert.equal(await f.random_get(1, bytes), 0);
  assert.ok(turned);
  assert.deepEqual([host.memory.u8()[0], host.memory.u8()[bytes + 1]], [0, 0]);
  assert.ok(host.memory.bytes(1, bytes).every((byte) => byte === 7));
});

test("proc_exit takes any code", () => {
  const f = processFunctions(testHost());
  for (const [code, given] of [
    [0, 0],
    [3, 3],
    [0xffff_ffff, -1],
  ]) {
    assert.throws(
      () => f.proc_exit(given!),
      (error) => error instanceof Exited && error.code === code,
    );
  }
});
