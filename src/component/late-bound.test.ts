import assert from "node:assert/strict";
import { test } from "node:test";
import { instantiate } from "./abi/testdata/rig.ts";
import { decodeComponent } from "./decode.ts";
import { assemble, link } from "./testdata/assemble.ts";
import { withShim } from "./testdata/samples.ts";

/** An instance of {@link withShim}, and what it wrote. */
async function run(text: string): Promise<readonly [result: unknown, written: readonly string[]]> {
  const bytes = await assemble(text);
  const plan = link(decodeComponent(bytes));
  assert.equal(plan.coreInstances.length, 1);
  const modules = plan.modules.map(({ start, end }) => bytes.subarray(start, end));
  const written: string[] = [];
  const { instance } = await instantiate(plan, modules, {
    functions: {
      write: (text: string) => {
        written.push(text);
      },
      count: () => written.length,
    },
  });
  return [await instance.call("test:io/main", "run", []), written];
}

test("what a shim would have called is called without it", async () => {
  const text = withShim.replace(
    '(memory (export "memory") 1)',
    '(memory (export "memory") 1) (data (i32.const 0) "hi")',
  );
  assert.deepEqual(await run(text), [1, ["hi"]]);
});

test("a start function that calls what needs the memory that is not there yet traps, as it would with the shim", async () => {
  const early = "(func $early (call $write (i32.const 0) (i32.const 2))) (start $early)";
  const text = withShim.replace('(memory (export "memory") 1)', `(memory (export "memory") 1) ${early}`);
  await assert.rejects(run(text), (error: Error) => {
    assert.ok(error instanceof WebAssembly.RuntimeError || error.name === "Trap", `${error.name}: ${error.message}`);
    return true;
  });
});
