import type { ImportInfo, ModuleInfo } from "../wasm/module-info.ts";
import type { PlanParts } from "./linking.ts";
import type { CoreInstancePlan } from "./plan.ts";
import { fixupOf, isShimModule } from "./shim-modules.ts";
import type { CoreItem } from "./types.ts";

/**
 * wit-component breaks the circle between a core module, whose memory the functions that it imports need, and these functions by a module
 * of functions that only call through a table (the shim) and another that fills the table later (the fixup). JavaScript needs neither: our functions look
 * for their memory when they are called. Takes both out where every import of the shim's can be given directly.
 *
 * @param modules by their index in the file
 * @returns the index of each core instance after that, undefined for those that are gone, and what stands for the functions of the shims
 */
export function findLateBound(parts: PlanParts, modules: readonly ModuleInfo[]): LateBound {
  const { coreInstances } = parts;
  const late = new LateBoundItems();
  const shims = new Set(
    [...new Set(coreInstances.map(({ module }) => module))].filter((i) => isShimModule(modules[i]!)),
  );
  const users = shims.size === 0 ? [] : usersOf(coreInstances);
  const isShim = (instance: number) => shims.has(coreInstances[instance]!.module);
  for (let instance = 0; instance < coreInstances.length && shims.size > 0; instance++) {
    const { module, imports } = coreInstances[instance]!;
    const info = modules[module]!;
    const fixup = fixupOf(info);
    if (fixup === undefined) continue;
    const byName = new Map(imports.map((item) => [`${item.module}\0${item.name}`, item.item]));
    const given = (one: ImportInfo) => byName.get(`${one.module}\0${one.name}`);
    const table = given(info.imports.find(({ kind }) => kind === "table")!);
    if (table?.kind !== "export" || !isShim(table.instance) || late.dropped.has(table.instance)) continue;
    const shim = table.instance;
    const functions = info.imports.filter(({ kind }) => kind === "func");
    const slots = slotsOf(modules[coreInstances[shim]!.module]!, info, functions.slice(0, fixup.slots).map(given));
    if (slots === undefined) continue;
    // One shim's function behind another's could go round in a circle.
    if ([...slots.values()].some((item) => item.kind === "export" && isShim(item.instance))) continue;
    if (!canReplace(users[shim]!, instance, slots)) continue;
    if (fixup.starts) {
      const start = given(functions[fixup.slots]!);
      // It is called in its time only if it is the last instance's before the fixup.
      if (start?.kind !== "export" || start.instance !== late.lastKept(instance)) continue;
      if (late.initializers.has(start.instance)) continue;
      late.initializers.set(start.instance, start.name);
    }
    late.dropped.add(shim).add(instance);
    for (const [name, item] of slots) late.given.set(`${shim} ${name}`, item);
  }
  return new LateBound(coreInstances.length, late);
}

/** What is found, by core instances as they were before. */
class LateBoundItems {
  readonly dropped = new Set<number>();
  /** What stands for an instance's export. */
  readonly given = new Map<string, CoreItem>();
  readonly initializers = new Map<number, string>();

  /** The last instance before this one that stays; -1 for none. */
  lastKept(before: number): number {
    let instance = before - 1;
    while (this.dropped.has(instance)) instance--;
    return instance;
  }
}

interface User {
  readonly instance: number;
  readonly name: string;
}

/** Which core instances import what from each core instance. */
function usersOf(coreInstances: readonly CoreInstancePlan[]): User[][] {
  const users: User[][] = coreInstances.map(() => []);
  coreInstances.forEach(({ imports }, instance) => {
    for (const { item } of imports)
      if (item.kind === "export") users[item.instance]!.push({ instance, name: item.name });
  });
  return users;
}

/** What the fixup puts behind each function of the shim, by the names of the shim's exports. */
function slotsOf(
  shim: ModuleInfo,
  fixup: ModuleInfo,
  functions: readonly (CoreItem | undefined)[],
): Map<string, CoreItem> | undefined {
  if (functions.length !== shim.functionTypes.length) return undefined;
  const slots = new Map<string, CoreItem>();
  for (const { name, kind, index } of shim.exports) {
    if (kind !== "func") continue;
    const item = functions[index];
    // Had they other types, the call through the table would trap.
    if (item === undefined || !sameSignature(shim, index, fixup)) return undefined;
    slots.set(name, item);
  }
  return slots;
}

function sameSignature(shim: ModuleInfo, index: number, fixup: ModuleInfo): boolean {
  const a = shim.types[shim.functionTypes[index]!];
  const b = fixup.types[fixup.functionTypes[index]!];
  if (a?.kind !== "func" || b?.kind !== "func") return false;
  return a.params.join() === b.params.join() && a.results.join() === b.results.join();
}

/** Whether all that is imported from the shim is there when its importer is made, and nobody but the fixup imports its table. */
function canReplace(users: readonly User[], fixup: number, slots: ReadonlyMap<string, CoreItem>): boolean {
  return users.every(({ instance, name }) => {
    const behind = slots.get(name);
    if (behind === undefined) return instance === fixup;
    return behind.kind === "canonical" || behind.instance < instance;
  });
}

/** Where core instances and their items are once the helpers are gone. */
export class LateBound {
  /** By the index before; undefined for those that are gone. */
  readonly #index: (number | undefined)[] = [];
  readonly #items: LateBoundItems;

  constructor(count: number, items: LateBoundItems) {
    let next = 0;
    for (let i = 0; i < count; i++) this.#index.push(items.dropped.has(i) ? undefined : next++);
    this.#items = items;
  }

  /** The export of an instance that its fixup would have called. */
  initializer(instance: number): string | undefined {
    return this.#items.initializers.get(instance);
  }

  keeps(instance: number): boolean {
    return this.#index[instance] !== undefined;
  }

  item(item: CoreItem): CoreItem {
    if (item.kind === "canonical") return item;
    const instance = this.#index[item.instance];
    if (instance !== undefined) return { ...item, instance };
    return this.item(this.#items.given.get(`${item.instance} ${item.name}`)!);
  }
}
