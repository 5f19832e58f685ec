import type { CanonicalFunction, CanonicalOptions, ComponentPlan, ExportedFunction } from "../../plan.ts";
import type { CoreItem, FunctionType, ResourceType, ValueType } from "../../types.ts";

/** `{ x: u32 } → string`: parameters by their names. */
export function functionType(parameters: Readonly<Record<string, ValueType>>, result?: ValueType): FunctionType {
  return { parameters: Object.entries(parameters).map(([name, type]) => ({ name, type })), result };
}

export const core = (name: string, instance = 0): CoreItem & { readonly kind: "export" } => ({
  kind: "export",
  instance,
  name,
});

/** The usual options: `memory`, `cabi_realloc`. */
export const options = (instance = 0, more: Partial<CanonicalOptions> = {}): CanonicalOptions => ({
  encoding: "utf8",
  memory: core("memory", instance),
  realloc: core("cabi_realloc", instance),
  postReturn: undefined,
  ...more,
});

export const own = (resource: ResourceType): ValueType => ({ kind: "own", resource });
export const borrow = (resource: ResourceType): ValueType => ({ kind: "borrow", resource });
export const u32: ValueType = { kind: "u32" };
export const text: ValueType = { kind: "string" };
export const list = (element: ValueType): ValueType => ({ kind: "list", element });

/** An export `name` that is the core function of the same name. */
export function exported(
  name: string,
  type: FunctionType,
  more: Partial<ExportedFunction["function"]> = {},
): ExportedFunction {
  return {
    interface: "",
    version: "",
    name,
    function: { type, core: core(name), options: options(), component: 0, ...more },
  };
}

export interface PlanParts {
  /** What core module `host` imports as `f0`, `f1` and so on: canonical functions, or types of the host's functions. */
  readonly functions?: readonly (CanonicalFunction | { readonly name: string; readonly type: FunctionType })[];
  readonly exports: readonly ExportedFunction[];
}

/** A component of one core module, which imports its functions as `host` `f0` and so on. */
export function plan({ functions = [], exports }: PlanParts): ComponentPlan {
  const imports: ComponentPlan["imports"][number][] = [];
  const made = functions.map((one): CanonicalFunction => {
    if ("kind" in one) return one;
    imports.push({ interface: "test:host/host", version: "", ...one });
    return { kind: "lower", target: { kind: "host", index: imports.length - 1 }, options: options(), component: 0 };
  });
  return {
    modules: [{ start: 0, end: 0 }],
    componentInstances: 1,
    coreInstances: [
      {
        module: 0,
        component: 0,
        imports: made.map((_, index) => ({ module: "host", name: `f${index}`, item: { kind: "canonical", index } })),
      },
    ],
    functions: made,
    imports,
    exports,
  };
}
