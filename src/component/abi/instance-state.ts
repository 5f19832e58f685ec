import type { ComponentEnvironment, HostCall } from "../host.ts";
import type { ComponentPlan } from "../plan.ts";
import type { GuestResource, ResourceType, ValueType } from "../types.ts";
import { eachOwned } from "./abandon.ts";
import { HandleTable, type KeptHandles } from "./handle-table.ts";
import { HeldResource } from "./held-resource.ts";
import { makeTrap } from "./trap.ts";

/** Each has a frame of the host's, or a stack of its own: the one way by which a guest recurses through its host. */
const destructorsMax = 200;

/** What an instance may make the host hold. */
export interface InstanceLimits {
  /** Of each component instance. */
  readonly handlesMax: number;
  /** Bytes of the host's memory, estimated, that the values of one call may take; views of the guest's memory are not counted. */
  readonly callBytesMax: number;
}

/** What the instances of one plan have in common. */
export interface SharedState {
  readonly plan: ComponentPlan;
  /** By their numbers in generated code. */
  readonly resources: readonly ResourceType[];
  readonly limits: InstanceLimits;
  /** Says what a number in generated code stands for: `wasi:io/streams [method]output-stream.write: contents`. */
  readonly describe: (where: number) => string;
}

/** One component instance: what CanonicalABI.md keeps for each. */
export class ComponentState {
  /** False while realloc or post-return runs: they must call nothing of the component model. Once the guest has ended it stays so. */
  mayLeave: boolean = true;
  /** While a call of it is under way nothing else enters it. */
  entered: boolean = false;
  readonly table: HandleTable;

  constructor(state: InstanceState, handlesMax: number) {
    this.table = new HandleTable(state, handlesMax);
  }
}

/** The state of an instance of a plan, which the generated code works on. */
export class InstanceState {
  readonly #shared: SharedState;
  readonly #environment: ComponentEnvironment;
  readonly #drops: (HostCall | undefined)[] = [];
  #kept: readonly KeptHandles[];
  readonly components: readonly ComponentState[];
  /** How many calls into the guest are under way in which it cannot be suspended, since a frame of the host's is between. */
  readonly nested: { depth: number };
  /** Whether calls are entered so that they can be suspended. */
  suspends: boolean;
  /** How many destructors are running, each dropping what the next is of. */
  destructors = 0;
  /** What is left of `callBytesMax` to the call that is being made. */
  budget = 0;
  /** What the guest ended with, and what is thrown through it for that. */
  ended: { readonly cause: unknown; readonly thrown: unknown } | undefined;
  /** Raised by a reset: resources from before are no more. */
  generation = 0;

  constructor(shared: SharedState, environment: ComponentEnvironment, components: number, suspends: boolean) {
    this.#shared = shared;
    this.#environment = environment;
    this.suspends = suspends;
    this.nested = environment.nested ?? { depth: 0 };
    this.components = Array.from({ length: components }, () => new ComponentState(this, shared.limits.handlesMax));
    this.#kept = this.components.map(({ table }) => table.keep());
  }

  get handles(): number {
    return this.components.reduce((sum, { table }) => sum + table.live, 0);
  }

  /** Ends the guest. */
  trap(where: number, reason: string): never {
    const trap = makeTrap(`${this.#shared.describe(where)}: ${reason}`);
    this.#end(trap, trap);
    throw trap;
  }

  /** Ends the guest, and gives what is to be thrown for it: nothing that the guest could catch. */
  end(cause: unknown): unknown {
    return (this.ended ?? this.#end(cause, makeTrap(cause instanceof Error ? cause.message : "the guest was ended")))
      .thrown;
  }

  /** What a component may not call now. */
  cannotLeave(where: number): never {
    if (this.ended !== undefined) throw this.ended.thrown;
    return this.trap(where, "called by realloc or post-return");
  }

  /** Begins a call of the host's. @throws Error when one is under way: the guest is not to blame. */
  enter(component: ComponentState): void {
    if (this.ended !== undefined) throw this.ended.cause;
    if (component.entered) throw new Error("the component instance is in a call");
    component.entered = true;
  }

  /** Throws what {@link enter} would, for the component instance that defines a resource. */
  mayEnter(type: ResourceType): void {
    if (type.origin !== "guest") throw new TypeError("not a resource of a guest's");
    const component = this.components[type.instance]!;
    this.enter(component);
    component.entered = false;
  }

  /** Begins a call of one component by another. */
  enterFrom(component: ComponentState, where: number): void {
    if (component.entered) this.trap(where, "cannot enter a component instance that is in a call");
    component.entered = true;
  }

  beginDestructor(where: number): void {
    this.destructors++;
    if (this.destructors > destructorsMax)
      this.trap(where, `more than ${destructorsMax} destructors run within each other`);
  }

  /** Begins the accounts of a call. */
  fill(): void {
    this.budget = this.#shared.limits.callBytesMax;
  }

  charge(bytes: number, where: number): void {
    this.budget -= bytes;
    if (this.budget < 0)
      this.trap(where, `values take more than ${this.#shared.limits.callBytesMax} bytes of the host's memory`);
  }

  /** Drops an object of the host's. */
  dropHost(resource: number, object: unknown): void {
    this.#drops[resource] ??= this.#hostDrop(resource);
    this.#drops[resource](object);
  }

  /** Gives a guest's resource to the host. */
  hold(resource: number, rep: number): GuestResource {
    return new HeldResource(this, this.#shared.resources[resource]!, rep, true);
  }

  /** Lends one to it, for a call. */
  lendToHost(resource: number, rep: number): GuestResource {
    return new HeldResource(this, this.#shared.resources[resource]!, rep, false);
  }

  /** Takes one back from it. */
  release(resource: number, held: unknown): number {
    return this.#held(resource, held).release();
  }

  /** Borrows one from it. */
  borrow(resource: number, held: unknown): number {
    return this.#held(resource, held).borrow();
  }

  /** Drops what the host's answer to an import gave to a guest that it did not reach. */
  abandon(importIndex: number, value: unknown): void {
    this.#abandon(this.#shared.plan.imports[importIndex]?.type.result, value);
  }

  /** As {@link abandon}, the arguments of a call. */
  abandonArguments(exportIndex: number, values: readonly unknown[]): void {
    const { parameters } = this.#shared.plan.exports[exportIndex]!.function.type;
    for (const [index, { type }] of parameters.entries()) this.#abandon(type, values[index]);
  }

  /** What it goes back to by {@link resetHandles}: the host's objects among it. To be called between calls. */
  keepHandles(): unknown[] {
    this.#kept = this.components.map(({ table }) => table.keep());
    return this.#kept.flatMap(({ values, codes }) =>
      values.filter((_, handle) => {
        const code = codes[handle] ?? 0;
        return code !== 0 && this.#shared.resources[Math.floor(code / 2) - 1]?.origin === "host";
      }),
    );
  }

  /**
   * Drops all handles that came since {@link keepHandles}, or all when that was not called. False when one from before is gone. What drops threw is thrown at the end, the
   * first of it.
   */
  resetHandles(): boolean {
    let whole = true;
    let failure: { readonly error: unknown } | undefined;
    this.generation++;
    // What was on its way between two components when the guest trapped may have arrived.
    const dropped = this.components.some(({ table }) => table.inTransit) ? new Set<unknown>() : undefined;
    const drop = (resource: number, value: unknown): void => {
      // A guest's own resources lie in memory that is given up with them.
      if (this.#shared.resources[resource]?.origin !== "host") return;
      dropped?.add(value);
      try {
        this.dropHost(resource, value);
      } catch (error) {
        failure ??= { error };
      }
    };
    for (const [index, { table }] of this.components.entries())
      whole = table.restore(this.#kept[index]!, drop) && whole;
    if (dropped !== undefined)
      for (const { table } of this.components)
        table.clearTransit((resource, value) => dropped.has(value) || drop(resource, value));
    if (failure !== undefined) throw failure.error;
    return whole;
  }

  #abandon(type: ValueType | undefined, value: unknown): void {
    try {
      eachOwned(type, value, (resource, object) => {
        if (resource.origin !== "host" || this.components.some(({ table }) => table.has(object))) return;
        this.dropHost(this.#shared.resources.indexOf(resource), object);
      });
    } catch {
      // What ended the guest is thrown already. A value that is none of its type may be what it was.
    }
  }

  #end(cause: unknown, thrown: unknown): { readonly cause: unknown; readonly thrown: unknown } {
    for (const component of this.components) component.mayLeave = false;
    this.ended ??= { cause, thrown };
    return this.ended;
  }

  #held(resource: number, held: unknown): HeldResource {
    if (!(held instanceof HeldResource)) throw new TypeError("not a resource of a guest's");
    held.check(this, this.#shared.resources[resource]!);
    return held;
  }

  #hostDrop(resource: number): HostCall {
    const type = this.#shared.resources[resource];
    if (type?.origin !== "host") throw new Error("not a resource of the host's");
    return this.#environment.hostFunction(type.interface, `[resource-drop]${type.name}`);
  }
}
