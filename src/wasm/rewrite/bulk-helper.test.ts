import assert from "node:assert/strict";
import { test } from "node:test";
import { cell, instantiate, rewrite } from "./testdata/preemption.ts";
import { wat } from "./testdata/wat.ts";

const top = 2 ** 32;
const length = 5 << 20;

interface Outcome {
  readonly end: string;
  /** Checks with a raised cell. */
  readonly ticks: number;
  /** Bytes at the end of what is written. */
  readonly last: readonly number[];
}

/** Does one operation in a memory of so many pages and one of one page. */
async function run(pages: number, operation: string): Promise<Outcome> {
  const rewritten = rewrite(
    await wat(`(module (memory $m (export "m") ${pages}) (memory $s 100) (data $d "${"x".repeat(4000)}")
      (func (export "go") ${operation}))`),
  );
  let ticks = 0;
  const { exports } = instantiate(rewritten, new WebAssembly.Module(rewritten.bytes as BufferSource), {
    tick: () => {
      ticks++;
      cell[0] = 1;
      return 1;
    },
  });
  const memory = Buffer.from((exports.m as WebAssembly.Memory).buffer);
  memory.fill("start", top - length - 5, top - length);
  cell[0] = 1;
  let end = "done";
  try {
    (exports.go as () => void)();
  } catch (error) {
    end = (error as Error).message;
  }
  return { end, ticks, last: [...memory.subarray(-2)] };
}

const at = `(i32.const ${top - length})`;
const size = `(i32.const ${length})`;

const operations: readonly (readonly [name: string, operation: string, last: readonly number[]])[] = [
  ["memory.fill", `(memory.fill $m ${at} (i32.const 7) ${size})`, [7, 7]],
  [
    "memory.copy forwards",
    `(memory.copy $m $m ${at} (i32.const ${top - length + 1}) (i32.sub ${size} (i32.const 1)))`,
    [0, 0],
  ],
  ["memory.copy backwards", `(memory.copy $m $m ${at} (i32.const ${top - length - 5}) ${size})`, [0, 0]],
  ["memory.copy from another memory", `(memory.copy $m $s ${at} (i32.const 0) ${size})`, [0, 0]],
  ["memory.copy to another memory", `(memory.copy $s $m (i32.const 0) ${at} ${size})`, [0, 0]],
];

for (const [name, operation, last] of operations) {
  test(`${name} that ends at 4 GiB is cut into pieces where the memory has as much, and traps elsewhere`, async () => {
    const whole = await run(65_536, operation);
    assert.deepEqual([whole.end, whole.last], ["done", last]);
    assert.ok(whole.ticks > length / 2 ** 20, `${whole.ticks} ticks`);
    const { end } = await run(65_535, operation);
    assert.equal(end, "memory access out of bounds");
  });
}
