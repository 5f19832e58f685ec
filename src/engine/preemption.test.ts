import assert from "node:assert/strict";
import { test } from "node:test";
import { CpuShare } from "./cpu/cpu-share.ts";
import { testTerms } from "./cpu/test-terms.ts";
import { type Instance, startInstance } from "./instance.ts";
import { compileProgram } from "./program.ts";
import { wat } from "./testdata/guests.ts";

const memoryMax = 64 * 2 ** 20;

async function start(text: string, terms = testTerms()): Promise<Instance> {
  const program = await compileProgram(await wat(`(module (memory (export "memory") 1) ${text})`), { memoryMax });
  return startInstance(program, { cpu: terms });
}

const spins: Readonly<Record<string, string>> = {
  "an empty loop": '(func (export "_start") (loop (br 0)))',
  "nested loops": '(func (export "_start") (loop (loop (loop (br 2)))))',
  "a loop of calls": '(func $f) (func (export "_start") (loop (call $f) (br 0)))',
  "a tail call": '(func $f (return_call $f)) (func (export "_start") (call $f))',
  "a start section": '(func $spin (loop (br 0))) (start $spin) (func (export "_start"))',
  "fills of memory":
    '(func (export "_start") (drop (memory.grow (i32.const 500))) (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 30000000)) (br 0)))',
  "calls that double": `${Array.from({ length: 60 }, (_, i) => `(func $f${i} ${i === 0 ? "" : `(call $f${i - 1}) (call $f${i - 1})`})`).join("")} (func (export "_start") (call $f59))`,
};

for (const [name, text] of Object.entries(spins)) {
  test(`a guest that spins lets the host's events through, and is ended by kill(): ${name}`, async () => {
    const instance = await start(text);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(instance.ended, false);
    instance.kill("enough");
    assert.deepEqual(await instance.exited, { kind: "killed", reason: "enough" });
  });

  test(`a guest that spins is ended at its deadline: ${name}`, async () => {
    const instance = await start(text, testTerms({ burstMsMax: 30 }));
    const exit = await instance.exited;
    assert.equal(exit.kind === "limit" && exit.code, "limit.deadline");
    assert.ok(instance.cpuMs >= 30);
  });
}

test("no catch_all of a guest survives its deadline", async () => {
  const instance = await start(
    '(func (export "_start") (loop $again (try (do (loop (br 0))) (catch_all)) (br $again)))',
    testTerms({ burstMsMax: 20 }),
  );
  assert.equal((await instance.exited).kind, "limit");
});

test("two services that spin get equal parts, however many instances they have", async () => {
  const shares = [new CpuShare(), new CpuShare()];
  const spin = '(func (export "_start") (loop (br 0)))';
  const many = [0, 1, 1, 1].map((which) => start(spin, testTerms({ share: shares[which] as CpuShare })));
  const instances = await Promise.all(many);
  const [one, ...three] = instances as [Instance, ...Instance[]];
  const total = (): number => instances.reduce((sum, instance) => sum + instance.cpuMs, 0);
  while (total() < 400) await new Promise((resolve) => setImmediate(resolve));
  const others = three.reduce((sum, instance) => sum + instance.cpuMs, 0);
  assert.ok(Math.abs(one.cpuMs - others) / total() < 0.2, `${one.cpuMs} and ${others}`);
  for (const instance of instances) instance.kill("over");
});

test("a quota holds a guest that spins to its part of the time", async () => {
  const began = performance.now();
  const instance = await start(
    '(func (export "_start") (loop (br 0)))',
    testTerms({ share: new CpuShare({ cores: 0.2 }) }),
  );
  while (performance.now() - began < 1000) await new Promise((resolve) => setTimeout(resolve, 10));
  // 200 of 1000 ms; a slice that began just before the end of an allowance may run over, and pays for it later.
  assert.ok(instance.cpuMs <= 300, `${instance.cpuMs} ms`);
  instance.kill("over");
});
