// Damages components: decoding and linking never throw anything but a WarrenError, and what they accept can be planned. WARREN_FUZZ_RUNS sets the
// mutations of each component, WARREN_FUZZ_SEED where they start, WARREN_FUZZ_MS a time for the whole instead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { type Pick, seeded } from "../base/testdata/random.ts";
import { componentKind } from "./component-kind.ts";
import { decodeComponent } from "./decode.ts";
import { hostTypes } from "./host-types.ts";
import { matchImports } from "./match-imports.ts";
import type { ComponentPlan } from "./plan.ts";
import { rewriteModules } from "./rewrite-modules.ts";
import { assemble, link } from "./testdata/assemble.ts";
import { accepted, refused } from "./testdata/rules.ts";
import { wacked, withShim } from "./testdata/samples.ts";
import type { CoreItem } from "./types.ts";

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 40);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const msMax = process.env.WARREN_FUZZ_MS === undefined ? undefined : Number(process.env.WARREN_FUZZ_MS);

const interesting = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x0b, 0x11, 0x12, 0x3f, 0x40, 0x41, 0x42, 0x68, 0x69, 0x6a, 0x6b, 0x7f, 0x80,
  0xff,
];

function mutate(bytes: Uint8Array, other: Uint8Array, random: Pick): Uint8Array {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random(3); changes > 0 && result.length > 8; changes--) {
    const at = 8 + random(result.length - 8);
    const value = random(2) === 0 ? interesting[random(interesting.length)]! : random(256);
    const { length } = result;
    switch (random(10)) {
      case 0:
        result = result.subarray(0, at);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), Buffer.of(value), result.subarray(at)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(4))]);
        break;
      case 3:
        result[at] = result[at]! ^ (1 << random(8));
        break;
      case 4: {
        // A piece of another component, sections included.
        const from = 8 + random(Math.max(1, other.length - 8));
        result = Buffer.concat([result.subarray(0, at), other.subarray(from, from + random(64)), result.subarray(at)]);
        break;
      }
      case 5: {
        const from = 8 + random(length - 8);
        result.copy(result, at, from, from + random(16));
        break;
      }
      default:
        result[at] = value;
    }
  }
  return result;
}

/** What a plan refers to must be there. */
function checkPlan(plan: ComponentPlan): void {
  const checkItem = (item: CoreItem | undefined, before: number) => {
    if (item === undefined) return;
    if (item.kind === "export") assert.ok(item.instance >= 0 && item.instance < before);
    else assert.ok(item.index >= 0 && item.index < plan.functions.length);
  };
  plan.coreInstances.forEach((instance, index) => {
    assert.ok(plan.modules[instance.module] !== undefined);
    assert.ok(instance.component < plan.componentInstances);
    for (const { item } of instance.imports) checkItem(item, index);
  });
  const count = plan.coreInstances.length;
  for (const item of plan.functions) {
    assert.ok(item.component < plan.componentInstances);
    if (item.kind !== "lower") {
      if (item.resource.origin === "guest") checkItem(item.resource.destructor, count);
      continue;
    }
    if (item.target.kind === "host") assert.ok(plan.imports[item.target.index] !== undefined);
    else checkItem(item.target.function.core, count);
    checkItem(item.options.memory, count);
    checkItem(item.options.realloc, count);
  }
  for (const { function: lifted } of plan.exports) {
    checkItem(lifted.core, count);
    checkItem(lifted.options.memory, count);
    checkItem(lifted.options.realloc, count);
    checkItem(lifted.options.postReturn, count);
  }
}

const offered = hostTypes([
  { name: "test:io/log", version: "0.2", wit: "interface log { log: func(text: string); }" },
  { name: "test:io/out", version: "0.2", wit: "interface out { write: func(text: string); count: func() -> u32; }" },
]);

const outcomes = { accepted: 0, refused: 0 };

function check(bytes: Uint8Array, label: string): void {
  try {
    const component = decodeComponent(bytes);
    const plan = link(component);
    checkPlan(plan);
    const copy = rewriteModules(component, plan, (module) => module);
    assert.deepEqual(link(decodeComponent(copy)).coreInstances, plan.coreInstances);
    outcomes.accepted++;
    matchImports(plan, offered);
    componentKind(plan);
  } catch (error) {
    if (!(error instanceof WarrenError)) throw new Error(`${label}: ${String(error)}`, { cause: error });
    outcomes.refused++;
  }
}

test("decodeComponent() and linkComponent() survive damaged components", async () => {
  const texts = [...accepted.map(([, text]) => text), ...refused.map(([, , text]) => text), withShim, wacked];
  const components = await Promise.all(texts.map(assemble));
  const random = seeded(seed);
  const started = performance.now();
  const goesOn = (round: number) => (msMax === undefined ? round < runs : performance.now() - started < msMax);
  for (let round = 0; goesOn(round); round++) {
    components.forEach((bytes, index) => {
      const other = components[random(components.length)]!;
      check(mutate(bytes, other, random), `seed ${seed}, round ${round}, component ${index}`);
    });
  }
  assert.ok(outcomes.accepted > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
});
