import { Script } from "node:vm";
import type { ComponentEnvironment, ComponentInstance } from "../host.ts";
import type { ComponentPlan } from "../plan.ts";
import type { GuestResource, ResourceType } from "../types.ts";
import { type GlueOptions, generateGlue, planTypes } from "./glue.ts";
import { type InstanceLimits, InstanceState, type SharedState } from "./instance-state.ts";
import { runtime } from "./runtime.ts";
import { describePlace } from "./where.ts";

const limitsDefault: InstanceLimits = { handlesMax: 65_536, callBytesMax: 16 * 2 ** 20 };

export interface ComponentCodeOptions extends GlueOptions {
  /** For stack traces: the component's digest or the like. */
  readonly name: string;
  readonly limits?: Partial<InstanceLimits>;
  /** What {@link generateGlue} gave for this plan and these options before. */
  readonly source?: string;
  /** What {@link ComponentCode.cachedData} gave for that source. Ignored when it is another V8's. */
  readonly cachedData?: Uint8Array;
}

/** What generated code gives for an instance. */
interface Made {
  readonly exports: readonly ((args: readonly unknown[]) => Promise<unknown>)[];
  /** By the number of a resource. */
  readonly drops: readonly (((rep: number) => Promise<void>) | undefined)[];
}

/** A plan made callable: instances share it. */
export class ComponentCode {
  readonly plan: ComponentPlan;
  readonly source: string;
  /** Shared by instances. */
  readonly shared: SharedState;
  /** Whether calls are to be entered so that they can be suspended. */
  readonly suspends: boolean;
  readonly make: (state: InstanceState, environment: ComponentEnvironment) => Promise<Made>;
  readonly #script: Script;
  readonly #exports = new Map<string, Map<string, number>>();

  /** @throws WarrenError `component.type-depth`, `component.type-size`. */
  constructor(plan: ComponentPlan, options: ComponentCodeOptions) {
    this.plan = plan;
    this.source = options.source ?? generateGlue(plan, options);
    this.suspends = options.preemptive || plan.imports.some((imported) => options.blocks(imported));
    this.shared = {
      plan,
      resources: planTypes(plan).resources,
      limits: { ...limitsDefault, ...options.limits },
      describe: (where) => describePlace(plan, where),
    };
    this.#script = new Script(`(function component(R){${this.source}})`, {
      filename: `warren:component/${options.name}`,
      ...(options.cachedData === undefined ? {} : { cachedData: options.cachedData }),
    });
    this.make = this.#script.runInThisContext()(runtime);
    for (const [index, { interface: owner, name }] of plan.exports.entries()) {
      const names = this.#exports.get(owner) ?? new Map<string, number>();
      this.#exports.set(owner, names.set(name, index));
    }
  }

  /** V8's code for the source; worth keeping once some call has been made, since it holds what was compiled until then. */
  cachedData(): Buffer {
    return this.#script.createCachedData();
  }

  /** Whether `cachedData` was given and could not be used. */
  get cachedDataRejected(): boolean {
    return this.#script.cachedDataRejected === true;
  }

  exportIndex(interfaceName: string, name: string): number | undefined {
    return this.#exports.get(interfaceName)?.get(name);
  }
}

class Instance implements ComponentInstance {
  readonly #code: ComponentCode;
  readonly #state: InstanceState;
  readonly #made: Made;

  constructor(code: ComponentCode, state: InstanceState, made: Made) {
    this.#code = code;
    this.#state = state;
    this.#made = made;
  }

  call(interfaceName: string, name: string, args: readonly unknown[]): Promise<unknown> {
    const index = this.#code.exportIndex(interfaceName, name);
    if (index !== undefined) return this.#made.exports[index]!(args);
    return Promise.reject(new TypeError(`the component does not export ${interfaceName} ${name}`));
  }

  get handles(): number {
    return this.#state.handles;
  }

  get suspends(): boolean {
    return this.#state.suspends;
  }

  set suspends(value: boolean) {
    this.#state.suspends = value;
  }

  keepHandles(): readonly unknown[] {
    return this.#state.keepHandles();
  }

  resetHandles(): boolean {
    return this.#state.resetHandles();
  }

  async dropResource(resource: GuestResource): Promise<void> {
    const number = this.#number(resource.type);
    this.#state.mayEnter(resource.type);
    const rep = this.#state.release(number, resource);
    await this.#made.drops[number]!(rep);
  }

  #number(type: ResourceType): number {
    const number = this.#code.shared.resources.indexOf(type);
    if (number < 0) throw new TypeError("not a resource of this component");
    return number;
  }
}

/** An instance made of generated code. */
export interface AbiInstance extends ComponentInstance {
  /**
   * Whether calls are entered so that the guest can be suspended, as its code says at first. Without that a call costs less, but a
   * function that blocks, or preemption, ends the guest.
   */
  suspends: boolean;
}

/** @throws what `environment.instantiate` or the guest's start functions threw. */
export async function instantiateComponent(
  code: ComponentCode,
  environment: ComponentEnvironment,
): Promise<AbiInstance> {
  const state = new InstanceState(code.shared, environment, code.plan.componentInstances, code.suspends);
  const made = await code.make(state, environment);
  return new Instance(code, state, made);
}
