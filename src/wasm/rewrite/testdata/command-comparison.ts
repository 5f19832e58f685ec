import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { RewriteOptions } from "../rewrite.ts";
import { CommandHost, type Output } from "./command.ts";
import { cell, instantiate, jspi, rewrite } from "./preemption.ts";

async function runPlain(bytes: Uint8Array, args: readonly string[]): Promise<Output> {
  const host = new CommandHost(bytes, args);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), host.imports);
  host.memory = exports.memory as WebAssembly.Memory;
  return host.run(exports._start as () => void);
}

/** The cell is raised at every check until the last of the ticks, and every tenth tick yields. */
async function runRewritten(
  bytes: Uint8Array,
  args: readonly string[],
  ticksMax: number,
  options: RewriteOptions,
): Promise<[Output, number]> {
  const host = new CommandHost(bytes, args);
  const rewritten = rewrite(bytes, options);
  let ticks = 0;
  const module = new WebAssembly.Module(rewritten.bytes as BufferSource);
  const { exports } = instantiate(rewritten, module, {
    imports: host.imports,
    tick: () => {
      ticks++;
      if (ticks < ticksMax) cell[0] = 1;
      return ticks % 10 === 0 ? 0 : 1;
    },
  });
  host.memory = exports.memory as WebAssembly.Memory;
  cell[0] = 1;
  return [await host.run(() => jspi.promising(exports._start)()), ticks];
}

/** Runs a command as it is, rewritten, and rewritten with marks. `expected` is what its output must have, so that nothing is compared with nothing. */
export async function assertSame(
  t: TestContext,
  bytes: Uint8Array,
  args: readonly string[],
  expected: RegExp,
): Promise<void> {
  const plain = await runPlain(bytes, args);
  assert.match(plain.stdout, expected, `${plain.code}: ${plain.stderr}`);
  for (const marks of [false, true]) {
    const [rewritten, ticks] = await runRewritten(bytes, args, 20_000, { marks });
    assert.deepEqual(rewritten, plain);
    assert.ok(ticks > 0);
    t.diagnostic(`${plain.stdout.length} bytes, ${ticks} ticks`);
  }
}
