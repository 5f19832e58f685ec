import { WarrenError } from "../base/errors.ts";
import type { ModuleCaps } from "../wasm/caps.ts";
import { decodeModule } from "../wasm/decode.ts";
import type { ModuleInfo } from "../wasm/module-info.ts";
import { hex } from "../wasm/offset.ts";
import { checkComponentCap } from "./caps.ts";
import { signatureOfModule } from "./core-signature.ts";
import type { DecodedComponent } from "./decode.ts";
import type { Entity } from "./entities.ts";
import { findLateBound, type LateBound } from "./late-bound.ts";
import { ComponentLinker } from "./link-component.ts";
import { emptyPlanParts, type HostResourceName, Linking, type PlanParts } from "./linking.ts";
import { parseExternName } from "./names.ts";
import type { CanonicalFunction, CanonicalOptions, ComponentPlan, ExportedFunction, LiftedFunction } from "./plan.ts";
import { hostSupplier } from "./supply.ts";
import type { CoreItem } from "./types.ts";

export interface LinkOptions {
  /** Core modules were rewritten, so that they import what the component does not give. They were validated before that. */
  readonly prepared?: boolean;
  /** Which resource of the host an interface means by a name; by default its own. */
  readonly hostResource?: HostResourceName;
}

/**
 * Decodes all core modules of a component, in the order of the file.
 *
 * Throws what {@link decodeModule} throws, with the offset in the component as `at`, and `component.cap-module-items`.
 */
export function decodeModules(component: DecodedComponent, caps?: ModuleCaps): ModuleInfo[] {
  let items = 0;
  return component.modules.map(({ start, end }, index) => {
    try {
      const info = decodeModule(component.bytes.subarray(start, end), caps);
      items += info.types.length + info.imports.length + info.exports.length;
      checkComponentCap(component.caps, "moduleItems", items, start);
      return info;
    } catch (error) {
      if (!(error instanceof WarrenError) || error.code.startsWith("component.")) throw error;
      throw new WarrenError(
        error.code,
        `core module ${index} of the component (from ${hex(start)} on): ${error.message}`,
        {
          at: typeof error.at === "number" ? start + error.at : start,
          status: error.status,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        },
      );
    }
  });
}

/**
 * Validates a component and works out what is to be done to instantiate it.
 *
 * Throws `component.index`, `component.name`, `component.type`, `component.mismatch`, `component.resource`, `component.canonical`,
 * `component.import-missing` for what breaks the rules of the component model, and `component.cap-…`; `at` is the byte offset.
 *
 * @param modules what {@link decodeModules} gives
 */
export function linkComponent(
  component: DecodedComponent,
  modules: readonly ModuleInfo[],
  { prepared = false, hostResource = ownResource }: LinkOptions = {},
): ComponentPlan {
  const link = new Linking(component.caps, modules.map(signatureOfModule), prepared, hostResource);
  const parts = emptyPlanParts();
  const exports = new ComponentLinker(link, parts, true).run(component.root, undefined, hostSupplier(link, "", ""));
  return planOf(component, parts, exportedFunctions(exports), findLateBound(parts, modules));
}

/** What was decoded of each module of a plan, in its order. */
export function plannedModules(
  plan: ComponentPlan,
  component: DecodedComponent,
  modules: readonly ModuleInfo[],
): ModuleInfo[] {
  const byStart = new Map(component.modules.map(({ start }, index) => [start, modules[index]!]));
  return plan.modules.map(({ start }) => byStart.get(start)!);
}

function planOf(
  component: DecodedComponent,
  parts: PlanParts,
  exports: readonly ExportedFunction[],
  late: LateBound,
): ComponentPlan {
  for (const resource of parts.resources) {
    if (resource.destructor !== undefined) resource.destructor = late.item(resource.destructor);
  }
  const optional = (item: CoreItem | undefined) => (item === undefined ? undefined : late.item(item));
  const options = ({ encoding, memory, realloc, postReturn }: CanonicalOptions): CanonicalOptions => ({
    encoding,
    memory: optional(memory),
    realloc: optional(realloc),
    postReturn: optional(postReturn),
  });
  const lifted = (item: LiftedFunction): LiftedFunction => ({
    ...item,
    core: late.item(item.core),
    options: options(item.options),
  });
  const kept = parts.coreInstances.flatMap((instance, index) => (late.keeps(index) ? [{ instance, index }] : []));
  const modules = [...new Set(kept.map(({ instance }) => instance.module))];
  return {
    modules: modules.map((index) => component.modules[index]!),
    componentInstances: parts.componentInstances,
    coreInstances: kept.map(({ instance: { module, component: owner, imports }, index }) => {
      const initializer = late.initializer(index);
      return {
        module: modules.indexOf(module),
        component: owner,
        imports: imports.map((item) => ({ ...item, item: late.item(item.item) })),
        ...(initializer === undefined ? {} : { initializer }),
      };
    }),
    functions: parts.functions.map((item): CanonicalFunction => {
      if (item.kind !== "lower") return item;
      const { target } = item;
      return {
        ...item,
        options: options(item.options),
        target: target.kind === "host" ? target : { kind: "guest", function: lifted(target.function) },
      };
    }),
    imports: [...parts.imports.values()].map(({ value }) => value),
    exports: exports.map((item) => ({ ...item, function: lifted(item.function) })),
  };
}

function ownResource(interfaceName: string, name: string): { readonly interface: string; readonly name: string } {
  return { interface: interfaceName, name };
}

/** The functions that the root exports and a guest implements. A function of the host's that it only passes on is not among them. */
function exportedFunctions(exports: ReadonlyMap<string, Entity>): ExportedFunction[] {
  const functions: ExportedFunction[] = [];
  const add = (interfaceName: string, version: string, name: string, entity: Entity) => {
    if (entity.sort !== "func" || entity.target.kind !== "guest") return;
    functions.push({ interface: interfaceName, version, name, function: entity.target.function });
  };
  for (const [name, entity] of exports) {
    if (entity.sort === "func") add("", "", name, entity);
    if (entity.sort !== "instance") continue;
    const parsed = parseExternName(name);
    const interfaceName = parsed?.kind === "interface" ? parsed.interface : name;
    const version = parsed?.kind === "interface" ? parsed.version : "";
    for (const [inner, item] of entity.exports) add(interfaceName, version, inner, item);
  }
  return functions;
}
