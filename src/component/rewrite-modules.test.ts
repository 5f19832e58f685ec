import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeComponent } from "./decode.ts";
import { rewriteModules } from "./rewrite-modules.ts";
import { assemble, link } from "./testdata/assemble.ts";
import { wacked, withShim } from "./testdata/samples.ts";

/** A custom section named "x" with `length` bytes. */
function withCustom(module: Uint8Array, length: number): Uint8Array {
  const size = length + 2;
  return Buffer.concat([
    module,
    Buffer.of(0, (size & 0x7f) | 0x80, (size >> 7) | 0x80, 0, 1, 0x78),
    Buffer.alloc(length),
  ]);
}

test("rewriteModules() gives the same bytes when nothing changes", async () => {
  for (const text of [withShim, wacked, "(component)"]) {
    const bytes = await assemble(text);
    const component = decodeComponent(bytes);
    assert.deepEqual(
      rewriteModules(component, link(component), (module) => module),
      bytes,
    );
  }
});

test("rewriteModules() replaces the modules of the plan, nested ones too, with all lengths around them", async () => {
  const component = decodeComponent(await assemble(wacked));
  const plan = link(component);
  const seen: number[] = [];
  const bytes = rewriteModules(component, plan, (module, index) => {
    seen.push(index);
    const { start, end } = plan.modules[index]!;
    assert.deepEqual(module, component.bytes.subarray(start, end));
    return withCustom(module, 100 * (index + 1));
  });
  assert.deepEqual(new Set(seen), new Set([0, 1, 2]));
  const again = decodeComponent(bytes);
  const planAgain = link(again);
  assert.deepEqual(planAgain.coreInstances, plan.coreInstances);
  planAgain.modules.forEach(({ start, end }, index) => {
    const before = plan.modules[index]!;
    const original = component.bytes.subarray(before.start, before.end);
    assert.deepEqual(Buffer.from(again.bytes.subarray(start, end)), withCustom(original, 100 * (index + 1)));
  });
});

test("rewriteModules() leaves helpers alone that the linker does without, so that it still does", async () => {
  const component = decodeComponent(await assemble(withShim));
  const plan = link(component);
  let calls = 0;
  const bytes = rewriteModules(component, plan, (module) => {
    calls++;
    return withCustom(module, 10);
  });
  assert.equal(calls, 1);
  assert.equal(link(decodeComponent(bytes)).coreInstances.length, 1);
});
