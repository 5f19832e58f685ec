// Components of real toolchains are read as what they are.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { wrapCommand } from "../src/cli/build/make-component.ts";
import { buildExample } from "../src/cli/demo/build-example.ts";
import type { Language } from "../src/cli/demo/toolchain.ts";
import { type ComponentKind, componentKind } from "../src/component/component-kind.ts";
import { decodeComponent } from "../src/component/decode.ts";
import { decodeModules, linkComponent } from "../src/component/link.ts";
import { matchImports } from "../src/component/match-imports.ts";
import type { ComponentPlan } from "../src/component/plan.ts";
import { rewriteModules } from "../src/component/rewrite-modules.ts";
import { offeredTypes } from "../src/engine/component/offers.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";

const root = join(import.meta.dirname, "..");

function read(bytes: Uint8Array): { readonly plan: ComponentPlan; readonly kind: ComponentKind["kind"] } {
  const component = decodeComponent(bytes);
  const offered = offeredTypes();
  const plan = linkComponent(component, decodeModules(component), offered);
  matchImports(plan, offered);
  const same = rewriteModules(component, plan, (module) => module);
  assert.ok(Buffer.from(same).equals(bytes));
  return { plan, kind: componentKind(plan).kind };
}

async function example(t: TestContext, name: string, language: Language): Promise<Uint8Array | undefined> {
  if (!(await requireToolchain(t, language))) return undefined;
  const { program } = await buildExample(join(root, "examples", name));
  return readFile(program);
}

/** Functions of the host's that a plan calls, and how many core instances it takes. */
function summary({ plan, kind }: ReturnType<typeof read>): string {
  return `${kind}: ${plan.coreInstances.length} of ${plan.modules.length} modules, ${plan.imports.length} imports`;
}

test("a handler in C is one core module that calls the host directly", async (t) => {
  const bytes = await example(t, "c-handler", "c");
  if (bytes === undefined) return;
  const { plan, kind } = read(bytes);
  assert.equal(kind, "handler");
  assert.equal(plan.coreInstances.length, 1);
  for (const { item } of plan.coreInstances[0]!.imports) assert.equal(item.kind, "canonical");
  assert.ok(
    plan.imports.some((item) => item.interface === "wasi:http/types" && item.name === "[static]response-outparam.set"),
  );
});

test("a handler in Rust is one core module beside the adapter of preview 1", async (t) => {
  const bytes = await example(t, "rust-handler", "rust");
  if (bytes === undefined) return;
  const found = read(bytes);
  assert.equal(found.kind, "handler", summary(found));
  assert.ok(found.plan.coreInstances.length <= 4, summary(found));
});

test("a handler in TypeScript is StarlingMonkey, a component of megabytes", async (t) => {
  const bytes = await example(t, "typescript-handler", "typescript");
  if (bytes === undefined) return;
  assert.ok(bytes.length > 5_000_000);
  const found = read(bytes);
  assert.equal(found.kind, "handler", summary(found));
  assert.ok(found.plan.coreInstances.length <= 4, summary(found));
});

test("a program of preview 1 becomes a command by its adapter", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const found = read(await wrapCommand(await readFile(await buildGuest("c-command")), root));
  assert.equal(found.kind, "command");
  // The program and its adapter call each other through the shim, which stays.
  assert.equal(found.plan.coreInstances.length, 4, summary(found));
});
