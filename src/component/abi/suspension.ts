import type { CanonicalFunction, ComponentPlan, HostFunctionImport } from "../plan.ts";

/** Which calls may have to wait. */
export interface Suspension {
  /** The host's function may give a promise. */
  blocks(imported: HostFunctionImport): boolean;
  /** The component instance may be suspended while it is in a call. */
  suspends(component: number): boolean;
  /** Anything may be. */
  readonly any: boolean;
}

/**
 * A guest cannot be suspended through a frame of JavaScript. So a call from one component to another that may have to wait is
 * itself a suspending function of the first, which enters the second anew; whoever can get to a function that waits is entered so.
 * @param preemptive whether any guest may be suspended at any place.
 */
export function planSuspension(
  plan: ComponentPlan,
  blocks: (imported: HostFunctionImport) => boolean,
  preemptive: boolean,
): Suspension {
  const suspending = new Set<number>();
  const waits = (made: CanonicalFunction): boolean => {
    if (made.kind === "lower")
      return made.target.kind === "host"
        ? blocks(plan.imports[made.target.index]!)
        : suspending.has(made.target.function.component);
    return made.kind === "resource.drop" && made.resource.origin === "guest" && suspending.has(made.resource.instance);
  };
  for (let before = -1; before !== suspending.size; ) {
    before = suspending.size;
    for (const made of plan.functions) if (waits(made)) suspending.add(made.component);
  }
  return {
    blocks,
    suspends: (component) => preemptive || suspending.has(component),
    any: preemptive || suspending.size > 0,
  };
}
