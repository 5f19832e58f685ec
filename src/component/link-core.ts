import type { Definition } from "./ast.ts";
import { checkComponentCap } from "./caps.ts";
import { matchesCore } from "./core-signature.ts";
import type { CoreEntity, CoreInstanceEntity, ModuleEntity, Scope } from "./entities.ts";
import { type Linking, type PlanParts, quote } from "./linking.ts";
import type { CoreImport } from "./plan.ts";

/** Instantiates a core module with core instances as its imports. */
export function instantiateModule(
  link: Linking,
  parts: PlanParts,
  scope: Scope,
  item: Extract<Definition, { readonly kind: "core-instantiate" }>,
): CoreInstanceEntity {
  const { at } = item;
  const module = link.at(scope.modules, item.module, "core module", at);
  const args = new Map<string, CoreInstanceEntity>();
  for (const { name, instance } of item.args) {
    if (args.has(name)) link.fail("name", at, `a second argument ${quote(name)}`);
    args.set(name, link.at(scope.coreInstances, instance, "core instance", at));
  }
  const imports = importsOf(link, module, args, at);
  const index = parts.coreInstances.length;
  checkComponentCap(link.caps, "coreInstances", index + 1, at);
  parts.coreInstances.push({ module: module.index, component: scope.component, imports });

  const exports = new Map<string, CoreEntity>();
  link.step(module.signature.exports.size, at);
  for (const [name, type] of module.signature.exports) {
    exports.set(name, { type, item: { kind: "export", instance: index, name } });
  }
  return exports;
}

function importsOf(
  link: Linking,
  { signature }: ModuleEntity,
  args: ReadonlyMap<string, CoreInstanceEntity>,
  at: number,
): CoreImport[] {
  const imports: CoreImport[] = [];
  const seen = new Set<string>();
  link.step(signature.imports.length, at);
  for (const { module, name, type } of signature.imports) {
    const instance = args.get(module);
    const given = instance?.get(name);
    if (given === undefined) {
      if (link.prepared) continue;
      link.fail("import-missing", at, `nothing is given for the core module's import ${quote(`${module}.${name}`)}`);
    }
    if (!link.prepared && !matchesCore(given.type, type)) {
      link.fail(
        "mismatch",
        at,
        `what is given for the core module's import ${quote(`${module}.${name}`)} has another type`,
      );
    }
    const key = `${module}\0${name}`;
    if (seen.has(key)) link.fail("name", at, `the core module imports ${quote(`${module}.${name}`)} twice`);
    seen.add(key);
    imports.push({ module, name, item: given.item });
  }
  return imports;
}

/** A core instance that is made of items that are there. */
export function bundleCore(
  link: Linking,
  scope: Scope,
  item: Extract<Definition, { readonly kind: "core-exports" }>,
): CoreInstanceEntity {
  const exports = new Map<string, CoreEntity>();
  link.step(item.exports.length, item.at);
  for (const { name, sort, index, at } of item.exports) {
    if (exports.has(name)) link.fail("name", at, `a second export ${quote(name)}`);
    exports.set(name, link.at(scope.core[sort], index, `core ${sort}`, at));
  }
  return exports;
}
